import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppError } from '../../src/base/errors';
import { FunctionUrlActions } from '../../src/identity/functionUrlActions';
import type { Attempt, CallOptions } from '../../src/identity/identityTypes';
import type { RetryClock } from '../../src/identity/retries';
import { fixedPort } from '../fixedPort';

const USER = '8:acs:11111111-1111-4111-8111-111111111111_00000026-0000-0000-0000-000000000001';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOngifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';
const TIMES = { startTime: '2026-01-31T12:00:00.000Z', endTime: '2026-01-31T12:00:01.000Z' };
const clock: RetryClock = { now: () => performance.now(), sleep: () => Promise.resolve(), random: () => 0.5 };

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;
let platform: Server;
let behaviour: Behaviour;
const seen: {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}[] = [];

beforeAll(async () => {
  platform = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      behaviour(request, response);
    });
  });
  await new Promise<void>((done) => platform.listen(0, '127.0.0.1', done));
});
afterAll(() => new Promise((done) => platform.close(done)));
beforeEach(() => {
  seen.length = 0;
});

const actions = (port = (platform.address() as AddressInfo).port) =>
  new FunctionUrlActions({ baseUrl: `http://127.0.0.1:${port}`, key: 'the-key', connection: 'Two', clock });
const operations = {
  createUser: (options?: CallOptions) => actions().createUser({}, options),
  issueToken: (options?: CallOptions) => actions().issueToken({ userId: USER, scopes: ['chat'] }, options),
  revokeTokens: (options?: CallOptions) => actions().revokeTokens({ userId: USER }, options),
  deleteUser: (options?: CallOptions) => actions().deleteUser({ userId: USER }, options),
};
const platformSays =
  (status: number): Behaviour =>
  (_request, response) =>
    void response.writeHead(status).end();
const appSays =
  (status: number, body: object, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) =>
    void response
      .writeHead(status, { 'x-ms-request-id': 'invocation', 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));
const resets: Behaviour = (request) => void request.socket.destroy();

test('calls go to the function URLs, with the key in a header and in no URL', async () => {
  behaviour = appSays(200, { token: 't', expiresOn: 'e' });
  await operations.issueToken({ clientTrackingId: 'track' });
  expect(seen).toMatchObject([
    {
      method: 'POST',
      url: `/api/users/${encodeURIComponent(USER)}/tokens?connection=Two`,
      headers: { 'x-functions-key': 'the-key', 'x-ms-client-tracking-id': 'track', 'content-type': 'application/json' },
      body: '{"scopes":["chat"]}',
    },
  ]);
  expect(seen[0]?.headers['content-length']).toBe('19');
});

test.each([
  [401, 'FunctionKeyDenied', 'WORKFLOW_FUNCTION_KEY'],
  [404, 'FunctionNotFound', 'disabled'],
])('the platform’s own %i is %s, which says what to check', async (status, code, hint) => {
  behaviour = platformSays(status);
  await expect(operations.createUser()).rejects.toMatchObject({
    code,
    message: expect.stringContaining(hint) as string,
  });
  expect(seen).toHaveLength(1);
});

// Access restrictions answer before the app and its keys: status, headers and length as App Service sends them ("403 Ip Forbidden", see
// https://learn.microsoft.com/azure/app-service/overview-access-restrictions). App Service Authentication answers 401 with a text.
test.each<[string, number, Record<string, string>, string]>([
  ['access restrictions', 403, { 'x-ms-forbidden-ip': '203.0.113.7', 'content-type': 'text/html' }, '<h2>403</h2>'],
  ['a stopped app', 403, { 'content-type': 'text/html' }, '<h2>Error 403 - This web app is stopped.</h2>'],
  ['a proxy', 403, {}, ''],
  ['App Service Authentication', 401, { 'www-authenticate': 'Bearer realm="x"' }, 'You do not have permission.'],
])('what %s answers does not blame the key (%i)', async (_who, status, headers, body) => {
  behaviour = (_request, response) => void response.writeHead(status, headers).end(body);
  const error = (await operations.issueToken().catch((thrown: unknown) => thrown)) as AppError;
  expect(error).toMatchObject({ status, code: 'FunctionForbidden' });
  expect(error.message).toMatch(/access restrictions/);
  expect(error.message).not.toContain('WORKFLOW_FUNCTION_KEY');
  expect(seen).toHaveLength(1);
});

test('something else that answers with success is no success', async () => {
  behaviour = (_request, response) => void response.end('<html>Welcome</html>');
  await expect(operations.createUser()).rejects.toMatchObject({ status: 502, code: 'FunctionUnavailable' });
});

test.each<[keyof typeof operations, string, Behaviour, number]>([
  ['createUser', 'the platform’s 503', platformSays(503), 1],
  ['issueToken', 'the platform’s 503', platformSays(503), 4],
  ['deleteUser', 'the platform’s 503', platformSays(503), 4],
  ['createUser', 'a reset', resets, 1],
  ['issueToken', 'a reset', resets, 4],
  [
    'issueToken',
    'an error that the app answers: the function has repeated already',
    appSays(502, { error: { code: 'ServiceUnavailable', message: 'x' } }),
    1,
  ],
  ['createUser', '429 of the app', appSays(429, { error: { code: 'Throttled', message: 'x' } }), 1],
])('%s after %s', async (name, _what, says, requests) => {
  behaviour = says;
  const attempts: Attempt[] = [];
  await expect(operations[name]({ onAttempt: (attempt) => attempts.push(attempt) })).rejects.toBeInstanceOf(Error);
  expect(seen).toHaveLength(requests);
  expect(attempts).toHaveLength(requests);
});

