import { createIdentityEmulator, type IdentityEmulator } from '../../../local/emulator';
import { accessToken, error, expectRecorded, type Recorded } from './recordedAnswer';
import { deletePath, issuePath, newUser, revokePath, send } from './sentCall';

const FOREIGN_ID = '8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000';

let emulator: IdentityEmulator;
let userId: string;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  userId = await newUser(emulator);
});
afterAll(() => emulator.close());

const USER_ID = expect.stringMatching(
  /^8:acs:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
) as string;
const identity = { id: USER_ID };

const notOwned = error('IdentityNotOwned', "Provided identity doesn't belong to the resource.");
const badMinutes = (value: number) =>
  error(
    'ValidationError',
    `ExpiresInMinutes value ${value} is invalid. Value must be within the [60, 1440] interval.`,
    'ExpiresInMinutes',
  );

const recorded: Recorded[] = [
  {
    behaviour: 'create without a body makes a user',
    version: '2022-10-01',
    call: () => ({ path: '/identities', headers: { 'Content-Type': 'application/json', 'Content-Length': '0' } }),
    status: 201,
    body: { identity },
    versions: true,
  },
  {
    behaviour: 'create with nulls makes a user',
    version: '2022-10-01',
    call: () => ({ path: '/identities', body: { createTokenWithScopes: null, expiresInMinutes: null } }),
    status: 201,
    body: { identity },
    versions: true,
  },
  {
    behaviour: 'create with an empty object makes a user',
    version: '2021-10-31-preview',
    call: () => ({ path: '/identities', body: {} }),
    status: 201,
    body: { identity },
    versions: true,
  },
  ...[['chat'], ['voip'], ['chat', 'voip']].map((scopes): Recorded => ({
    behaviour: `create with scopes ${scopes.join(', ')} makes a user and a token`,
    version: '2022-10-01',
    call: () => ({ path: '/identities', body: { createTokenWithScopes: scopes } }),
    status: 201,
    body: { identity, accessToken },
    versions: true,
  })),
  {
    behaviour: 'create with scopes in the oldest recorded version makes a user and a token',
    version: '2021-10-31-preview',
    call: () => ({ path: '/identities', body: { createTokenWithScopes: ['chat'] } }),
    status: 201,
    body: { identity, accessToken },
    versions: true,
  },
  ...[60, 1440, null].map((expiresInMinutes): Recorded => ({
    behaviour: `create takes ${expiresInMinutes} minutes`,
    version: '2022-10-01',
    call: () => ({ path: '/identities', body: { createTokenWithScopes: ['chat'], expiresInMinutes } }),
    status: 201,
    body: { identity, accessToken },
    versions: true,
  })),
  ...[59, 1441].map((expiresInMinutes): Recorded => ({
    behaviour: `create refuses ${expiresInMinutes} minutes`,
    version: '2022-10-01',
    call: () => ({ path: '/identities', body: { createTokenWithScopes: ['chat'], expiresInMinutes } }),
    status: 400,
    body: badMinutes(expiresInMinutes),
    versions: true,
  })),
  ...[['chat'], ['voip'], ['chat', 'voip']].map((scopes): Recorded => ({
    behaviour: `issue with scopes ${scopes.join(', ')} gives a token`,
    version: '2022-10-01',
    call: () => ({ path: issuePath(userId), body: { scopes } }),
    status: 200,
    body: accessToken,
    versions: true,
  })),
  {
    behaviour: 'issue in the oldest recorded version gives a token',
    version: '2021-10-31-preview',
    call: () => ({ path: issuePath(userId), body: { scopes: ['chat'] } }),
    status: 200,
    body: accessToken,
    versions: true,
  },
  ...[60, 1440, null].map((expiresInMinutes): Recorded => ({
    behaviour: `issue takes ${expiresInMinutes} minutes`,
    version: '2022-10-01',
    call: () => ({ path: issuePath(userId), body: { scopes: ['chat'], expiresInMinutes } }),
    status: 200,
    body: accessToken,
    versions: true,
  })),
  ...[59, 1441].map((expiresInMinutes): Recorded => ({
    behaviour: `issue refuses ${expiresInMinutes} minutes`,
    version: '2022-10-01',
    call: () => ({ path: issuePath(userId), body: { scopes: ['chat'], expiresInMinutes } }),
    status: 400,
    body: badMinutes(expiresInMinutes),
    versions: true,
  })),
  {
    behaviour: 'issue without scopes in the list is refused by the controller',
    version: '2022-10-01',
    call: () => ({ path: issuePath(userId), body: { scopes: [] } }),
    status: 400,
    body: error('ValidationError', 'Invalid scopes - Scopes field is required.', 'scopes'),
    versions: true,
  },
  {
    behaviour: 'issue with null scopes is refused by the model',
    version: '2022-10-01',
    call: () => ({ path: issuePath(userId), body: { scopes: null, expiresInMinutes: null } }),
    status: 400,
    body: error('ValidationError', 'Scopes: The Scopes field is required.', 'Scopes'),
    versions: false,
  },
  {
    behaviour: 'issue without the field is refused by the model',
    version: '2021-10-31-preview',
    call: () => ({ path: issuePath(userId), body: {} }),
    status: 400,
    body: error('ValidationError', 'Scopes: The Scopes field is required.', 'Scopes'),
    versions: false,
  },
  ...['2021-10-31-preview', '2022-10-01'].flatMap((version): Recorded[] => [
    {
      behaviour: 'revoke answers without a body',
      version,
      call: () => ({ path: revokePath(userId) }),
      status: 204,
      versions: true,
    },
    {
      behaviour: 'delete answers without a body',
      version,
      call: () => ({ method: 'DELETE', path: deletePath(userId.replace(/.$/, '0')) }),
      status: 204,
      versions: true,
    },
  ]),
  {
    behaviour: "issue refuses another resource's user",
    version: '2022-10-01',
    call: () => ({ path: issuePath(FOREIGN_ID), body: { scopes: ['chat', 'voip'] } }),
    status: 401,
    body: notOwned,
    versions: true,
  },
  {
    behaviour: "revoke refuses another resource's user",
    version: '2022-10-01',
    call: () => ({ path: revokePath(FOREIGN_ID) }),
    status: 401,
    body: notOwned,
    versions: true,
  },
  {
    behaviour: "delete refuses another resource's user",
    version: '2022-10-01',
    call: () => ({ method: 'DELETE', path: deletePath(FOREIGN_ID) }),
    status: 401,
    body: notOwned,
    versions: true,
  },
];

test.each(recorded)('$behaviour ($version)', (each) => expectRecorded(emulator, each));

test('the answer to a create without token has 101 bytes, as in the recordings', async () => {
  const { headers, text } = await send(emulator, { path: '/identities' });

  expect(headers['content-length']).toBe('101');
  expect(text).toMatch(/^\{"identity":\{"id":"8:acs:[^"]{73}"\}\}$/);
});

test('the fields of an answer come in the recorded order', async () => {
  const created = await send(emulator, { path: '/identities', body: { createTokenWithScopes: ['chat'] } });
  const refused = await send(emulator, { path: issuePath(userId), body: { scopes: [] } });

  expect(created.text).toMatch(
    /^\{"identity":\{"id":"[^"]+"\},"accessToken":\{"token":"[^"]+","expiresOn":"[^"]+"\}\}$/,
  );
  expect(refused.text).toMatch(/^\{"error":\{"code":"[^"]+","message":"[^"]+","target":"[^"]+"\}\}$/);
});
