// The published SDK against the emulator, through all its methods.
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { createIdentityEmulator, DEFAULT_RESOURCE_ID, type IdentityEmulator } from '../src';
import { claimsOf } from './sentCall';

const APP_ID = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
const TEAMS_USER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
const FOREIGN = {
  communicationUserId: '8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000',
};

let emulator: IdentityEmulator;
let client: CommunicationIdentityClient;

const clientFor = (options: object = {}, connectionString = emulator.connectionString) =>
  new CommunicationIdentityClient(connectionString, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
    ...options,
  });

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  client = clientFor();
});
afterAll(() => emulator.close());
beforeEach(() => emulator.clearRequests());

test('creates a user', async () => {
  const { communicationUserId } = await client.createUser();

  expect(communicationUserId).toMatch(new RegExp(`^8:acs:${DEFAULT_RESOURCE_ID}_[0-9a-f-]{36}$`));
  expect(emulator.users().map(({ id }) => id)).toContain(communicationUserId);
});

test('creates a user with a token for the scopes and the lifetime asked for', async () => {
  const { user, token, expiresOn } = await client.createUserAndToken(['chat', 'voip.join'], {
    tokenExpiresInMinutes: 60,
  });

  expect(claimsOf(token)).toMatchObject({ skypeid: user.communicationUserId.slice(2), acsScope: 'chat,voip.join' });
  expect(Math.abs(expiresOn.getTime() - Date.now() - 3_600_000)).toBeLessThan(30_000);
});

test('issues a token for 24 hours', async () => {
  const { token, expiresOn } = await client.getToken(await client.createUser(), ['voip', 'chat.join.limited']);

  expect(claimsOf(token).acsScope).toBe('voip,chat.join.limited');
  expect(Math.abs(expiresOn.getTime() - Date.now() - 86_400_000)).toBeLessThan(30_000);
});

test('revokes the tokens of a user, then deletes it', async () => {
  const user = await client.createUser();
  await client.revokeTokens(user);
  const kept = emulator.users().find(({ id }) => id === user.communicationUserId);
  await client.deleteUser(user);

  expect(typeof kept?.tokensValidFrom).toBe('number');
  expect(emulator.users().map(({ id }) => id)).not.toContain(user.communicationUserId);
});

test('exchanges a Teams token', async () => {
  const { token } = await client.getTokenForTeamsUser({
    teamsUserAadToken: emulator.createTeamsToken({ appId: APP_ID, userId: TEAMS_USER_ID }),
    clientId: APP_ID,
    userObjectId: TEAMS_USER_ID,
  });

  expect(claimsOf(token)).toMatchObject({ skypeid: `orgid:${TEAMS_USER_ID}`, resourceId: DEFAULT_RESOURCE_ID });
});

test.each(['2021-03-07', '2021-10-31-preview', '2022-06-01', '2022-10-01', '2023-10-01', '2025-06-30', '2026-09-23'])(
  'creates, issues, revokes and deletes with api-version %s',
  async (apiVersion) => {
    const versioned = clientFor({ apiVersion });
    const { user } = await versioned.createUserAndToken(['chat']);
    const { token } = await versioned.getToken(user, ['voip']);
    await versioned.revokeTokens(user);
    await versioned.deleteUser(user);

    expect(claimsOf(token).acsScope).toBe('voip');
    expect(emulator.requests().map(({ status, path }) => [status, path.endsWith(`api-version=${apiVersion}`)])).toEqual(
      [
        [201, true],
        [200, true],
        [204, true],
        [204, true],
      ],
    );
  },
);

const refused = {
  name: 'RestError',
  statusCode: 401,
  code: 'IdentityNotOwned',
  message: "Provided identity doesn't belong to the resource.",
};
test.each([
  ['getToken', () => client.getToken(FOREIGN, ['chat'])],
  ['revokeTokens', () => client.revokeTokens(FOREIGN)],
  ['deleteUser', () => client.deleteUser(FOREIGN)],
])('%s for a user of another resource is a RestError IdentityNotOwned', async (_, call) => {
  await expect(call()).rejects.toMatchObject(refused);
});

test('a refusal carries the target', async () => {
  await expect(client.getToken(await client.createUser(), [])).rejects.toMatchObject({
    statusCode: 400,
    code: 'ValidationError',
    details: { error: { target: 'scopes' } },
  });
});

test('another key is denied', async () => {
  const denied = clientFor({}, emulator.connectionString.replace(/accesskey=.*/, 'accesskey=b3RoZXIga2V5'));

  await expect(denied.createUser()).rejects.toMatchObject({ statusCode: 401, code: 'Denied' });
});

test('requests are recorded with operation, status, client request id and user agent, newest last', async () => {
  const clientRequestId = 'eb3e4d1c-0000-4000-8000-000000000001';
  const user = await client.createUser({
    requestOptions: { customHeaders: { 'x-ms-client-request-id': clientRequestId } },
  });
  await client.deleteUser(user);

  expect(emulator.requests()).toEqual([
    {
      method: 'POST',
      path: '/identities?api-version=2023-10-01',
      operation: 'createIdentity',
      status: 201,
      clientRequestId,
      at: expect.any(Number) as number,
      userAgent: expect.stringMatching(/^azsdk-js-communication-identity\/1\.3\.1 /) as string,
    },
    expect.objectContaining({
      method: 'DELETE',
      path: `/identities/${encodeURIComponent(user.communicationUserId)}?api-version=2023-10-01`,
      operation: 'deleteIdentity',
      status: 204,
    }),
  ]);
});

test('retries, which repeat a signature as it was, are taken', async () => {
  emulator.addFault({ status: 503, headers: { 'Retry-After': '0' }, count: 2 });
  await clientFor({ retryOptions: { maxRetries: 3, retryDelayInMs: 1 } }).createUser();

  const requests = emulator.requests();
  expect(requests.map(({ status }) => status)).toEqual([503, 503, 201]);
  expect(new Set(requests.map(({ clientRequestId }) => clientRequestId)).size).toBe(1);
});
