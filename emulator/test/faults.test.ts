import { CommunicationIdentityClient } from '@azure/communication-identity';
import { createIdentityEmulator, type Fault, type IdentityEmulator } from '../src';
import { chatWith, deletePath, newToken, newUser, send } from './sentCall';

let emulator: IdentityEmulator;
let lines: string[] = [];

beforeEach(async () => {
  lines = [];
  emulator = await createIdentityEmulator({ log: (line) => lines.push(line) });
});
afterEach(() => emulator.close());

const create = () => send(emulator, { path: '/identities' });
const statuses = () => emulator.requests().map(({ status }) => status);

test('the next call alone gets the fault, and no work is done', async () => {
  emulator.addFault({ status: 500 });
  const answers = [await create(), await create()];

  expect(answers.map(({ status }) => status)).toEqual([500, 201]);
  expect(answers[0]?.json).toMatchObject({ error: { code: 'InjectedFault' } });
  expect(emulator.users()).toHaveLength(1);
});

test('count calls of the operation named get the fault, others are answered', async () => {
  emulator.addFault({ operation: 'deleteIdentity', status: 503, count: 2 });
  const id = await newUser(emulator);
  const remove = async () => (await send(emulator, { method: 'DELETE', path: deletePath(id) })).status;

  expect([await remove(), await remove(), await remove()]).toEqual([503, 503, 204]);
});

test('faults come in the order in which they were added', async () => {
  emulator.addFault({ status: 500 });
  emulator.addFault({ operation: 'issueAccessToken', status: 418 });
  emulator.addFault({ status: 503 });

  expect([(await create()).status, (await create()).status, (await create()).status]).toEqual([500, 503, 201]);
});

test('an answer has the body, headers and content type that it was given, beside the usual headers', async () => {
  emulator.addFault({
    status: 429,
    headers: { 'Retry-After': '7' },
    body: { error: { code: 'TooManyRequests', message: 'Slow down.' } },
  });
  emulator.addFault({ status: 429 });
  emulator.addFault({ status: 200, body: 'plain', contentType: 'text/plain' });
  const [first, second, third] = [await create(), await create(), await create()];

  expect(first.json).toEqual({ error: { code: 'TooManyRequests', message: 'Slow down.' } });
  expect(first.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' });
  expect(first.headers['ms-cv']).toBeDefined();
  expect(second.headers).not.toHaveProperty('retry-after');
  expect(second.json).toMatchObject({ error: { code: 'TooManyRequests' } });
  expect({ ...third.headers, text: third.text }).toMatchObject({ 'content-type': 'text/plain', text: 'plain' });
});

test('a 502 without a body is a page, as a gateway gives it, and the SDK fails with it', async () => {
  emulator.addFault({ status: 502, count: 2 });
  const page = await create();
  const client = new CommunicationIdentityClient(emulator.connectionString, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });

  expect(page.headers['content-type']).toBe('text/html');
  expect(page.text).toMatch(/^<html>/);
  await expect(client.createUser()).rejects.toMatchObject({ name: 'RestError' });
});

test('a reset before the work makes no user, one after the work has made it', async () => {
  emulator.addFault({ operation: 'createIdentity', reset: 'before' });
  await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(emulator.users()).toHaveLength(0);

  emulator.addFault({ operation: 'createIdentity', reset: 'after' });
  await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(emulator.users()).toHaveLength(1);
  expect(statuses()).toEqual([undefined, undefined]);
});

test('the log says which outcomes are due to a fault', async () => {
  emulator.addFault({ status: 429, body: { text: 'not for the log' } });
  emulator.addFault({ status: 200, body: '{}' });
  emulator.addFault({ reset: 'before' });
  emulator.addFault({ reset: 'after' });
  for (let i = 0; i < 4; i += 1) await create().catch(() => undefined);

  const call = 'identity emulator: POST /identities?api-version=2023-10-01';
  expect(lines).toEqual([
    `${call} returned 429 because of a fault`,
    `${call} returned 200 because of a fault`,
    `${call} was reset before the work because of a fault`,
    `${call} was reset after the work because of a fault`,
  ]);
});

test('a delay alone comes before the usual answer', async () => {
  emulator.addFault({ delayMs: 150 });
  const startedAt = performance.now();
  const { status } = await create();

  expect(status).toBe(201);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149);
});

test('after a delay the work is done, though the client has gone away', async () => {
  emulator.addFault({ delayMs: 100 });
  const client = new CommunicationIdentityClient(emulator.connectionString, { allowInsecureConnection: true });
  await expect(client.createUser({ abortSignal: AbortSignal.timeout(30) })).rejects.toThrow();
  expect(emulator.users()).toHaveLength(0);

  await until(() => emulator.users().length === 1);
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isTrue(); tries += 1) await new Promise((done) => setTimeout(done, 10));
  expect(isTrue()).toBe(true);
}

test('closing does not wait for a delayed call', async () => {
  emulator.addFault({ delayMs: 60_000 });
  const failed = expect(create()).rejects.toThrow();
  await until(() => emulator.requests()[0]?.operation !== undefined);
  const startedAt = performance.now();
  await emulator.close();

  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await failed;
});

