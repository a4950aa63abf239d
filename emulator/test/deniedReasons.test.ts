import { createHash } from 'node:crypto';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { deletePath, newUser, send, unsignedJwt, type CallToSend } from './sentCall';

const DENIED = { error: { code: 'Denied', message: 'Denied by the resource provider.' } };

let emulator: IdentityEmulator;
let userId: string;
let lines: string[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator({ log: (line) => lines.push(line) });
  userId = await newUser(emulator);
});
beforeEach(() => {
  lines = [];
});
afterAll(() => emulator.close());

/** Ways to get it wrong, and what is told. */
const mistakes: [string, () => CallToSend, string | RegExp][] = [
  ['no Authorization header', () => ({ path: '/identities', sign: false }), 'the Authorization header is missing'],
  [
    'another scheme',
    () => ({ path: '/identities', headers: { Authorization: 'Basic dXNlcjpwdw==' } }),
    'Authorization: the scheme is neither HMAC-SHA256 nor Bearer',
  ],
  [
    'a malformed header',
    () => ({ path: '/identities', headers: { Authorization: 'HMAC-SHA256 Credential=me' } }),
    'Authorization: not of the form "HMAC-SHA256 SignedHeaders=...&Signature=..."',
  ],
  [
    'other signed headers',
    () => ({ path: '/identities', headers: { Authorization: 'HMAC-SHA256 SignedHeaders=host&Signature=AA==' } }),
    /^Authorization: SignedHeaders must be "x-ms-date;host;x-ms-content-sha256"/,
  ],
  [
    'a hexadecimal signature',
    () => ({ path: '/identities', sign: { encoding: 'hex' } }),
    /the signature is hexadecimal/,
  ],
  ['another method signed', () => ({ path: '/identities', sign: { method: 'GET' } }), 'method: signed GET, sent POST'],
  [
    'the method in lower case',
    () => ({ path: '/identities', sign: { method: 'post' } }),
    'method: signed post, sent POST',
  ],
  [
    'the path signed decoded',
    () => ({
      method: 'DELETE',
      path: deletePath(userId),
      sign: { target: `/identities/${userId}?api-version=2023-10-01` },
    }),
    'path: signed decoded, it must be signed as it is sent (percent-encoded)',
  ],
  [
    "the path signed without its first '/'",
    () => ({ path: '/identities', sign: { target: 'identities?api-version=2023-10-01' } }),
    /^path: signed without its first '\/', as a client does that takes every endpoint for https/,
  ],
  [
    "the path signed with two '/' at its beginning",
    () => ({ path: '/identities', sign: { target: '//identities?api-version=2023-10-01' } }),
    "path: signed with two '/' at its beginning: the client's endpoint ends with '/', and a path was added that begins with one",
  ],
  [
    'a path with an escape in upper case signed, in lower case sent',
    () => ({
      method: 'DELETE',
      path: `${deletePath(userId).replaceAll('%3A', '%3a')}`,
      sign: { target: `${deletePath(userId)}?api-version=2023-10-01` },
    }),
    'path: signed percent-encoded with upper-case digits (%3A), sent with lower-case ones (%3a)',
  ],
  [
    'a path with an escape in lower case signed, in upper case sent',
    () => ({
      method: 'DELETE',
      path: deletePath(userId),
      sign: { target: `${deletePath(userId).replaceAll('%3A', '%3a')}?api-version=2023-10-01` },
    }),
    'path: signed percent-encoded with lower-case digits (%3a), sent with upper-case ones (%3A)',
  ],
  [
    'the query not signed',
    () => ({ path: '/identities', sign: { target: '/identities' } }),
    'query: signed without the query',
  ],
  [
    'another api-version signed',
    () => ({ path: '/identities', sign: { target: '/identities?api-version=2022-10-01' } }),
    'query: signed with api-version=2022-10-01, sent with another one',
  ],
  [
    'the host signed without port',
    () => ({ path: '/identities', sign: { host: '127.0.0.1' } }),
    /^host: signed without its port \(127\.0\.0\.1\), sent 127\.0\.0\.1:\d+$/,
  ],
  [
    'localhost signed, 127.0.0.1 sent',
    () => ({ path: '/identities', sign: { host: `localhost:${emulator.port}` } }),
    /^host: signed localhost:\d+, the http endpoint, sent 127\.0\.0\.1:\d+$/,
  ],
  [
    'the host behind a proxy',
    () => ({
      path: '/identities',
      headers: { 'x-forwarded-host': 'acs.example' },
      sign: { host: 'acs.example' },
    }),
    'host: a proxy replaced the Host header (see x-forwarded-host)',
  ],
  [
    'a host with its scheme',
    () => ({ path: '/identities', sign: { host: `https://127.0.0.1:${emulator.port}` } }),
    'host: signed with the scheme (https://), it must be the Host header alone',
  ],
  [
    'the date in another form',
    () => {
      const date = new Date(Math.floor(Date.now() / 1000) * 1000);
      return { path: '/identities', date, sign: { date: date.toISOString() } };
    },
    'date: signed in the form of ISO 8601, it must be signed as it is sent',
  ],
  [
    'a date in another form',
    () => ({ path: '/identities', headers: { 'x-ms-date': new Date().toISOString() } }),
    /^date: x-ms-date is not of the form of RFC 1123/,
  ],
  [
    'a missing date',
    () => ({ path: '/identities', headers: { 'x-ms-date': '' } }),
    'header x-ms-date is missing, though it is signed',
  ],
  [
    'a missing content hash',
    () => ({ path: '/identities', headers: { 'x-ms-content-sha256': '' } }),
    'header x-ms-content-sha256 is missing, though it is signed',
  ],
  [
    'another body than was hashed',
    () => ({
      path: '/identities',
      body: { createTokenWithScopes: ['chat'] },
      headers: { 'x-ms-content-sha256': createHash('sha256').update('{}').digest('base64') },
    }),
    /^content hash: x-ms-content-sha256 is not that of the 34 bytes that arrived/,
  ],
  [
    'the hash of an empty body',
    () => ({
      path: '/identities',
      body: {},
      headers: { 'x-ms-content-sha256': createHash('sha256').digest('base64') },
    }),
    'content hash: x-ms-content-sha256 is that of an empty body, but 2 bytes arrived',
  ],
  [
    'a hexadecimal hash',
    () => ({ path: '/identities', headers: { 'x-ms-content-sha256': createHash('sha256').digest('hex') } }),
    'content hash: x-ms-content-sha256 is hexadecimal, it must be base64',
  ],
  [
    'another hash signed than sent',
    () => ({ path: '/identities', sign: { contentHash: '' } }),
    'content hash: left out of the string to sign',
  ],
  [
    'lines joined otherwise',
    () => ({ path: '/identities', sign: { layout: (text) => text.replaceAll('\n', '\r\n') } }),
    'layout: lines end with CR LF, they must end with LF',
  ],
  [
    'the key used as text',
    () => ({ path: '/identities', sign: { key: Buffer.from(emulator.accessKey) } }),
    'key: the access key was used as text, it must be decoded from base64 first',
  ],
  [
    'a key that is not base64',
    () => ({ path: '/identities', sign: { key: Buffer.from('***', 'base64') } }),
    'key: signed with an empty key; what the client has as access key is not base64, or there is none',
  ],
  [
    'another key',
    () => ({ path: '/identities', sign: { key: Buffer.from('some other key') } }),
    /^key: no usual mistake .* has probably another access key; signed here was "POST\\n\/identities\?api-version=2023-10-01\\n/,
  ],
  [
    'two mistakes at once',
    () => ({ path: '/identities', sign: { method: 'post', host: '127.0.0.1' } }),
    /^method: signed post, sent POST; host: signed without its port/,
  ],
  [
    'the key used as text, and another host',
    () => ({ path: '/identities', sign: { key: Buffer.from(emulator.accessKey), host: '127.0.0.1' } }),
    /^key: the access key was used as text.*; host: signed without its port/,
  ],
  [
    'a clock that is behind',
    () => ({ path: '/identities', date: new Date(Date.now() - 1_200_000) }),
    /^date: the client's clock is 120[01] s behind the emulator's \(x-ms-date\); 900 s are allowed$/,
  ],
  [
    'a clock that is ahead',
    () => ({ path: '/identities', date: new Date(Date.now() + 910_000) }),
    /^date: the client's clock is (909|910) s ahead of the emulator's/,
  ],
  [
    'an Entra ID token over http',
    () => ({ path: '/identities', headers: { Authorization: `Bearer ${unsignedJwt({})}` } }),
    'Entra ID tokens are taken on the https endpoint only: this is http',
  ],
];

