// The keys of an issuer: when they are fetched, and what works while they can't be.
import type { HttpHandler } from '@azure/functions';
import { generateKeyPairSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lastHealth } from '../../src/base/dependencyHealth';
import { LIMITS } from '../../src/base/limits';
import { newKey, publicJwk, startAuthority, TENANT, type Authority } from './authority';
import { acceptTokensOf, call, whoAmI, type Clocks } from './callers';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const DAY_MS = 24 * 3_600_000;
const before = { ...process.env };
let authority: Authority;
let clocks: Clocks;
let me: HttpHandler;

beforeEach(async () => {
  authority = await startAuthority();
  acceptTokensOf(authority, { MY_TOKENS_PER_MINUTE: '999999' });
  clocks = { now: Date.now(), elapsed: 0 };
  me = whoAmI(clocks);
});
afterEach(() => {
  jest.restoreAllMocks();
  return authority.stop();
});
afterAll(() => {
  process.env = before;
});

const statusOf = async (token: string) => {
  const { status, code } = await call(me, token);
  return code === undefined ? `${status}` : `${status} ${code}`;
};
const ofUnknownKey = () => authority.token({}, { kid: `unknown-${Math.random()}` });
const pass = (ms: number) => {
  clocks.elapsed += ms;
  clocks.now += ms;
};
const SHORT_FETCH_MS = 400;
/** The time limit of 5 s for a fetch, made shorter. */
const shortenFetches = () => jest.replaceProperty(LIMITS, 'issuerKeysMs', SHORT_FETCH_MS as never);
/** Until a fetch in the background has ended. */
const settled = () => new Promise((done) => setTimeout(done, 100));

test('first calls at the same time share one fetch, and later ones need none', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => statusOf(authority.token())));
  expect(new Set(answers)).toEqual(new Set(['200']));
  pass(DAY_MS / 2);
  expect(await statusOf(authority.token({ exp: clocks.now / 1000 + 60 }))).toBe('200');
  expect(authority.requests).toHaveLength(2);
});

test('a flood of unknown keys causes one fetch in 30 s, and stops nobody', async () => {
  await statusOf(authority.token());
  pass(30_000);
  const flood = () => Promise.all(Array.from({ length: 500 }, () => statusOf(ofUnknownKey())));
  expect(new Set(await flood())).toEqual(new Set(['401 InvalidToken']));
  expect(authority.requests).toHaveLength(4);
  pass(29_999);
  await flood();
  expect(await statusOf(authority.token())).toBe('200');
  expect(authority.requests).toHaveLength(4);
  pass(1);
  await flood();
  expect(authority.requests).toHaveLength(6);
});

test('a flood while the issuer is down causes one attempt in 30 s too', async () => {
  await statusOf(authority.token());
  authority.behaviour = 'down';
  pass(30_000);
  const flood = () => Promise.all(Array.from({ length: 200 }, () => statusOf(ofUnknownKey())));
  expect(new Set([...(await flood()), ...(await flood())])).toEqual(new Set(['503 IssuerUnavailable']));
  expect(authority.requests).toHaveLength(3);
  expect(await statusOf(authority.token())).toBe('200');
});

test('tokens that are refused by their claims cause no fetch', async () => {
  for (const claims of [{ iss: 'https://other.example' }, { ver: '1.0' }, { scp: undefined, nonce: 'x' }]) {
    expect(await statusOf(authority.token(claims))).toBe('401 InvalidToken');
  }
  expect(await statusOf(authority.token({}, { alg: 'none' }))).toBe('401 InvalidToken');
  expect(authority.requests).toEqual([]);
});

test('a new key of the issuer is accepted without a restart, and its old key until the keys are fetched', async () => {
  const old = authority.token();
  expect(await statusOf(old)).toBe('200');
  authority.rotate();
  expect(await statusOf(authority.token())).toBe('401 InvalidToken');
  expect(await statusOf(old)).toBe('200');
  pass(30_000);
  expect(await statusOf(authority.token())).toBe('200');
  expect(await statusOf(old)).toBe('401 InvalidToken');
});

