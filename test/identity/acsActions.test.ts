import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { lastHealth, recordAcsOutcome } from '../../src/base/dependencyHealth';
import { AppError } from '../../src/base/errors';
import { describeError } from '../../src/base/redact';
import { AcsActions, type AcsActionsOptions } from '../../src/identity/acsActions';
import type { RetryClock } from '../../src/identity/retries';
import { Connections } from '../../src/identity/connections';
import type { Attempt, CallOptions } from '../../src/identity/identityTypes';
import { fixedPort } from '../fixedPort';

let emulator: IdentityEmulator;
let userId: string;
const waits: number[] = [];

/** Waits are noted, not waited for. */
const clock: RetryClock = {
  now: () => performance.now(),
  sleep: (ms) => {
    waits.push(Math.round(ms));
    return Promise.resolve();
  },
  random: () => 0.5,
};

async function actions(options: AcsActionsOptions = { clock }): Promise<AcsActions> {
  process.env.AcsIdentity = emulator.connectionString;
  return new AcsActions(await new Connections().get(undefined), options);
}

beforeEach(async () => {
  emulator = await createIdentityEmulator();
  userId = (await (await actions()).createUser({})).identity.id;
  emulator.clearRequests();
  waits.length = 0;
});
afterEach(() => emulator.close());

const operations = {
  createUser: (acs: AcsActions, options?: CallOptions) => acs.createUser({}, options),
  issueToken: (acs: AcsActions, options?: CallOptions) => acs.issueToken({ userId, scopes: ['chat'] }, options),
  revokeTokens: (acs: AcsActions, options?: CallOptions) => acs.revokeTokens({ userId }, options),
  deleteUser: (acs: AcsActions, options?: CallOptions) => acs.deleteUser({ userId }, options),
};
type Name = keyof typeof operations;

/** Faults as many as they come; what is asked is how many requests reach ACS. */
const ALWAYS = 100;

describe('requests that reach ACS, by operation and fault', () => {
  test.each<[Name, string, Parameters<IdentityEmulator['addFault']>[0], number, string]>([
    ['createUser', 'a reset after receipt', { reset: 'after', count: ALWAYS }, 1, 'ServiceUnavailable'],
    ['issueToken', 'a reset after receipt', { reset: 'after', count: ALWAYS }, 4, 'ServiceUnavailable'],
    ['revokeTokens', 'a reset after receipt', { reset: 'after', count: ALWAYS }, 4, 'ServiceUnavailable'],
    ['createUser', '503', { status: 503, count: ALWAYS }, 1, 'ServiceUnavailable'],
    ['issueToken', '503', { status: 503, count: ALWAYS }, 4, 'ServiceUnavailable'],
    ['revokeTokens', '503', { status: 503, count: ALWAYS }, 4, 'ServiceUnavailable'],
    ['deleteUser', '503', { status: 503, count: ALWAYS }, 4, 'ServiceUnavailable'],
    ['createUser', '408', { status: 408, count: ALWAYS }, 1, 'ServiceTimeout'],
    ['deleteUser', '408', { status: 408, count: ALWAYS }, 4, 'ServiceTimeout'],
    ['createUser', '429', { status: 429, count: ALWAYS }, 4, 'Throttled'],
    ['issueToken', '429', { status: 429, count: ALWAYS }, 4, 'Throttled'],
    [
      'createUser',
      '429 with Retry-After',
      { status: 429, headers: { 'retry-after': '2' }, count: ALWAYS },
      4,
      'Throttled',
    ],
    [
      'createUser',
      '429 with a Retry-After past the limit',
      { status: 429, headers: { 'retry-after': '120' }, count: ALWAYS },
      1,
      'Throttled',
    ],
    [
      'issueToken',
      '400',
      { status: 400, body: { error: { code: 'ValidationError', message: 'x' } }, count: ALWAYS },
      1,
      'InvalidRequest',
    ],
    [
      'issueToken',
      '401',
      { status: 401, body: { error: { code: 'Denied', message: 'x' } }, count: ALWAYS },
      1,
      'ConnectionDenied',
    ],
  ])('%s after %s', async (name, _what, fault, requests, code) => {
    emulator.addFault(fault);
    const attempts: Attempt[] = [];
    await expect(
      operations[name](await actions(), { onAttempt: (attempt) => attempts.push(attempt) }),
    ).rejects.toMatchObject({ code });
    expect(emulator.requests()).toHaveLength(requests);
    expect(attempts).toHaveLength(requests);
    expect(new Set(attempts.map(({ clientRequestId }) => clientRequestId)).size).toBe(requests);
    expect(emulator.requests().map(({ clientRequestId }) => clientRequestId)).toEqual(
      attempts.map(({ clientRequestId }) => clientRequestId),
    );
  });

  test('a refused connection is tried again, also to create a user, since nothing was received', async () => {
    await emulator.close();
    const port = await fixedPort();
    emulator = await createIdentityEmulator({ port });
    const acs = await actions();
    await acs.createUser({});
    await emulator.close();
    // the pool must hear that its socket was closed: a request on a dying one may have been received
    await new Promise((done) => setTimeout(done, 50));
    const attempts: Attempt[] = [];
    await expect(acs.createUser({}, { onAttempt: (attempt) => attempts.push(attempt) })).rejects.toMatchObject({
      status: 502,
      code: 'ServiceUnavailable',
    });
    expect(attempts.map(({ code }) => code)).toEqual(Array(4).fill('ECONNREFUSED'));
    emulator = await createIdentityEmulator({ port });
    expect((await acs.createUser({})).identity.id).toMatch(/^8:acs:/);
  });

  test('waits grow, and follow Retry-After', async () => {
    emulator.addFault({ status: 503, count: 2 });
    emulator.addFault({ status: 429, headers: { 'retry-after': '3' } });
    const attempts: Attempt[] = [];
    await operations.issueToken(await actions(), { onAttempt: (attempt) => attempts.push(attempt) });
    expect(waits).toEqual([500, 1000, 3000]);
    expect(attempts.map(({ code }) => code)).toEqual([
      'ServiceUnavailable',
      'ServiceUnavailable',
      'TooManyRequests',
      'OK',
    ]);
    expect(attempts.every(({ serviceRequestId }) => serviceRequestId)).toBe(true);
    expect(attempts[0]?.error?.code).toBe('ServiceUnavailable');
    expect(attempts[3]).not.toHaveProperty('error');
  });

  test('no retries where none are wanted', async () => {
    emulator.addFault({ status: 503, count: ALWAYS });
    await expect(operations.issueToken(await actions(), { retry: { count: 0, delaysMs: [] } })).rejects.toMatchObject({
      status: 502,
    });
    expect(emulator.requests()).toHaveLength(1);
  });
});