test.each(mistakes)('%s is denied, and the header and the log say why', async (_, call, why) => {
  const answer = await send(emulator, call());

  expect({ status: answer.status, json: answer.json }).toEqual({ status: 401, json: DENIED });
  const told = answer.headers['x-emulator-denied-because'];
  expect(told).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(String(told));
});

test("a path that is not found because it begins with two '/' is answered 404, with the reason", async () => {
  const { status, text, headers } = await send(emulator, { path: '//identities' });

  expect({ status, text }).toEqual({ status: 404, text: '' });
  expect(headers['x-emulator-denied-because']).toBe(
    "path: begins with two '/': the client's endpoint ends with '/', and a path was added that begins with one",
  );
});

test('a refusal tells neither key nor signature', async () => {
  const headers: string[] = [];
  for (const [, call] of mistakes) {
    const answer = await send(emulator, call());
    headers.push(JSON.stringify(answer.headers), answer.text);
  }
  const told = [...headers, ...lines, JSON.stringify(emulator.requests())].join('\n');

  expect(lines).toHaveLength(mistakes.length);
  expect(told).not.toContain(emulator.accessKey.slice(0, 20));
  expect(told).not.toMatch(/Signature=[^.]/);
});

test('a query is told without its values, which may be secrets', async () => {
  const { headers } = await send(emulator, {
    path: '/identities?api-version=2023-10-01&code=hunter2',
    sign: { key: Buffer.from('some other key') },
  });

  expect(headers['x-emulator-denied-because']).toContain('/identities?api-version=2023-10-01&code=...');
  expect(emulator.requests().at(-1)?.path).toBe('/identities?api-version=2023-10-01&code=...');
  expect(lines.join()).not.toContain('hunter2');
});

test('the call of a health check, for the user whose id is all zeros, is explained as such', async () => {
  const zeros = '00000000-0000-0000-0000-000000000000';
  const { status } = await send(emulator, { path: `/identities/8%3Aacs%3A${zeros}_${zeros}/:revokeAccessTokens` });
  expect(status).toBe(401);
  expect(lines.join()).toContain('this is a health check, and its credentials are accepted');
});
