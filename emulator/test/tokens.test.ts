import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createIdentityEmulator, DEFAULT_RESOURCE_ID, type IdentityEmulator } from '../src';
import { dateTimeOffset } from '../src/tokens/dateTimeOffset';
import { chatWith, claimsOf, issuePath, send, unsignedJwt } from './sentCall';

const START_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 89);
let emulator: IdentityEmulator;
let nowMs = START_MS;

const start = (options: object = {}) => createIdentityEmulator({ now: () => nowMs, ...options });
const signedAt = () => ({ date: new Date(nowMs) });

async function user(): Promise<string> {
  const { json } = await send(emulator, { path: '/identities', ...signedAt() });
  return (json as { identity: { id: string } }).identity.id;
}

async function token(userId: string, body: object = { scopes: ['chat'] }): Promise<string> {
  const { json } = await send(emulator, { path: issuePath(userId), body, ...signedAt() });
  return (json as { token: string }).token;
}

beforeEach(async () => {
  nowMs = START_MS;
  emulator = await start();
});
afterEach(() => emulator.close());

test('a token has the header and the claims of 2024, in their order', async () => {
  const userId = await user();
  const issued = await token(userId, { scopes: ['voip', 'chat'], expiresInMinutes: 90 });
  const seconds = Math.floor(START_MS / 1000);

  const header = JSON.parse(Buffer.from(issued.split('.')[0] ?? '', 'base64url').toString()) as Record<string, string>;
  expect(Object.keys(header)).toEqual(['alg', 'kid', 'x5t', 'typ']);
  expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: expect.stringMatching(/^[0-9A-F]{40}$/) as string });
  expect(
    Buffer.from(header.x5t ?? '', 'base64url')
      .toString('hex')
      .toUpperCase(),
  ).toBe(header.kid);
  expect(Object.entries(claimsOf(issued))).toEqual([
    ['skypeid', userId.slice(2)],
    ['scp', 1792],
    ['csi', String(seconds)],
    ['exp', seconds + 5400],
    ['rgn', 'amer'],
    ['acsScope', 'voip,chat'],
    ['resourceId', DEFAULT_RESOURCE_ID],
    ['resourceLocation', 'unitedstates'],
    ['iat', seconds],
  ]);
});

test('the key of the JWKS verifies a token, and no changed one', async () => {
  const issued = await token(await user());
  const [header = '', payload = '', signature = ''] = issued.split('.');
  const jwks = (await (await fetch(emulator.jwksUrl)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const jwk = jwks.keys.find((key) => key.kid === kid);
  const publicKey = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
  const verifies = (text: string) =>
    verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'));

  expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5t']);
  expect(publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  expect(verifies(`${header}.${payload}`)).toBe(true);
  expect(verifies(`${header}.${payload}x`)).toBe(false);
});

test('expiresOn is the lifetime from now, to 100 ns, and agrees with exp', async () => {
  const { json } = await send(emulator, { path: issuePath(await user()), body: { scopes: ['chat'] }, ...signedAt() });
  const { token: issued, expiresOn } = json as { token: string; expiresOn: string };

  expect(expiresOn).toMatch(/^2026-03-05T05:06:07\.089\d{0,4}\+00:00$/);
  expect(claimsOf(issued).exp).toBe(Math.floor(Date.parse(expiresOn) / 1000));
});

test.each([
  [Date.UTC(2023, 0, 17, 10, 10, 19, 687), 3316, '2023-01-17T10:10:19.6873316+00:00'],
  [Date.UTC(2023, 0, 17, 10, 10, 12, 228), 7370, '2023-01-17T10:10:12.228737+00:00'],
  [Date.UTC(2023, 0, 17, 10, 10, 12, 200), 0, '2023-01-17T10:10:12.2+00:00'],
  [Date.UTC(2023, 0, 17, 10, 10, 12), 0, '2023-01-17T10:10:12+00:00'],
  [Date.UTC(2023, 0, 17, 10, 10, 12), 7, '2023-01-17T10:10:12.0000007+00:00'],
])('times are written as .NET writes them: %d and %d ticks is %s', (ms, ticks, expected) => {
  expect(dateTimeOffset(ms, ticks)).toBe(expected);
});

test('ids tell when they were made, and come in the order of time', async () => {
  const ids: string[] = [];
  for (nowMs = START_MS; nowMs < START_MS + 5; nowMs += 1) ids.push(await user());

  const userParts = ids.map((id) => id.slice(`8:acs:${DEFAULT_RESOURCE_ID}_`.length));
  const madeAt = userParts.map(
    (part) => Date.UTC(2020, 0, 1, 8) + Number.parseInt(part.slice(0, 18).replace(/-/g, ''), 16),
  );
  expect(madeAt).toEqual([0, 1, 2, 3, 4].map((ms) => START_MS + ms));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set([79]));
});

test('ids made within one millisecond differ', async () => {
  const ids = await Promise.all(Array.from({ length: 50 }, user));

  expect(new Set(ids).size).toBe(50);
});

test('a token works for chat until it expires', async () => {
  const issued = await token(await user(), { scopes: ['chat'], expiresInMinutes: 60 });

  nowMs += 3_599_000;
  expect(await chatWith(emulator, issued)).toEqual({ status: 200, why: undefined });
  nowMs += 1_000;
  expect(await chatWith(emulator, issued)).toEqual({
    status: 401,
    why: expect.stringMatching(/^the token expired \d s ago$/) as string,
  });
});

test('threads are an empty list', async () => {
  const issued = await token(await user());
  const { json, headers } = await send(emulator, {
    method: 'GET',
    path: '/chat/threads?api-version=2023-11-07',
    sign: false,
    headers: { Authorization: `Bearer ${issued}` },
  });

  expect(json).toEqual({ value: [] });
  expect(headers).not.toHaveProperty('api-supported-versions');
});

test.each([
  [['chat'], 200],
  [['voip', 'chat'], 200],
  [['chat.join'], 200],
  [['voip'], 401],
  [['voip.join'], 401],
])('a token with the scopes %j is answered %d by chat', async (scopes, expected) => {
  const { status, why } = await chatWith(emulator, await token(await user(), { scopes }));

  expect(status).toBe(expected);
  expect(why).toBe(expected === 200 ? undefined : 'the token has no chat scope');
});

test('chat takes no token that was changed or made elsewhere, and answers 401 without a body', async () => {
  const issued = await token(await user(), { scopes: ['voip'] });
  const [header, , signature] = issued.split('.');
  const forged = Buffer.from(JSON.stringify({ ...claimsOf(issued), acsScope: 'chat' })).toString('base64url');

  for (const bad of [`${header}.${forged}.${signature}`, unsignedJwt(claimsOf(issued)), 'no-token']) {
    expect(await chatWith(emulator, bad)).toEqual({
      status: 401,
      why: 'the token was not issued by this emulator (without a data file, not since it started)',
    });
  }
  const none = await send(emulator, { method: 'GET', path: '/chat/threads?api-version=2023-11-07', sign: false });
  expect({ status: none.status, text: none.text }).toEqual({ status: 401, text: '' });
  const unversioned = await send(emulator, { method: 'GET', path: '/chat/threads?', sign: false });
  expect(unversioned.json).toMatchObject({ error: { code: 'ApiVersionUnspecified' } });
});
