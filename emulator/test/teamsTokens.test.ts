import { CommunicationIdentityClient } from '@azure/communication-identity';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { claimsOf, send, unsignedJwt } from './sentCall';

const APP_ID = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
const USER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
const START_MS = Date.UTC(2026, 0, 15, 12, 0, 0, 250);

let emulator: IdentityEmulator;

beforeEach(async () => {
  emulator = await createIdentityEmulator({ now: () => START_MS });
});
afterEach(() => emulator.close());

const exchange = (token: string, appId = APP_ID, userId = USER_ID) =>
  send(emulator, { path: '/teamsUser/:exchangeAccessToken', body: { token, appId, userId }, date: new Date(START_MS) });
const make = (body?: string) =>
  fetch(emulator.teamsTokensUrl, { method: 'POST', ...(body === undefined ? {} : { body }) });

test.each([900, 5_400, 100_000])('a Teams token of %d s is exchanged for one that ends with it', async (seconds) => {
  const { json } = await exchange(
    emulator.createTeamsToken({ appId: APP_ID, userId: USER_ID, expiresInSeconds: seconds }),
  );
  const exp = Math.floor(START_MS / 1000) + seconds;

  expect(claimsOf(String(json?.token))).toMatchObject({ exp, iat: Math.floor(START_MS / 1000) });
  expect(json?.expiresOn).toBe(`${new Date(exp * 1000).toISOString().slice(0, 19)}+00:00`);
});

test.each([1e12, 1e300])('a Teams token whose exp is no date (%d) is not valid', async (exp) => {
  const { status, json, headers } = await exchange(unsignedJwt({ appid: APP_ID, oid: USER_ID, exp }));

  expect({ status, json }).toMatchObject({ status: 401, json: { error: { code: 'InvalidAccessToken' } } });
  expect(headers['x-emulator-denied-because']).toBe('Teams token: its exp is later than the year 9999');
});

describe('POST /emulator/teamsTokens', () => {
  test('makes a token for the user, the application and the time that it is given', async () => {
    const made = await make(JSON.stringify({ appId: APP_ID, userId: USER_ID, expiresInSeconds: 600 }));
    const answer = (await made.json()) as Record<string, string>;

    expect(made.status).toBe(201);
    expect(answer).toEqual({
      token: expect.any(String) as string,
      appId: APP_ID,
      userId: USER_ID,
      expiresOn: '2026-01-15T12:10:00.000Z',
    });
    expect(claimsOf(answer.token ?? '')).toMatchObject({ appid: APP_ID, oid: USER_ID });
    expect((await exchange(answer.token ?? '')).status).toBe(200);
  });

  test.each([undefined, '{}'])('makes up what it is not given: body %j', async (body) => {
    const made = await make(body);
    const answer = (await made.json()) as { token: string; appId: string; userId: string; expiresOn: string };

    expect(answer.expiresOn).toBe('2026-01-15T13:00:00.000Z');
    expect((await exchange(answer.token, answer.appId, answer.userId)).status).toBe(200);
  });

  test.each([
    ['{"userId":"me"}', 'userId is not a guid.'],
    ['{"appId":1}', 'appId is not a guid.'],
    ['{"expiresInSeconds":1.5}', /^expiresInSeconds is a whole number from -\d+ to \d+\.$/],
    ['{"expiresInSeconds":1e12}', /^expiresInSeconds is a whole number from -\d+ to \d+\.$/],
    ['{"user":"x"}', 'There is no field user; there are appId, userId, expiresInSeconds.'],
    ['[]', 'The body is a JSON object, or empty.'],
  ])('refuses %s', async (body, message) => {
    const made = await make(body);
    const { error } = (await made.json()) as { error: string };

    expect(made.status).toBe(400);
    expect(error).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});

test('the SDK exchanges such a token, and says when the new one ends', async () => {
  const today = await createIdentityEmulator();
  try {
    const made = (await (await fetch(today.teamsTokensUrl, { method: 'POST' })).json()) as Record<string, string>;
    const { token = '', appId = '', userId = '', expiresOn = '' } = made;
    const client = new CommunicationIdentityClient(today.connectionString, { allowInsecureConnection: true });
    const answer = await client.getTokenForTeamsUser({
      teamsUserAadToken: token,
      clientId: appId,
      userObjectId: userId,
    });

    expect(answer.expiresOn.toISOString()).toBe(expiresOn);
  } finally {
    await today.close();
  }
});