test("ACS's texts are cut, in one line and redacted before anything else", async () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOngifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';
  const key = /accesskey=([^;]+)/.exec(emulator.connectionString)?.[1] ?? '';
  const error = { code: 'c'.repeat(500), message: `No.\r\n2026 forged ${jwt} ${'m'.repeat(1_000_000)}`, target: key };
  emulator.addFault({ status: 400, headers: { 'ms-cv': 'v'.repeat(500) }, body: { error } });
  const attempts: Attempt[] = [];
  const thrown = (await operations
    .issueToken(await actions(), { onAttempt: (attempt) => attempts.push(attempt) })
    .catch((caught: unknown) => caught)) as AppError;
  expect(thrown).toMatchObject({ code: 'InvalidRequest', target: expect.stringContaining('[redacted]') as string });
  expect(thrown.target).not.toContain(key.slice(0, 8));
  expect(thrown.message).toMatch(/^ACS refuses the request: No\. 2026 forged \[redacted\] m+…$/);
  expect(thrown.message.length).toBeLessThan(1_100);
  expect(thrown.innererror?.code).toHaveLength(100);
  expect(thrown.innererror?.['ms-cv']).toHaveLength(100);
  expect(attempts[0]?.serviceRequestId).toHaveLength(100);
  expect(JSON.stringify(attempts).length).toBeLessThan(2_000);
});

test.each([
  ['malformed', '{"token": "OPAQUE'],
  ['of HTML', '<html>OPAQUE'],
  ['without its expiry', '{"token": "OPAQUE"}'],
])('an answer that is %s is not logged', async (_what, body) => {
  emulator.addFault({ status: 200, body, contentType: 'application/json' });
  const thrown = await operations.issueToken(await actions()).catch((caught: unknown) => caught);
  expect(thrown).toMatchObject({ status: 502, code: 'ServiceUnavailable' });
  expect(describeError(thrown)).toContain('caused by: ');
  expect(describeError(thrown)).not.toContain('OPAQUE');
});

test.each(['8:acs:a\nforged line', 'x'.repeat(100_000), ''])('what can not be a user id is none: %#', async (id) => {
  emulator.addFault({ status: 201, body: { identity: { id } } });
  await expect(operations.createUser(await actions())).rejects.toMatchObject({
    code: 'ServiceUnavailable',
    message: expect.stringContaining('ACS may have made a user') as string,
  });
});