test('cleared faults do not come', async () => {
  emulator.addFault({ status: 500, count: 10 });
  expect((await create()).status).toBe(500);
  emulator.clearFaults();

  expect((await create()).status).toBe(201);
});

test('unknown paths use up no fault', async () => {
  emulator.addFault({ status: 500 });

  expect((await send(emulator, { path: '/nothing' })).status).toBe(404);
  expect((await create()).status).toBe(500);
});

test.each<[unknown, RegExp]>([
  [null, /is an object/],
  [{ operation: 'create' }, /^operation is one of createIdentity, /],
  [{ status: 99 }, /^status is a whole number from 200 to 599/],
  [{ count: 0 }, /^count is a whole number from 1/],
  [{ delayMs: -1 }, /^delayMs is a whole number/],
  [{ delay: 5 }, /^A fault has no field delay/],
  [{ reset: 'now' }, /^reset is 'before' or 'after'/],
  [{ reset: 'before', status: 500 }, /not both/],
  [{ body: 'alone' }, /go with a status/],
  [{ status: 500, headers: { 'Content-Length': '5' } }, /cannot set Content-Length/],
  [{ status: 500, headers: { 'a b': 'c' } }, /Header name/],
  [{ status: 500, contentType: 'a\r\nb: c' }, /Invalid character/],
])('the fault %j is refused', (fault, message) => {
  expect(() => emulator.addFault(fault as Fault)).toThrow(message);
});

describe('calls of the emulator’s own', () => {
  const own = (path: string, init: RequestInit = {}) => fetch(`${emulator.endpoint}emulator/${path}`, init);

  test('add and clear faults, and list the requests', async () => {
    const added = await own('faults', { method: 'POST', body: JSON.stringify({ status: 500, count: 2 }) });
    expect([added.status, (await create()).status]).toEqual([204, 500]);
    const cleared = await own('faults', { method: 'DELETE' });
    expect([cleared.status, (await create()).status]).toEqual([204, 201]);

    const { value } = (await (await own('requests')).json()) as { value: { status: number }[] };
    expect(value.map(({ status }) => status)).toEqual([500, 201]);
    expect((await own('requests', { method: 'DELETE' })).status).toBe(204);
    expect(emulator.requests()).toEqual([]);
  });

  test('list the faults that are still to come', async () => {
    emulator.addFault({ operation: 'deleteIdentity', status: 503 });
    emulator.addFault({ operation: 'createIdentity', status: 429, count: 3, headers: { 'Retry-After': '0' } });
    await create();
    const { value } = (await (await own('faults')).json()) as { value: Fault[] };

    expect(value).toEqual([
      { operation: 'deleteIdentity', status: 503, count: 1 },
      { operation: 'createIdentity', status: 429, count: 2, headers: { 'Retry-After': '0' } },
    ]);
    expect(emulator.faults()).toEqual(value);
    await own('faults', { method: 'DELETE' });
    expect(await (await own('faults')).json()).toEqual({ value: [] });
  });

  test('list and delete the users', async () => {
    const id = await newUser(emulator);
    const token = await newToken(emulator, id);
    const { value } = (await (await own('users')).json()) as { value: { id: string }[] };
    expect(value).toEqual([{ id, createdAt: expect.any(Number) as number }]);
    const deleted = await own('users', { method: 'DELETE' });

    expect(deleted.status).toBe(204);
    expect(emulator.users()).toEqual([]);
    expect(await chatWith(emulator, token)).toEqual({ status: 401, why: 'the user of the token was deleted' });
  });

  test('make a Teams token', async () => {
    const appId = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
    const userId = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
    const made = await own('teamsTokens', { method: 'POST', body: JSON.stringify({ appId, userId }) });
    const { token } = (await made.json()) as { token: string };
    const { status } = await send(emulator, {
      path: '/teamsUser/:exchangeAccessToken',
      body: { token, appId, userId },
    });

    expect([made.status, status]).toEqual([201, 200]);
  });

  test('say what is wrong with them', async () => {
    const wrong = await own('faults', { method: 'POST', body: '{"status":"500"}' });
    const noJson = await own('faults', { method: 'POST', body: 'status=500' });
    const noTeams = await own('teamsTokens', { method: 'POST', body: 'null' });

    expect([wrong.status, noJson.status, noTeams.status, (await own('nothing')).status]).toEqual([400, 400, 400, 404]);
    expect(await wrong.json()).toEqual({ error: 'status is a whole number from 200 to 599.' });
    expect(await (await own('nothing')).json()).toEqual({
      error: expect.stringMatching(
        /^The emulator has no such call\. It has GET \/\.well-known\/jwks\.json, GET \/emulator\/faults, POST .*POST \/emulator\/teamsTokens\.$/,
      ) as string,
    });
  });

  test('are refused to pages, and under another name', async () => {
    const call = { method: 'POST', path: '/emulator/faults', body: '{"status":500}', sign: false as const };
    const page = await send(emulator, { ...call, headers: { Origin: 'http://127.0.0.1:3000' } });
    const name = await send(emulator, { ...call, host: 'rebound.example' });

    expect([page.status, name.status, (await create()).status]).toEqual([403, 403, 201]);
  });
});
