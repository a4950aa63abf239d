import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { claimsOf, deletePath, issuePath, newUser, revokePath, send } from './sentCall';

const VERSIONS = [
  '2021-03-07',
  '2021-10-31-preview',
  '2022-06-01',
  '2022-10-01',
  '2023-10-01',
  '2025-06-30',
  '2026-09-23',
];
const since = (first: string) => (version: string) => VERSIONS.indexOf(version) >= VERSIONS.indexOf(first);
const APP_ID = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
const TEAMS_USER_ID = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
const TEAMS = '/teamsUser/:exchangeAccessToken';

let emulator: IdentityEmulator;
let userId: string;
let lines: string[] = [];

beforeEach(() => {
  lines = [];
});
beforeAll(async () => {
  emulator = await createIdentityEmulator({ log: (line) => lines.push(line) });
  userId = await newUser(emulator);
});
afterAll(() => emulator.close());

const at = (version: string, path: string) => `${path}?api-version=${version}`;

describe.each(VERSIONS)('api-version %s', (version) => {
  test('creates, issues, revokes and deletes', async () => {
    const id = await newUser(emulator);
    const statuses = [
      await send(emulator, { path: at(version, '/identities'), body: { createTokenWithScopes: ['chat', 'voip'] } }),
      await send(emulator, { path: at(version, issuePath(id)), body: { scopes: ['voip'] } }),
      await send(emulator, { path: at(version, revokePath(id)) }),
      await send(emulator, { method: 'DELETE', path: at(version, deletePath(id)) }),
    ].map(({ status }) => status);

    expect(statuses).toEqual([201, 200, 204, 204]);
  });

  test(`${since('2022-10-01')(version) ? 'has' : 'does not look at'} expiresInMinutes`, async () => {
    const known = since('2022-10-01')(version);
    const good = await send(emulator, {
      path: at(version, issuePath(userId)),
      body: { scopes: ['chat'], expiresInMinutes: 60 },
    });
    const { exp, iat } = claimsOf(String(good.json?.token)) as { exp: number; iat: number };
    expect(exp - iat).toBe(known ? 3600 : 86_400);

    for (const expiresInMinutes of [59, 'never']) {
      const bad = await send(emulator, {
        path: at(version, '/identities'),
        body: { createTokenWithScopes: ['chat'], expiresInMinutes },
      });
      expect(bad.status).toBe(known ? 400 : 201);
    }
  });

  test.each(['chat.join', 'chat.join.limited', 'voip.join'])('%s is a scope since 2023-10-01', async (scope) => {
    const known = since('2023-10-01')(version);
    const created = await send(emulator, {
      path: at(version, '/identities'),
      body: { createTokenWithScopes: [scope] },
    });
    const issued = await send(emulator, { path: at(version, issuePath(userId)), body: { scopes: ['chat', scope] } });

    expect([created.status, issued.status]).toEqual(known ? [201, 200] : [400, 400]);
    if (known) expect(claimsOf(String(issued.json?.token)).acsScope).toBe(`chat,${scope}`);
    else {
      expect(issued.json).toMatchObject({ error: { code: 'ValidationError', target: 'scopes' } });
      const why = `scopes: ${scope} is newer than api-version ${version}, known since 2023-10-01`;
      expect(issued.headers['x-emulator-denied-because']).toBe(why);
      expect(lines).toEqual(Array(2).fill(expect.stringMatching(`returned 400 ValidationError: ${why}$`)));
    }
  });

  test('has the Teams exchange that it brought', async () => {
    const token = emulator.createTeamsToken({ appId: APP_ID, userId: TEAMS_USER_ID });
    const tokenOnly = await send(emulator, { path: at(version, TEAMS), body: { token } });
    const whole = await send(emulator, {
      path: at(version, TEAMS),
      body: { token, appId: APP_ID, userId: TEAMS_USER_ID },
    });

    const expected = since('2022-06-01')(version)
      ? [400, 200]
      : since('2021-10-31-preview')(version)
        ? [200, 200]
        : [400, 400];
    expect([tokenOnly.status, whole.status]).toEqual(expected);
    if (version === '2021-03-07') expect(whole.json).toMatchObject({ error: { code: 'UnsupportedApiVersion' } });
  });
});

test('every version is told by the operations that have it', async () => {
  const identities = await send(emulator, { path: '/identities' });
  const teams = await send(emulator, {
    path: TEAMS,
    body: {
      token: emulator.createTeamsToken({ appId: APP_ID, userId: TEAMS_USER_ID }),
      appId: APP_ID,
      userId: TEAMS_USER_ID,
    },
  });

  expect(identities.headers['api-supported-versions']).toBe(VERSIONS.join(', '));
  expect(teams.headers['api-supported-versions']).toBe(VERSIONS.slice(1).join(', '));
});

test.each([
  ['2020-01-01', 'UnsupportedApiVersion'],
  ['2023-10-02', 'UnsupportedApiVersion'],
  ['2025-03-02-preview', 'UnsupportedApiVersion'],
  ['newest', 'InvalidApiVersion'],
])('version %s is refused as %s, with the framework’s text', async (version, code) => {
  const { status, json, headers } = await send(emulator, { path: `/identities?api-version=${version}` });

  const url = `http://127.0.0.1:${emulator.port}/identities`;
  const message = `The HTTP resource that matches the request URI '${url}' does not support the API version '${version}'.`;
  expect({ status, json }).toEqual({ status: 400, json: { error: { code, message } } });
  expect(headers['api-supported-versions']).toBe(VERSIONS.join(', '));
  expect(lines).toEqual([
    expect.stringMatching(`returned 400 ${code}: the operation has no api-version ${version}, only 2021-03-07, `),
  ]);
});

test.each(['?', '?api-version=', '?version=2023-10-01'])(
  'a query "%s" names no version, and is refused',
  async (query) => {
    const { status, json } = await send(emulator, { path: `/identities${query}` });

    expect({ status, json }).toEqual({
      status: 400,
      json: {
        error: { code: 'ApiVersionUnspecified', message: 'An API version is required, but was not specified.' },
      },
    });
  },
);

test('two versions are refused, one given twice is taken', async () => {
  const two = await send(emulator, { path: '/identities?api-version=2022-10-01&api-version=2023-10-01' });
  const twice = await send(emulator, { path: '/identities?api-version=2023-10-01&API-Version=2023-10-01' });

  expect([two.status, (two.json as { error: { code: string } }).error.code]).toEqual([400, 'AmbiguousApiVersion']);
  expect(twice.status).toBe(201);
});

test('a version that is not served is told before the credentials are looked at', async () => {
  const { status } = await send(emulator, { path: '/identities?api-version=2020-01-01', sign: false });

  expect(status).toBe(400);
});