describe('a defect of the app or the SDK', () => {
  async function defective(options?: AcsActionsOptions): Promise<AcsActions> {
    process.env.AcsIdentity = emulator.connectionString;
    const connection = await new Connections().get(undefined);
    const fails = () => Promise.reject(new TypeError('parts.map is not a function'));
    const client = Object.assign(Object.create(connection.client) as typeof connection.client, {
      createUser: fails,
      getToken: fails,
    });
    return new AcsActions({ ...connection, client }, options);
  }

  test('is InternalError, with its cause for the log, and is not retried', async () => {
    const attempts: Attempt[] = [];
    const thrown = (await operations
      .issueToken(await defective(), { onAttempt: (attempt) => attempts.push(attempt) })
      .catch((caught: unknown) => caught)) as AppError;
    expect(thrown).toMatchObject({ status: 500, code: 'InternalError', details: undefined });
    expect(thrown.message).not.toContain('parts.map');
    expect(describeError(thrown)).toMatch(/caused by: TypeError: parts\.map is not a function\n {4}at /);
    expect(attempts.map(({ code }) => code)).toEqual(['InternalError']);
  });

  test('leaves open whether createUser made a user', async () => {
    const thrown = await operations.createUser(await defective()).catch((caught: unknown) => caught);
    expect(thrown).toMatchObject({
      status: 500,
      code: 'InternalError',
      message: expect.stringContaining('ACS may have') as string,
      details: [{ code: 'UserMayExist' }],
    });
  });

  test('says nothing about the health of ACS', async () => {
    recordAcsOutcome('AcsIdentity', new AppError(504, 'ServiceTimeout', 'x'));
    const before = lastHealth('acs:AcsIdentity');
    await operations.issueToken(await defective({ onOutcome: recordAcsOutcome })).catch(() => undefined);
    expect(before).toMatchObject({ status: 'Unhealthy' });
    expect(lastHealth('acs:AcsIdentity')).toEqual(before);
  });
});

test('a delete whose answer was lost succeeds: on the second try there is no such user', async () => {
  emulator.addFault({ operation: 'deleteIdentity', reset: 'after' });
  emulator.addFault({
    operation: 'deleteIdentity',
    status: 401,
    body: { error: { code: 'IdentityNotOwned', message: 'x' } },
  });
  await operations.deleteUser(await actions());
  expect(emulator.users()).toEqual([]);
  expect(emulator.requests()).toHaveLength(2);
});

test('on the first try, no such user is an error', async () => {
  const foreign = '8:acs:99999999-9999-4999-8999-999999999999_00000026-0000-0000-0000-000000000001';
  await expect((await actions()).deleteUser({ userId: foreign })).rejects.toMatchObject({
    status: 404,
    code: 'UserNotFound',
  });
});

test('a call ends at its limit, when ACS does not answer', async () => {
  emulator.addFault({ delayMs: 5_000, count: ALWAYS });
  for (const [name, operation] of Object.entries(operations)) {
    const started = Date.now();
    // creating a user can't be repeated, so it has all the time of its action
    const limits = name === 'createUser' ? { timeoutMs: 150 } : {};
    await expect(operation(await actions({ clock, callMs: 150 }), limits)).rejects.toMatchObject({
      status: 504,
      code: 'ServiceTimeout',
    });
    expect(Date.now() - started).toBeLessThan(1_500);
  }
});

test('all attempts and waits together end at the limit of the action', async () => {
  emulator.addFault({ status: 503, count: ALWAYS });
  const started = Date.now();
  await expect(operations.issueToken(await actions({}), { timeoutMs: 700 })).rejects.toMatchObject({
    code: 'ServiceUnavailable',
  });
  expect(Date.now() - started).toBeLessThan(1_500);
  expect(emulator.requests()).toHaveLength(2);
});

test('a signal cuts a wait short', async () => {
  emulator.addFault({ status: 503, count: ALWAYS });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const started = Date.now();
  await expect(operations.issueToken(await actions({}), { signal: stop.signal })).rejects.toMatchObject({
    code: 'ServiceUnavailable',
  });
  expect(Date.now() - started).toBeLessThan(450);
});

test('one client, and as many sockets as calls at once, for the life of the process', async () => {
  const acs = await actions();
  const before = emulator.sockets().opened;
  for (let n = 0; n < 50; n += 1) await acs.createUser({});
  expect(emulator.sockets().opened - before).toBeLessThanOrEqual(1);
});

test('outcomes are told: a refused user shows that ACS is well', async () => {
  const outcomes: (string | undefined)[] = [];
  const acs = await actions({ clock, onOutcome: (_name, error) => outcomes.push(error?.code) });
  await acs.createUser({});
  emulator.addFault({ status: 503 });
  await acs.createUser({}).catch(() => undefined);
  expect(outcomes).toEqual([undefined, 'ServiceUnavailable']);
});

test('tokens have the scopes and the lifetime that were asked for; expiresOn has milliseconds and Z', async () => {
  const acs = await actions();
  const made = await acs.createUser({ createTokenWithScopes: ['chat', 'voip'], expiresInMinutes: 90 });
  const issued = await acs.issueToken({
    userId,
    scopes: ['chat.join', 'chat.join.limited', 'voip.join'],
    expiresInMinutes: 60,
  });
  for (const [token, scopes, minutes] of [
    [made.accessToken, 'chat,voip', 90],
    [issued, 'chat.join,chat.join.limited,voip.join', 60],
  ] as const) {
    const claims = JSON.parse(Buffer.from(token?.token.split('.')[1] ?? '', 'base64url').toString()) as {
      acsScope: string;
    };
    expect(claims.acsScope).toBe(scopes);
    expect(token?.expiresOn).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(token?.expiresOn ?? '') - Date.now() - minutes * 60_000)).toBeLessThan(10_000);
  }
});