test('where nobody listens, a call is tried again, also to create a user', async () => {
  const port = await fixedPort();
  const attempts: Attempt[] = [];
  await expect(actions(port).createUser({}, { onAttempt: (attempt) => attempts.push(attempt) })).rejects.toMatchObject({
    code: 'FunctionUnavailable',
  });
  expect(attempts.map(({ code }) => code)).toEqual(Array(4).fill('ECONNREFUSED'));
});

test('attempts that the function repeated itself are reported before its own', async () => {
  const inner = [{ ...TIMES, code: 'ServiceUnavailable', clientRequestId: 'c' }];
  behaviour = appSays(201, { identity: { id: USER } }, { 'x-ms-retry-history': JSON.stringify(inner) });
  const attempts: Attempt[] = [];
  await operations.createUser({ onAttempt: (attempt) => attempts.push(attempt) });
  expect(attempts).toMatchObject([inner[0], { code: 'Created', serviceRequestId: 'invocation' }]);
});

test('attempts that are malformed are left out; texts and fields of the others are bounded', async () => {
  const good = { ...TIMES, code: 'ServiceUnavailable', clientRequestId: 'c', serviceRequestId: 'd' };
  const given = [
    'x',
    null,
    [],
    { ...good, code: 7 },
    { ...good, startTime: 'yesterday' },
    { ...good, endTime: '2026-13-01T00:00:00Z' },
    { ...good, code: 'x'.repeat(500), extra: 1, error: { code: 'c', message: `a ${JWT}`, more: 1 } },
  ];
  behaviour = appSays(201, { identity: { id: USER } }, { 'x-ms-retry-history': JSON.stringify(given) });
  const attempts: Attempt[] = [];
  await operations.createUser({ onAttempt: (attempt) => attempts.push(attempt) });
  expect(attempts.slice(0, -1)).toEqual([
    { ...good, code: `${'x'.repeat(99)}…`, error: { code: 'c', message: 'a [redacted]' } },
  ]);
});

test('texts of an error are cut, in one line, and redacted; what is no text is left out', async () => {
  const long = `${'m'.repeat(10)}\r\n2026 forged ${JWT} ${'m'.repeat(5_000)}`;
  behaviour = appSays(400, {
    error: {
      code: 'C'.repeat(10_000),
      message: long,
      target: JWT,
      details: [...Array<unknown>(60).fill({ code: 1, message: long, target: {} }), 'x', null],
      innererror: { code: long, 'ms-cv': 5, more: 'x' },
    },
  });
  const error = (await operations.createUser().catch((thrown: unknown) => thrown)) as AppError;
  expect(error.code).toHaveLength(100);
  expect(error.message.length).toBeLessThanOrEqual(1_000);
  expect(error.message).toMatch(/^m{10} 2026 forged \[redacted\] m+…$/);
  expect(error.target).toBe('[redacted]');
  expect(error.details).toHaveLength(50);
  expect(error.details?.[0]).toEqual({ code: '', message: error.message });
  expect(Object.keys(error.innererror ?? {})).toEqual(['code']);
  expect(error.innererror?.code).toBe('mmmmmmmmmm 2026 forged [redacted] …');
});

test('of an answer at most 1 MiB is read: the rest is not waited for', async () => {
  let written = 0;
  behaviour = (_request, response) => {
    response.writeHead(201, { 'x-ms-request-id': 'invocation', 'content-type': 'application/json' });
    const more = () => {
      if (response.destroyed) return;
      written += 65_536;
      if (response.write(' '.repeat(65_536))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };
  await expect(operations.createUser({ timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'FunctionUnavailable' });
  expect(written).toBeLessThan(50_000_000);
});

test("the app's error comes through with its code, target, details and ACS's own", async () => {
  const error = {
    code: 'InvalidRequest',
    message: 'm',
    target: 't',
    details: [{ code: 'c', message: 'd' }],
    innererror: { code: 'i' },
  };
  behaviour = appSays(400, { error });
  await expect(operations.createUser()).rejects.toMatchObject({ status: 400, ...error });
});

test('a delete whose first answer was lost succeeds when the user is gone', async () => {
  let calls = 0;
  behaviour = (request, response) => {
    calls += 1;
    if (calls === 1) resets(request, response);
    else appSays(404, { error: { code: 'UserNotFound', message: 'x' } })(request, response);
  };
  await expect(operations.deleteUser()).resolves.toBeUndefined();
});

test('a function that does not answer is cut off', async () => {
  behaviour = () => undefined;
  const started = Date.now();
  await expect(operations.createUser({ timeoutMs: 100 })).rejects.toMatchObject({
    status: 504,
    code: 'ServiceTimeout',
  });
  expect(Date.now() - started).toBeLessThan(2_000);
  platform.closeAllConnections();
});
