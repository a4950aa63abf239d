import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startStorage, type RunningStorage } from '../../local/storage';
import { TablePartition } from '../../src/history/tablePartition';
import { openHistory, TABLE_NAME } from '../../src/history/openHistory';
import type { RunStore } from '../../src/runs/runStore';
import { TablesRunStore } from '../../src/history/tablesRunStore';
import { TableClient } from '@azure/data-tables';
import { aRun, anAction, at } from './runSamples';

let storage: RunningStorage;
let partitions = 0;

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
});
afterAll(() => storage.stop());

const tablesPlace = () =>
  ({ kind: 'connectionString', setting: 'AzureWebJobsStorage', connectionString: storage.connectionString }) as const;

describe.each([
  ['Azure Tables', () => openHistory(tablesPlace(), `local-test${(partitions += 1)}`).runs],
  ['memory', () => openHistory({ kind: 'memory' }, '').runs],
] as const)('runs kept in %s', (_name, open) => {
  let store: RunStore;
  beforeEach(() => {
    store = open();
  });

  test('a saved run comes back whole', async () => {
    const run = aRun({
      actions: [anAction({ outputs: { identity: { id: '8:acs:x' } }, inputs: { scopes: ['chat'] } })],
    });
    await store.save(run);
    expect(await store.get(run.id)).toEqual(run);
  });

  test('an unknown id and a text that is no id find nothing', async () => {
    expect(await store.get(aRun().id)).toBeUndefined();
    expect(await store.get("x' or RowKey ne '")).toBeUndefined();
  });

  test('the end of a run replaces its start, and its old status finds it no longer', async () => {
    const run = aRun({ status: 'Running' });
    await store.save(run);
    expect((await store.list({ status: 'Running' })).value.map(({ id }) => id)).toEqual([run.id]);
    await store.save({ ...run, status: 'Failed', error: { code: 'ActionFailed', message: 'x' } });
    expect((await store.list({ status: 'Running' })).value).toEqual([]);
    expect((await store.list({ status: 'Failed' })).value.map(({ id }) => id)).toEqual([run.id]);
    expect((await store.get(run.id))?.status).toBe('Failed');
    expect((await store.list({})).value).toHaveLength(1);
  });

  test('an end without a start is kept', async () => {
    const run = aRun({ status: 'Succeeded' });
    await store.save(run);
    await store.save(run);
    expect((await store.list({ status: 'Succeeded' })).value).toHaveLength(1);
  });

  test('a run that died is closed once, and its real end still beats that', async () => {
    const run = aRun({ status: 'Running' });
    const day = { since: Date.parse(at(0)) - 86_400_000, until: Date.parse(at(60)) };
    const counts = async () => (await store.hours(day)).map((hour) => hour.counts);
    await store.save(run);
    expect(await counts()).toEqual([]);
    expect(await store.close({ ...run, status: 'Aborted' })).toEqual([]);
    expect(await store.close({ ...run, status: 'Aborted' })).toBeUndefined();
    expect(await counts()).toEqual([{ Succeeded: 0, Failed: 0, TimedOut: 0, Aborted: 1 }]);
    await store.save({ ...run, status: 'Succeeded' });
    expect(await store.close({ ...run, status: 'Aborted' })).toBeUndefined();
    expect((await store.get(run.id))?.status).toBe('Succeeded');
    expect(await counts()).toEqual([{ Succeeded: 1, Failed: 0, TimedOut: 0, Aborted: 0 }]);
    await store.maintain(0, 5_000);
    await store.save({ ...run, status: 'Succeeded', cleanup: 'Clean' });
    expect(await counts()).toEqual([{ Succeeded: 1, Failed: 0, TimedOut: 0, Aborted: 0 }]);
  });

  test('a run that nobody began is not closed', async () => {
    const run = aRun({ status: 'Aborted' });
    expect(await store.close(run)).toBeUndefined();
    expect(await store.get(run.id)).toBeUndefined();
  });

  test('hours hold the ends of runs that began in them, of all connections or of one, folded or not', async () => {
    const runs = [
      aRun({ start: at(1), durationMs: 30, connection: 'One' }),
      aRun({ start: at(59), durationMs: 10, connection: 'Two', status: 'Failed' }),
      aRun({ start: at(60), durationMs: 20, connection: 'One', status: 'TimedOut' }),
      aRun({ start: at(61), durationMs: 5, connection: 'One', status: 'Aborted' }),
      aRun({ start: at(120), connection: 'One' }),
    ];
    const query = { since: Date.parse(at(0)), until: Date.parse(at(120)) };
    const told = async (connection?: string) =>
      (await store.hours({ ...query, connection }))
        .sort((a, b) => a.startMs - b.startMs)
        .map(({ startMs, counts, durationsMs }) => [
          new Date(startMs).toISOString(),
          Object.values(counts),
          durationsMs.toSorted((a, b) => a - b),
        ]);
    for (const run of runs.slice(0, 3)) await store.save(run);
    await store.maintain(0, 5_000);
    for (const run of runs.slice(3)) await store.save(run);
    for (let folded = 0; folded < 2; folded += 1) {
      expect(await told()).toEqual([
        [at(0), [1, 1, 0, 0], [10, 30]],
        [at(60), [0, 0, 1, 1], [20]],
      ]);
      expect(await told('Two')).toEqual([[at(0), [0, 1, 0, 0], [10]]]);
      await store.maintain(0, 5_000);
    }
  });

  test('runs that are older than is kept are deleted, with all that finds them', async () => {
    const old = Array.from({ length: 60 }, (_, minute) => aRun({ start: at(minute), tracking: 'same' }));
    const kept = aRun({ start: at(60), tracking: 'same' });
    for (const run of [...old, kept]) await store.save(run);
    expect(await store.maintain(Date.parse(at(60)), 20_000)).toBe(60);
    for (const query of [
      {},
      { status: 'Succeeded' as const },
      { connection: 'AcsIdentity' },
      { clientTrackingId: 'same' },
    ]) {
      expect((await store.list(query)).value.map(({ id }) => id)).toEqual([kept.id]);
    }
    expect(await store.get(old[7]?.id ?? '')).toBeUndefined();
    expect(await store.maintain(Date.parse(at(60)), 20_000)).toBe(0);
  });

  test('a list is newest first, without inputs and outputs', async () => {
    const runs = [1, 3, 2].map((minute) =>
      aRun({ start: at(minute), actions: [anAction({ inputs: { a: 1 }, outputs: { b: 2 } })] }),
    );
    for (const run of runs) await store.save(run);
    const { value, continuationToken } = await store.list({});
    expect(value.map(({ startTime }) => startTime)).toEqual([at(3), at(2), at(1)]);
    expect(value[0]?.actions[0]).toMatchObject({ name: 'Create_a_user', status: 'Succeeded' });
    expect(value[0]?.actions[0]).not.toHaveProperty('inputs');
    expect(value[0]?.actions[0]).not.toHaveProperty('outputs');
    expect(continuationToken).toBeUndefined();
  });

  test('pages follow each other without gap or repetition', async () => {
    const runs = Array.from({ length: 7 }, (_, minute) => aRun({ start: at(minute) }));
    for (const run of runs) await store.save(run);
    const seen: string[] = [];
    let continuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await store.list({ top: 3, continuationToken });
      seen.push(...page.value.map(({ id }) => id));
      continuationToken = page.continuationToken;
      pages += 1;
    } while (continuationToken !== undefined);
    expect(seen).toEqual(runs.map(({ id }) => id).reverse());
    expect(pages).toBe(3);
  });

  test('a page that holds exactly the rest has no continuation', async () => {
    for (const minute of [1, 2]) await store.save(aRun({ start: at(minute) }));
    expect(await store.list({ top: 2 })).not.toHaveProperty('continuationToken');
  });

  test('runs are filtered by status, connection, tracking id and time, alone and together', async () => {
    const a = aRun({ start: at(1), status: 'Failed', connection: 'One', tracking: 'order 1/2#?' });
    const b = aRun({ start: at(2), status: 'Succeeded', connection: 'One' });
    const c = aRun({ start: at(3), status: 'Failed', connection: 'Two' });
    for (const run of [a, b, c]) await store.save(run);
    const ids = async (query: Parameters<RunStore['list']>[0]) => (await store.list(query)).value.map(({ id }) => id);
    expect(await ids({ status: 'Failed' })).toEqual([c.id, a.id]);
    expect(await ids({ connection: 'One' })).toEqual([b.id, a.id]);
    expect(await ids({ connection: 'On' })).toEqual([]);
    expect(await ids({ clientTrackingId: 'order 1/2#?' })).toEqual([a.id]);
    expect(await ids({ since: Date.parse(at(2)) })).toEqual([c.id, b.id]);
    expect(await ids({ until: Date.parse(at(2)) })).toEqual([a.id]);
    expect(await ids({ since: Date.parse(at(2)), until: Date.parse(at(3)) })).toEqual([b.id]);
    expect(await ids({ status: 'Failed', connection: 'One' })).toEqual([a.id]);
    expect(await ids({ status: 'Failed', connection: 'One', since: Date.parse(at(2)) })).toEqual([]);
    expect(await ids({ status: 'Failed', top: 1 })).toEqual([c.id]);
  });

  test('a filtered list pages too, also with two filters', async () => {
    for (let minute = 0; minute < 6; minute += 1) {
      await store.save(
        aRun({
          start: at(minute),
          status: minute % 2 ? 'Failed' : 'Succeeded',
          connection: minute < 4 ? 'One' : 'Two',
        }),
      );
    }
    const first = await store.list({ status: 'Failed', top: 2 });
    const second = await store.list({ status: 'Failed', top: 2, continuationToken: first.continuationToken });
    expect([...first.value, ...second.value].map(({ startTime }) => startTime)).toEqual([at(5), at(3), at(1)]);
    const both = await store.list({ status: 'Failed', connection: 'One', top: 1 });
    const rest = await store.list({
      status: 'Failed',
      connection: 'One',
      top: 1,
      continuationToken: both.continuationToken,
    });
    expect([...both.value, ...rest.value].map(({ startTime }) => startTime)).toEqual([at(3), at(1)]);
  });

  test('an action too long for a property is shortened and says so; the rest of the run is whole', async () => {
    const run = aRun({ actions: [anAction({ outputs: { text: 'ö'.repeat(70_000) } }), anAction({ name: 'Next' })] });
    await store.save(run);
    const kept = await store.get(run.id);
    expect(kept?.actions.map(({ name }) => name)).toEqual(['Create_a_user', 'Next']);
    if (store.kind === 'tables') expect(kept?.actions[0]?.outputs).toMatchObject({ shortened: true });
  });

  test('check resolves', async () => {
    await expect(store.check()).resolves.toBeUndefined();
  });
});

