import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { claimsOf, issuePath, newUser, revokePath, send, type CallToSend } from './sentCall';

const KIB = 1024;
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

const KEY = 'k'.repeat(43) + '=';
test.each<[string, CallToSend, string]>([
  [
    'a wrong value',
    { path: '/identities', body: { createTokenWithScopes: ['chats'] } },
    '400 ValidationError: Invalid scopes - Provided scopes are not supported: chats.',
  ],
  [
    'a value with a line end, and one that may be a key',
    { path: '/identities', body: { createTokenWithScopes: ['a\nb', KEY] } },
    '400 ValidationError: Invalid scopes - Provided scopes are not supported: a?b, ...',
  ],
  [
    'a missing field',
    { path: issuePath('8:acs:nobody'), body: {} },
    '400 ValidationError: Scopes: The Scopes field is required.',
  ],
  ['an unknown path', { path: '/nothing' }, '404: no operation has this path'],
  ['a wrong method', { method: 'GET', path: '/identities' }, '405: the path is for POST only'],
  [
    'another content type',
    { path: '/identities', body: 'a=b', headers: { 'Content-Type': 'text/plain' } },
    '415: the content type is not JSON in UTF-8',
  ],
  ['a large body', { path: '/identities', body: Buffer.alloc(1024 * 1024 + 1) }, '413: the body is too large'],
])('the log has the reason for the refusal of %s', async (_, call, outcome) => {
  await send(emulator, call);

  expect(lines).toEqual([expect.stringMatching(/^identity emulator: \w+ \/\S+ returned /)]);
  expect(lines[0]?.split(' returned ')[1]).toBe(outcome);
});

afterEach(() => expect(lines.filter((line) => line.includes('because of a bug in it'))).toEqual([]));
afterAll(() => emulator.close());

const validation = (message: string, target?: string) => ({
  error: { code: 'ValidationError', message, ...(target === undefined ? {} : { target }) },
});
const json = { 'Content-Type': 'application/json' };

test.each([
  '/',
  '/identity',
  '/identities/a/b/c',
  '/identities/a/:reissue',
  '/identities//:issueAccessToken',
  '/teamsUser',
  '*',
])('the path %s is unknown: 404 without a body', async (path) => {
  const { status, text, headers } = await send(emulator, { path: `${path}?api-version=2023-10-01` });

  expect({ status, text, length: headers['content-length'] }).toEqual({ status: 404, text: '', length: '0' });
});

test.each([
  ['GET', '/identities', 'POST'],
  ['PATCH', '/identities/x', 'DELETE'],
  ['POST', '/identities/x', 'DELETE'],
  ['DELETE', '/identities/x/:issueAccessToken', 'POST'],
  ['PUT', '/teamsUser/:exchangeAccessToken', 'POST'],
  ['POST', '/chat/threads', 'GET'],
  ['OPTIONS', '/identities', 'POST'],
])('%s %s is the wrong method: 405 with Allow: %s, without a body', async (method, path, allow) => {
  const { status, text, headers } = await send(emulator, { method, path });

  expect({ status, text, allow: headers.allow }).toEqual({ status: 405, text: '', allow });
});

test.each(['/Identities', '/identities/', '/IDENTITIES?API-VERSION=2023-10-01'])(
  'paths and names of parameters are taken without regard to case: %s',
  async (path) => {
    expect((await send(emulator, { path })).status).toBe(201);
  },
);

test.each(['%', '%ZZ', '%FF%FE', '8:acs:%E0%A4%A', '..%2F..', 'a'.repeat(2000)])(
  'an id like %s is no user of the resource',
  async (id) => {
    const { status, json: body } = await send(emulator, { path: `/identities/${id}/:revokeAccessTokens` });

    expect({ status, body }).toMatchObject({ status: 401, body: { error: { code: 'IdentityNotOwned' } } });
  },
);

test.each(['{', '{"scopes":["chat"]', 'scopes=chat', '{"scopes":["chat"],}', '\u0000', "{'scopes':['chat']}"])(
  'a body %j is no JSON',
  async (body) => {
    const answer = await send(emulator, { path: issuePath(userId), body, headers: json });

    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 400,
      json: validation('$: The request body is not valid JSON. Path: $', '$'),
    });
  },
);