test('known keys go on working while the issuer is down, also after days', async () => {
  expect(await statusOf(authority.token())).toBe('200');
  authority.behaviour = 'down';
  for (let day = 0; day < 3; day += 1) {
    pass(DAY_MS);
    expect(await statusOf(authority.token({ exp: clocks.now / 1000 + 60 }))).toBe('200');
    await settled();
  }
  expect(authority.requests).toHaveLength(2 + 3);
  expect(lastHealth(`issuer:${authority.issuer}`)).toMatchObject({ status: 'Degraded', code: 'IssuerUnavailable' });
  authority.behaviour = 'up';
  pass(30_000);
  await statusOf(authority.token({ exp: clocks.now / 1000 + 60 }));
  await settled();
  expect(lastHealth(`issuer:${authority.issuer}`)).toMatchObject({ status: 'Healthy' });
});

test('keys are fetched daily, and no caller waits for it', async () => {
  const old = authority.token({ exp: clocks.now / 1000 + 10 * 86_400 });
  expect(await statusOf(old)).toBe('200');
  authority.rotate();
  authority.behaviour = 'silent';
  shortenFetches();
  pass(DAY_MS);
  const startedAt = performance.now();
  expect(await statusOf(old)).toBe('200');
  expect(performance.now() - startedAt).toBeLessThan(SHORT_FETCH_MS);
  // the fetch gives up
  await new Promise((done) => setTimeout(done, 600));
  authority.behaviour = 'up';
  pass(30_000);
  expect(await statusOf(old)).toBe('200');
  await settled();
  expect(await statusOf(old)).toBe('401 InvalidToken');
});

test('after a failure that stopped nobody, the next call fetches the keys again, and health recovers', async () => {
  const healthOf = () => lastHealth(`issuer:${authority.issuer}`).status;
  await statusOf(authority.token());
  authority.behaviour = 'down';
  pass(30_000);
  await statusOf(ofUnknownKey());
  expect(healthOf()).toBe('Degraded');
  authority.behaviour = 'up';
  pass(30_000);
  expect(await statusOf(authority.token())).toBe('200');
  await settled();
  expect(healthOf()).toBe('Healthy');
});

test('503 while no key is known and the issuer is down, with the seconds to the next attempt', async () => {
  authority.behaviour = 'down';
  const answer = await call(me, authority.token());
  expect(answer).toMatchObject({ status: 503, code: 'IssuerUnavailable', retryAfter: '30', challenge: undefined });
  expect(answer.logs.join()).toMatch(/^IssuerUnavailable: .*caused by: /s);
  authority.behaviour = 'up';
  pass(10_000);
  expect(await call(me, authority.token())).toMatchObject({ status: 503, retryAfter: '20' });
  expect(authority.requests).toHaveLength(1);
  pass(20_000);
  expect(await statusOf(authority.token())).toBe('200');
});

test('503 after 5 s if the issuer is silent', async () => {
  authority.behaviour = 'silent';
  const startedAt = performance.now();
  const answers = await Promise.all([statusOf(authority.token()), statusOf(ofUnknownKey())]);
  expect(answers).toEqual(['503 IssuerUnavailable', '503 IssuerUnavailable']);
  expect(performance.now() - startedAt).toBeGreaterThan(4_900);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
});

test('503 after the time limit if the issuer begins to answer and does not end', async () => {
  shortenFetches();
  authority.behaviour = (_path, response) => void response.writeHead(200).write('{"issuer":');
  // a signal that garbage collection can take away, as that of AbortSignal.any in Node.js 20, does not end the body
  const collecting = setInterval(collectGarbage, 100);
  expect(await statusOf(authority.token())).toBe('503 IssuerUnavailable');
  clearInterval(collecting);
});