describe('runs kept in Azure Tables', () => {
  const client = () =>
    TableClient.fromConnectionString(storage.connectionString, TABLE_NAME, { allowInsecureConnection: true });

  test('a run that another process closed meanwhile ends with its real verdict', async () => {
    const partition = `local-test${(partitions += 1)}`;
    const store = openHistory(tablesPlace(), partition).runs;
    const run = aRun({ status: 'Running' });
    await store.save(run);
    await openHistory(tablesPlace(), partition).runs.save({ ...run, status: 'Aborted' });
    expect((await store.get(run.id))?.status).toBe('Aborted');
    await store.save({ ...run, status: 'Succeeded' });
    expect((await store.get(run.id))?.status).toBe('Succeeded');
    expect((await store.list({ status: 'Aborted' })).value).toEqual([]);
    expect((await store.list({ status: 'Succeeded' })).value).toHaveLength(1);
  });

  test('a run makes its own row and three index rows, an action a property', async () => {
    const partition = `local-test${(partitions += 1)}`;
    const run = aRun({ status: 'Succeeded', actions: [anAction({}), anAction({ name: 'Next' })] });
    await openHistory(tablesPlace(), partition).runs.save(run);
    const rows = [];
    for await (const row of client().listEntities({ queryOptions: { filter: `PartitionKey eq '${partition}'` } }))
      rows.push(row);
    expect(rows.map(({ rowKey }) => rowKey).filter((key) => key?.endsWith(run.id))).toHaveLength(4);
    expect(rows.find(({ rowKey }) => rowKey === run.id)).toMatchObject({
      actionCount: 2,
      action1: expect.stringContaining('Next') as string,
    });
  });

  test('a storage that nobody serves is unavailable within the limit, and the message names the setting only', async () => {
    const place = { ...tablesPlace(), connectionString: storage.connectionString.replace(/:\d+\//, ':1/') };
    const error = await openHistory(place, 'x')
      .runs.check()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      status: 503,
      code: 'StorageUnavailable',
      message: expect.stringContaining("'AzureWebJobsStorage'") as string,
    });
    expect((error as Error).message).not.toContain('AccountKey');
  });

  test('a storage that takes the connection and says nothing is unavailable at the limit', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const store = new TablesRunStore(
      new TablePartition({
        client: () =>
          Promise.resolve(
            TableClient.fromConnectionString(storage.connectionString.replace(/:\d+\//, `:${port}/`), TABLE_NAME, {
              allowInsecureConnection: true,
            }),
          ),
        partitionKey: 'x',
        setting: 'AzureWebJobsStorage',
        limitMs: 200,
      }),
    );
    const started = Date.now();
    await expect(store.save(aRun())).rejects.toMatchObject({ code: 'StorageUnavailable', status: 503 });
    await expect(store.list({})).rejects.toMatchObject({ message: expect.stringContaining('in time') as string });
    expect(Date.now() - started).toBeLessThan(2_000);
    silent.close();
  });

  test('a connection string that is none is a setting to mend, and is not repeated', async () => {
    const error = await openHistory({ ...tablesPlace(), connectionString: 'AccountKey=SENTINEL' }, 'x')
      .runs.check()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'Misconfigured', target: 'AzureWebJobsStorage' });
    expect(JSON.stringify(error) + String(error)).not.toContain('SENTINEL');
  });
});
