// Maintenance ends in its time, gets to every connection, and does nothing by a clock that is wrong. Real history in Azurite, real users in the emulator.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { AppError } from '../../src/base/errors';
import { openHistory, type History } from '../../src/history/openHistory';
import { AcsActions } from '../../src/identity/acsActions';
import { Connections } from '../../src/identity/connections';
import { newRunId } from '../../src/runs/runId';
import { resourceOf } from '../../src/identity/identityTypes';
import { maintain, type MaintenanceOptions } from '../../src/workflow/maintenance';
import { startMeddlingProxy, type MeddlingProxy } from '../app/meddlingProxy';
import { aRun } from '../history/runSamples';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let tables: MeddlingProxy;
let actions: AcsActions;
let history: History;
let partitions = 0;
const lines: string[] = [];
const add = (line: string) => void lines.push(line);
const log = { info: add, warn: add, error: add };
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  tables = await startMeddlingProxy(storage.tablePort);
  process.env.AcsIdentity = emulator.connectionString;
  actions = new AcsActions(await new Connections().get(undefined));
});
afterAll(async () => {
  delete process.env.AcsIdentity;
  await Promise.all([emulator.close(), tables.close()]);
  await storage.stop();
});
beforeEach(() => {
  lines.length = 0;
  tables.meddle = () => undefined;
  tables.dateAheadMs = 0;
  const connectionString = storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`);
  history = openHistory(
    { kind: 'connectionString', setting: 'X', connectionString },
    `maintenance${(partitions += 1)}`,
  );
});

/** A user that a run on `connection` left six minutes ago. */
async function leave(connection = 'AcsIdentity'): Promise<string> {
  const userId = (await actions.createUser({})).identity.id;
  const runId = newRunId(Date.now() - 6 * 60_000);
  await history.ledger.add({ userId, runId, connection, resourceId: resourceOf(userId), madeAt: minutesAgo(6) });
  return userId;
}

const exists = (userId: string) => emulator.users().some(({ id }) => id === userId);
/** Deletes nothing and never answers, as a connection whose network drops everything. */
const hanging = { deleteUser: () => new Promise<never>(() => undefined) };

const maintained = (more: Partial<MaintenanceOptions> = {}) =>
  maintain(log, () => ({ ...history, actionsOn: () => Promise.resolve(actions), keepDays: 30, ...more }));

test('sixty users and a slow storage: it ends in its time, and goes on the next time', async () => {
  const users: string[] = [];
  for (let n = 0; n < 60; n += 1) users.push(await leave());
  tables.meddle = () => ({ delayMs: 120 });
  const startedAt = performance.now();
  const { sweep, failure } = await maintained({ limitMs: 3_000 });
  expect(performance.now() - startedAt).toBeLessThan(3_400);
  expect(failure).toBeUndefined();
  expect(sweep?.isCutShort).toBe(true);
  expect(sweep?.deleted).toBeGreaterThan(3);
  tables.meddle = () => undefined;
  await maintained();
  expect(users.filter(exists)).toEqual([]);
}, 60_000);

test('a connection that hangs keeps neither the users of others, nor dead runs, nor retention from their turn', async () => {
  for (let n = 0; n < 16; n += 1) await leave('Hanging');
  const healthy = [await leave('Healthy'), await leave('Healthy'), await leave('Healthy')];
  const dead = aRun({ start: minutesAgo(7), status: 'Running', cleanup: 'Unknown' });
  const old = aRun({ start: minutesAgo(31 * 24 * 60) });
  for (const run of [dead, old]) await history.runs.save(run);
  const startedAt = performance.now();
  const { sweep } = await maintained({
    limitMs: 9_000,
    actionsOn: (connection) => Promise.resolve(connection === 'Hanging' ? hanging : actions),
  });
  expect(performance.now() - startedAt).toBeLessThan(9_500);
  expect(healthy.filter(exists)).toEqual([]);
  expect(sweep?.left).toHaveLength(16);
  expect(new Set(sweep?.left.map(({ connection }) => connection))).toEqual(new Set(['Hanging']));
  expect((await history.runs.get(dead.id))?.status).toBe('Aborted');
  expect(await history.runs.get(old.id)).toBeUndefined();
}, 60_000);

test('a connection that is throttled is left out for the rest of the time', async () => {
  for (let n = 0; n < 12; n += 1) await leave();
  let calls = 0;
  const throttled = {
    deleteUser: () => {
      calls += 1;
      return Promise.reject(new AppError(429, 'Throttled', 'ACS is throttling this resource.'));
    },
  };
  const { sweep } = await maintained({ actionsOn: () => Promise.resolve(throttled) });
  expect(sweep?.left).toHaveLength(12);
  expect(calls).toBeLessThanOrEqual(4);
});

test('the log names ten of many users that are left, and says how many there are', async () => {
  for (let n = 0; n < 14; n += 1) await leave();
  const refusing = { deleteUser: () => Promise.reject(new AppError(502, 'ConnectionDenied', 'ACS refuses.')) };
  await maintained({ actionsOn: () => Promise.resolve(refusing) });
  expect(lines.filter((line) => line.startsWith('User '))).toHaveLength(10);
  expect(lines).toContain('14 users are left in all. The first 10 are listed above.');
  expect(lines).toHaveLength(11);
});

test.each([
  ['ahead of', -100 * 86_400_000],
  ['ahead of', -300_000],
  ['behind', 120_000],
])('by a clock that is %s the storage by more than a minute nothing is deleted', async (which, dateAheadMs) => {
  const user = await leave();
  const old = aRun({ start: minutesAgo(31 * 24 * 60) });
  await history.runs.save(old);
  tables.dateAheadMs = dateAheadMs;
  const { sweep, failure } = await maintained();
  expect(sweep).toBeUndefined();
  expect(failure).toMatch(new RegExp(`^This machine's clock is \\d+ s ${which} the clock of the storage`));
  expect(exists(user)).toBe(true);
  expect(await history.runs.get(old.id)).toBeDefined();
  tables.dateAheadMs = 0;
  expect((await maintained()).sweep?.deleted).toBe(1);
});

test('a clock that is half a minute off is good enough', async () => {
  const user = await leave();
  tables.dateAheadMs = 30_000;
  expect((await maintained()).failure).toBeUndefined();
  expect(exists(user)).toBe(false);
});
