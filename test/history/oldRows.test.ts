// Rows that an older version wrote are read, listed, counted and cleaned up. The samples were written by the built app of the day in their name: a run
// that succeeded, two that left a user (one of them without an entry in the ledger, whose write had failed), one that was killed after it had made a
// user, and one that was killed while ACS made its user.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { startStorage, type RunningStorage } from '../../local/storage';
import { historyStatistics } from '../../src/history/historyStatistics';
import { openHistory, TABLE_NAME, type History } from '../../src/history/openHistory';
import { startOfRunId } from '../../src/runs/runId';
import { maintain } from '../../src/workflow/maintenance';

type Row = { rowKey: string } & Record<string, unknown>;
const rows = JSON.parse(readFileSync(join(__dirname, 'samples/rows-2026-11-24.json'), 'utf8')) as Row[];
const ids = rows.map(({ rowKey }) => rowKey).filter((key) => /^\d{29}CU00$/.test(key));
/** Ten minutes after the last run. */
const NOW = Math.max(...ids.map(startOfRunId)) + 600_000;
const [killedInCreation = '', killedWithUser = '', pendingUnlisted = '', pendingListed = '', succeeded = ''] = ids;

let storage: RunningStorage;
let history: History;
const deleted: string[] = [];
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const { connectionString } = storage;
  const client = TableClient.fromConnectionString(connectionString, TABLE_NAME, { allowInsecureConnection: true });
  await client.createTable();
  for (const row of rows) await client.createEntity({ ...row, partitionKey: 'old' });
  history = openHistory({ kind: 'connectionString', setting: 'X', connectionString }, 'old');
});
afterAll(() => storage.stop());

const statistics = () => historyStatistics(history, { window: '24h' }, NOW);
const cleanups = async (): Promise<Record<string, string>> => {
  const runs = await Promise.all(ids.map((id) => history.runs.get(id)));
  return Object.fromEntries(runs.map((run) => [run?.id ?? '', `${run?.status} ${run?.cleanup}`]));
};
const maintained = () =>
  maintain(log, () => ({
    ...history,
    // the clock of this test is that of the samples
    clockSkewMs: () => undefined,
    keepDays: 36_500,
    now: () => NOW,
    actionsOn: () =>
      Promise.resolve({
        deleteUser: ({ userId }) => {
          deleted.push(userId);
          return Promise.resolve();
        },
      }),
  }));

test('they are listed and read', async () => {
  const { value } = await history.runs.list({});
  expect(value.map(({ id, status }) => [id, status])).toEqual([
    [killedInCreation, 'Running'],
    [killedWithUser, 'Running'],
    [pendingUnlisted, 'Failed'],
    [pendingListed, 'Failed'],
    [succeeded, 'Succeeded'],
  ]);
  expect((await history.runs.get(succeeded))?.actions).toHaveLength(4);
});

test('they are counted', async () => {
  expect(await statistics()).toMatchObject({
    counts: { Running: 2, Succeeded: 1, Failed: 2, TimedOut: 0, Aborted: 0 },
    usersLeftBehind: 2,
    usersUnknown: 0,
  });
});

test('their users are deleted: those in the ledger at once, one that only its run names by the next maintenance', async () => {
  const first = await maintained();
  expect(first).toMatchObject({ failure: undefined, sweep: { deleted: 2, left: [] } });
  expect(first.sweep?.closed.map(({ id }) => id).sort()).toEqual([killedInCreation, killedWithUser].sort());
  expect(await statistics()).toMatchObject({ usersLeftBehind: 1, usersUnknown: 1 });
  expect(await maintained()).toMatchObject({ failure: undefined, sweep: { deleted: 1, left: [], closed: [] } });
  expect(new Set(deleted).size).toBe(3);
  expect(await cleanups()).toEqual({
    [succeeded]: 'Succeeded Clean',
    [pendingListed]: 'Failed Clean',
    [pendingUnlisted]: 'Failed Clean',
    [killedWithUser]: 'Aborted Clean',
    [killedInCreation]: 'Aborted Unknown',
  });
  expect(await statistics()).toMatchObject({
    counts: { Running: 0, Succeeded: 1, Failed: 2, TimedOut: 0, Aborted: 2 },
    usersLeftBehind: 0,
    usersUnknown: 1,
  });
  expect(await maintained()).toMatchObject({ sweep: { deleted: 0, left: [] } });
});
