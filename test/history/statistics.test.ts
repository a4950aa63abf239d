// Azure Tables (Azurite): statistics of 10,000 runs are exact, and a question costs a known number of requests, each a range of keys.
import { TableClient } from '@azure/data-tables';
import { startStorage, type RunningStorage } from '../../local/storage';
import { TablePartition } from '../../src/history/tablePartition';
import { TABLE_NAME } from '../../src/history/openHistory';
import { statisticsOf, windowOf, type RunStatistics } from '../../src/runs/statistics';
import { TablesLedger } from '../../src/history/tablesLedger';
import { TablesRunStore } from '../../src/history/tablesRunStore';
import type { Run } from '../../src/runs/run';
import { aRun } from './runSamples';
import { seedHours, seedRuns } from './seedRuns';

const NOW = Date.parse('2026-05-20T12:30:00Z');
const RUNS = 10_000;
/** The newest ones, saved and not yet folded into their hours. */
const UNFOLDED = 50;
/** So many, the newest, have their own rows and those of the indexes as well. */
const LISTED = 1_000;
const DAY_MS = 86_400_000;
/** Runs are spread evenly over this time, the newest first. */
const SPREAD_MS = 31 * DAY_MS;
const STATUSES = [
  'Succeeded',
  'Succeeded',
  'Succeeded',
  'Failed',
  'Succeeded',
  'TimedOut',
  'Succeeded',
  'Aborted',
] as const;

let storage: RunningStorage;
let store: TablesRunStore;
let ledger: TablesLedger;
const requests: { method: string; path: string; filter: string | null }[] = [];

const runs: Run[] = Array.from({ length: RUNS }, (_, i) => {
  const status = STATUSES[i % STATUSES.length] ?? 'Succeeded';
  const start = new Date(NOW - Math.floor(((i + 0.5) * SPREAD_MS) / RUNS)).toISOString();
  // no two alike, and in no order of time
  const durationMs = ((i * 7919) % RUNS) + 100;
  return aRun({
    start,
    status,
    durationMs,
    connection: i % 5 === 0 ? 'Other' : 'AcsIdentity',
    tracking: `track-${i % 100}`,
  });
});

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const client = TableClient.fromConnectionString(storage.connectionString, TABLE_NAME, {
    allowInsecureConnection: true,
  });
  client.pipeline.addPolicy({
    name: 'recorder',
    sendRequest: (request, next) => {
      const url = new URL(request.url);
      requests.push({ method: request.method, path: url.pathname, filter: url.searchParams.get('$filter') });
      return next(request);
    },
  });
  const table = new TablePartition({
    client: () => Promise.resolve(client),
    partitionKey: 'stats',
    setting: 'X',
    limitMs: 60_000,
  });
  store = new TablesRunStore(table);
  ledger = new TablesLedger(table);
  await seedHours(table, runs.slice(UNFOLDED));
  for (const run of runs.slice(0, UNFOLDED)) await store.save(run);
  await seedRuns(table, runs.slice(UNFOLDED, LISTED));
}, 120_000);
afterAll(() => storage.stop());
beforeEach(() => {
  requests.length = 0;
});

/** A range of keys of the one partition, and nothing else. */
const KEY_RANGE = /^PartitionKey eq 'stats' and RowKey gt '[^']*' and RowKey lt '[^']*'$/;

function expectRanges(count: number): void {
  expect(requests.map(({ method }) => method)).toEqual(Array(count).fill('GET'));
  for (const { filter } of requests) expect(filter).toMatch(KEY_RANGE);
}

async function statistics(window: '24h' | '7d' | '30d', connection?: string): Promise<RunStatistics> {
  return statisticsOf(window, NOW, await store.hours({ ...windowOf(window, NOW), connection }), 0);
}

/** By another way than the code's: from the runs themselves, percentile by counting. */
function expected(sinceText: string, connection?: string) {
  const inWindow = runs.filter(
    (run) => run.startTime >= sinceText && (connection === undefined || run.connection === connection),
  );
  const durations = inWindow.filter(({ status }) => status !== 'Aborted').map(({ durationMs }) => durationMs ?? 0);
  const percentile = (part: number) => {
    const ranked = [...durations].sort((a, b) => a - b);
    return ranked.find((_, i) => (i + 1) / ranked.length >= part);
  };
  const succeeded = inWindow.filter(({ status }) => status === 'Succeeded').length;
  return {
    ended: inWindow.length,
    successRate: succeeded / inWindow.length,
    durationMs: { p50: percentile(0.5), p95: percentile(0.95) },
  };
}

test.each([
  ['24h', '2026-05-19T13:00:00.000Z', 24],
  ['7d', '2026-05-14T00:00:00.000Z', 7],
  ['30d', '2026-04-21T00:00:00.000Z', 30],
] as const)('over %s, from %s, they are exact, in all and for one connection', async (window, since, buckets) => {
  const all = await statistics(window);
  expect(all).toMatchObject({ since, ...expected(since) });
  expect(all.ended).toBeGreaterThan(300);
  expect(all.buckets).toHaveLength(buckets);
  expect(all.buckets[0]?.start).toBe(since);
  const sum = all.buckets.flatMap(({ counts }) => Object.values(counts)).reduce((a, b) => a + b, 0);
  expect(sum).toBe(all.ended);
  expect(await statistics(window, 'Other')).toMatchObject(expected(since, 'Other'));
});

test('a window of 30 days costs three ranges of keys, however many runs there were', async () => {
  await statistics('30d');
  expectRanges(3);
});

test('runs that ended since the last folding count too, exactly, at the same cost', async () => {
  const before = await statistics('24h');
  await store.save(aRun({ start: new Date(NOW - 1000).toISOString(), status: 'Failed', durationMs: 1 }));
  requests.length = 0;
  const after = await statistics('24h');
  expectRanges(3);
  expect(after.counts.Failed).toBe(before.counts.Failed + 1);
  expect(after.ended).toBe(before.ended + 1);
});

test('the newest page, and each filtered page, is one range of keys', async () => {
  const queries: Parameters<TablesRunStore['list']>[0][] = [
    {},
    { status: 'Failed' },
    { connection: 'Other', top: 100 },
    { clientTrackingId: 'track-7' },
    { status: 'Aborted', since: NOW - 2 * DAY_MS, until: NOW - DAY_MS, top: 10 },
  ];
  for (const query of queries) {
    requests.length = 0;
    const { value } = await store.list(query);
    expect(value.length).toBeGreaterThan(5);
    expectRanges(1);
  }
});

test('two filters at once read a bounded part of the narrower one', async () => {
  const { value } = await store.list({ status: 'Aborted', connection: 'Other', top: 25 });
  expect(value).toHaveLength(25);
  expect(requests.length).toBeLessThanOrEqual(9);
  expectRanges(requests.length);
});

test('a run by its id is one request for its row', async () => {
  const { id } = runs[500] ?? { id: '' };
  expect((await store.get(id))?.id).toBe(id);
  expect(requests).toEqual([
    { method: 'GET', path: expect.stringContaining(`RowKey='${id}'`) as string, filter: null },
  ]);
});

test('users that are left are one range of keys', async () => {
  await ledger.list({ startedBefore: NOW });
  expectRanges(1);
});

test('a run costs two transactions and a look at nothing', async () => {
  const run = aRun({ start: new Date(NOW).toISOString(), status: 'Running' });
  await store.save(run);
  await store.save({ ...run, status: 'Succeeded' });
  expect(requests.map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([
    ['POST', '$batch'],
    ['POST', '$batch'],
  ]);
});
