// What is written of runs and users is right also when two change a run at once, when answers are lost, and when one run can't be written at all.
import { startStorage, type RunningStorage } from '../../local/storage';
import { AppError } from '../../src/base/errors';
import { openHistory, type History } from '../../src/history/openHistory';
import { newRunId } from '../../src/runs/runId';
import { resourceOf } from '../../src/identity/identityTypes';
import type { Run } from '../../src/runs/run';
import { sweep } from '../../src/workflow/sweep';
import { UnrecordedRuns } from '../../src/workflow/unrecordedRuns';
import { startMeddlingProxy, type MeddlingProxy } from '../app/meddlingProxy';
import { aRun } from '../history/runSamples';

let storage: RunningStorage;
let tables: MeddlingProxy;
let history: History;
let partitions = 0;

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  tables = await startMeddlingProxy(storage.tablePort);
});
afterAll(async () => {
  await tables.close();
  await storage.stop();
});
beforeEach(() => {
  tables.meddle = () => undefined;
  const connectionString = storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`);
  history = openHistory({ kind: 'connectionString', setting: 'X', connectionString }, `recording${(partitions += 1)}`);
});

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const user = (n: number) =>
  `8:acs:00000000-0000-4000-8000-000000000000_${String(n).padStart(8, '0')}-0000-0000-0000-000000000000`;
const entries = async () =>
  (await history.ledger.list({ startedBefore: Date.now() + 60_000 })).map(({ userId }) => userId);
const ledgerEntry = (run: Run, userId: string) => ({
  userId,
  runId: run.id,
  connection: run.connection,
  resourceId: resourceOf(userId),
  madeAt: run.startTime,
});

test.each([2, 4])('%i users of a run that are cleaned up at once leave it Clean', async (count) => {
  const users = Array.from({ length: count }, (_, n) => user(n));
  for (let round = 0; round < 5; round += 1) {
    const run = aRun({ start: minutesAgo(10 + round), status: 'Failed', cleanup: 'Pending', usersLeftBehind: users });
    await history.runs.save(run);
    await Promise.all(users.map((userId) => history.runs.cleaned({ runId: run.id, userId })));
    expect(await history.runs.get(run.id)).toMatchObject({ cleanup: 'Clean' });
    expect(await history.runs.get(run.id)).not.toHaveProperty('usersLeftBehind');
  }
  expect(await entries()).toEqual([]);
});

test('a run with more users than a transaction takes is kept, and its users can be found', async () => {
  const users = Array.from({ length: 130 }, (_, n) => user(n));
  const run = aRun({ start: minutesAgo(10), status: 'Failed', cleanup: 'Pending', usersLeftBehind: users });
  await history.runs.save(run);
  expect(new Set(await entries())).toEqual(new Set(users));
}, 60_000);

test('the entries of more deleted users than a transaction takes go with the last write of their run', async () => {
  const users = Array.from({ length: 60 }, (_, n) => user(n));
  const run = aRun({ start: minutesAgo(1), status: 'Running', cleanup: 'Pending' });
  await history.runs.save(run);
  for (const userId of users) await history.ledger.add(ledgerEntry(run, userId));
  await history.runs.save({ ...run, status: 'Succeeded', cleanup: 'Clean' }, users);
  expect(await entries()).toEqual([]);
}, 60_000);

test('the ledger entry of a deleted user goes with the last write of its run, also when it was written without anybody knowing', async () => {
  const run = aRun({ start: minutesAgo(1), status: 'Running', cleanup: 'Pending' });
  await history.runs.save(run);
  await history.ledger.add(ledgerEntry(run, user(1)));
  await history.runs.save({ ...run, status: 'Succeeded', cleanup: 'Clean' }, [user(1), user(2)]);
  expect(await entries()).toEqual([]);
  expect(await history.runs.get(run.id)).toMatchObject({ status: 'Succeeded', cleanup: 'Clean' });
});

test('of runs that were not recorded, one that can not be written keeps no other from being written', async () => {
  const [first, second] = [aRun({ start: minutesAgo(2) }), aRun({ start: minutesAgo(1) })];
  const runs = new UnrecordedRuns();
  for (const run of [first, second]) {
    await history.ledger.add(ledgerEntry(run, user(3)));
    runs.add(run, [user(3)]);
  }
  tables.meddle = ({ body }) => (body.includes(first.id) ? { answer: { status: 400 } } : undefined);
  await expect(runs.write(history.runs, { limitMs: 5_000 })).rejects.toBeInstanceOf(AppError);
  expect(await history.runs.get(second.id)).toMatchObject({ status: second.status });
  expect([runs.has(first.id), runs.has(second.id)]).toEqual([true, false]);
  tables.meddle = () => undefined;
  await runs.write(history.runs, { limitMs: 5_000 });
  expect(runs.size).toBe(0);
  expect(await entries()).toEqual([]);
});

test('runs that were not recorded are given up for now when the storage hangs', async () => {
  const runs = new UnrecordedRuns();
  runs.add(aRun({ start: minutesAgo(2) }), []);
  tables.meddle = () => ({ hang: true });
  await expect(runs.write(history.runs, { limitMs: 300 })).rejects.toThrow(/did not answer in time/);
  expect(runs.size).toBe(1);
});

test('a dead run that can not be closed keeps neither others from being closed, nor users from being deleted', async () => {
  const [stuck, other] = [
    aRun({ start: minutesAgo(8), status: 'Running', cleanup: 'Unknown' }),
    aRun({ start: minutesAgo(7), status: 'Running', cleanup: 'Unknown' }),
  ];
  for (const run of [stuck, other]) await history.runs.save(run);
  const runId = newRunId(Date.now() - 600_000);
  await history.ledger.add({
    userId: user(5),
    runId,
    connection: 'AcsIdentity',
    resourceId: '',
    madeAt: minutesAgo(10),
  });
  tables.meddle = ({ path, body }) =>
    path.includes('$batch') && body.includes(stuck.id) ? { answer: { status: 400 } } : undefined;
  const report = await sweep({
    ...history,
    actionsOn: () => Promise.resolve({ deleteUser: () => Promise.resolve() }),
    limitMs: 20_000,
  });
  expect(report).toMatchObject({ deleted: 1, left: [], failure: expect.stringMatching(/^The storage/) as string });
  expect(report.closed.map(({ id }) => id)).toEqual([other.id]);
});