describe('503 if an issuer answers', () => {
  const weakKey = () => ({ id: 'weak', ...generateKeyPairSync('rsa', { modulusLength: 1024 }) });
  test.each<[string, (authority: Authority) => void, RegExp]>([
    [
      'HTML',
      (one) => (one.behaviour = (_path, response) => response.writeHead(200).end('<html>Sign in</html>')),
      /openid-configuration is not JSON/,
    ],
    [
      'HTML as its keys',
      (one) => (one.discovery['jwks_uri'] = `${new URL(one.issuer).origin}/sign-in.html`),
      /sign-in\.html answered 404/,
    ],
    ['500', (one) => (one.behaviour = (_path, response) => response.writeHead(500).end('{}')), /answered 500/],
    ['null', (one) => (one.behaviour = (_path, response) => response.writeHead(200).end('null')), /not a JSON object/],
    [
      'a redirection',
      (one) => (one.behaviour = (_path, response) => response.writeHead(302, { location: '/keys' }).end()),
      /answered 302/,
    ],
    ['without end', (one) => (one.discovery['x'] = 'x'.repeat(300_000)), /more than 262144 bytes/],
    ["another issuer's document", (one) => (one.discovery['issuer'] = `${one.issuer}/`), /belongs to another issuer/],
    ['no address of keys', (one) => delete one.discovery['jwks_uri'], /no jwks_uri/],
    [
      'an address of keys without TLS',
      (one) => (one.discovery['jwks_uri'] = 'http://keys.example/keys'),
      /no jwks_uri that begins with https/,
    ],
    ['an empty key set', (one) => (one.keys = []), /no RSA key for signatures/],
    ['keys that are none', (one) => (one.keys = [null as never, 5 as never, { kid: 'a' }]), /no RSA key/],
    ['only keys for encryption', (one) => (one.keys = [{ ...publicJwk(one.key), use: 'enc' }]), /no RSA key/],
    ['only keys for PS256', (one) => (one.keys = [{ ...publicJwk(one.key), alg: 'PS256' }]), /no RSA key/],
    [
      'an address of keys with a password',
      (one) => (one.discovery['jwks_uri'] = 'https://user:password@127.0.0.1:1/keys'),
      /no jwks_uri/,
    ],
    [
      'a key that is too short',
      (one) => Object.assign(one, { key: weakKey() }).keys.splice(0, 1, publicJwk(one.key)),
      /no RSA key/,
    ],
    [
      "only keys of another tenant, as Entra's personal accounts have",
      (one) =>
        (one.keys = [
          {
            ...publicJwk(one.key),
            issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
          },
        ]),
      /no RSA key/,
    ],
    ['a malformed key', (one) => (one.keys = [{ ...publicJwk(one.key), n: '!' }]), /no RSA key/],
  ])('%s', async (_what, spoil, reason) => {
    spoil(authority);
    const answer = await call(me, authority.token());
    expect([answer.status, answer.code]).toEqual([503, 'IssuerUnavailable']);
    expect(Number(answer.retryAfter)).toBeGreaterThan(0);
    expect(answer.message).toBe("The keys of the token's issuer can't be fetched now. Try again later.");
    expect(answer.logs.join('\n')).toMatch(reason);
  });
});

test.each([
  ['every tenant', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
  ['this tenant', `https://login.microsoftonline.com/${TENANT.toUpperCase()}/v2.0`],
])("a key of %s, by the key's own issuer, is accepted", async (_whose, issuer) => {
  authority.keys = [{ ...publicJwk(authority.key), issuer }];
  expect(await statusOf(authority.token())).toBe('200');
});

test('keys that are known stay, whatever the issuer answers later', async () => {
  await statusOf(authority.token());
  const { keys, key } = authority;
  authority.keys = [];
  pass(30_000);
  expect(await statusOf(ofUnknownKey())).toBe('503 IssuerUnavailable');
  expect(await statusOf(authority.token({}, {}, key))).toBe('200');
  authority.keys = [...keys, publicJwk(newKey()), { kty: 'EC', kid: 'other' }];
  pass(30_000);
  expect(await statusOf(ofUnknownKey())).toBe('401 InvalidToken');
});

test('each issuer has keys of its own: one that is down stops no other', async () => {
  const other = await startAuthority('7a6c1c1e-2f0c-4f0f-8a44-7a4a1f4f6c01');
  try {
    acceptTokensOf(authority, { ENTRA_ISSUERS: `${authority.issuer}, ${other.issuer}` });
    authority.behaviour = 'down';
    expect(await statusOf(other.token())).toBe('200');
    expect(await statusOf(authority.token())).toBe('503 IssuerUnavailable');
    // a key of one issuer under the name of the other
    authority.behaviour = 'up';
    pass(30_000);
    expect(await statusOf(authority.token())).toBe('200');
    expect(await statusOf(other.token({ iss: authority.issuer }))).toBe('401 InvalidToken');
  } finally {
    await other.stop();
  }
});