test.each<[string, unknown]>([
  ['$', []],
  ['$', 'chat'],
  ['$', 5],
  ['$.scopes', { scopes: 'chat' }],
  ['$.scopes', { scopes: { chat: true } }],
  ['$.scopes[1]', { scopes: ['chat', 5] }],
  ['$.expiresInMinutes', { scopes: ['chat'], expiresInMinutes: '60' }],
  ['$.expiresInMinutes', { scopes: ['chat'], expiresInMinutes: 60.5 }],
  ['$.expiresInMinutes', { scopes: ['chat'], expiresInMinutes: 1e12 }],
  ['$.expiresInMinutes', { scopes: ['chat'], expiresInMinutes: true }],
])('%s of another type is refused: %j', async (target, body) => {
  const answer = await send(emulator, { path: issuePath(userId), body: JSON.stringify(body), headers: json });

  expect(answer.status).toBe(400);
  expect(answer.json).toEqual(
    validation(`${target}: The JSON value could not be converted to the type of the field. Path: ${target}`, target),
  );
});

test.each([undefined, '', '  ', 'null'])('issue with the body %j is refused: it needs one', async (body) => {
  const answer = await send(emulator, {
    path: issuePath(userId),
    ...(body === undefined ? {} : { body }),
    headers: json,
  });

  expect({ status: answer.status, json: answer.json }).toEqual({
    status: 400,
    json: validation('A non-empty request body is required.'),
  });
});

test.each(['null', ' ', '{}', '\uFEFF{}', '{"unknown":{"deep":[1]},"__proto__":{"scopes":1}}'])(
  'create with the body %j makes a user',
  async (body) => {
    expect((await send(emulator, { path: '/identities', body, headers: json })).status).toBe(201);
  },
);

test('names of fields are taken without regard to case', async () => {
  const answer = await send(emulator, {
    path: issuePath(userId),
    body: { SCOPES: ['voip'], expiresinminutes: 60 },
  });
  const { acsScope, exp, iat } = claimsOf(String(answer.json?.token)) as { acsScope: string; exp: number; iat: number };

  expect([acsScope, exp - iat]).toEqual(['voip', 3600]);
});

test.each([['email'], ['Chat'], ['']])('the scope "%s" does not exist', async (scope) => {
  const answer = await send(emulator, { path: issuePath(userId), body: { scopes: ['chat', scope] } });

  expect({ status: answer.status, json: answer.json }).toEqual({
    status: 400,
    json: validation(`Invalid scopes - Provided scopes are not supported: ${scope}.`, 'scopes'),
  });
});

test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16'])(
  'the content type %s is refused: 415 as the framework answers',
  async (contentType) => {
    const answer = await send(emulator, {
      path: '/identities',
      body: '{}',
      ...(contentType === undefined ? {} : { headers: { 'Content-Type': contentType } }),
    });

    expect(answer.status).toBe(415);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json).toMatchObject({ title: 'Unsupported Media Type', status: 415 });
  },
);

test.each(['application/json; charset=UTF-8', 'text/json', 'application/merge-patch+json'])(
  'the content type %s is read',
  async (contentType) => {
    const answer = await send(emulator, { path: '/identities', body: '{}', headers: { 'Content-Type': contentType } });

    expect(answer.status).toBe(201);
  },
);

test('what takes no body does not look at one', async () => {
  const call: CallToSend = { path: revokePath(userId), body: '<xml/>', headers: { 'Content-Type': 'text/xml' } };

  expect((await send(emulator, call)).status).toBe(204);
});

test('a chunked body is read', async () => {
  const answer = await send(emulator, { path: issuePath(userId), body: { scopes: ['chat'] }, chunked: true });

  expect(answer.status).toBe(200);
});

test.each([false, true])('a body over 1 MiB is refused: 413 without a body (chunked: %s)', async (chunked) => {
  const body = `"${'x'.repeat(KIB * KIB)}"`;
  const answer = await send(emulator, { path: '/identities', body, headers: json, chunked });

  expect({ status: answer.status, text: answer.text }).toEqual({ status: 413, text: '' });
});

test('a large body within the limit is read', async () => {
  const body = JSON.stringify({ unknown: 'x'.repeat(KIB * KIB - 100) });

  expect((await send(emulator, { path: '/identities', body, headers: json })).status).toBe(201);
});

test('deeply nested JSON is refused as anything else of a wrong type', async () => {
  const body = `{"scopes":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;

  expect((await send(emulator, { path: issuePath(userId), body, headers: json })).status).toBe(400);
});

test('headers that are too large get 431, and the next call its answer', async () => {
  const large = await send(emulator, { path: '/identities', headers: { 'x-large': 'x'.repeat(20 * KIB) } });

  expect(large.status).toBe(431);
  expect((await send(emulator, { path: '/identities' })).status).toBe(201);
});
