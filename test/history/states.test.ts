import { startStorage, type RunningStorage } from '../../local/storage';
import { openHistory } from '../../src/history/openHistory';
import { unknownState, type ConnectionState } from '../../src/runs/connectionState';
import type { Run } from '../../src/runs/run';
import { aRun, at } from './runSamples';

let storage: RunningStorage;
let partitions = 0;
const rules = () => ({ failuresUntilFailing: 1, notify: true });

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
});
afterAll(() => storage.stop());

const place = () =>
  ({ kind: 'connectionString', setting: 'AzureWebJobsStorage', connectionString: storage.connectionString }) as const;
const scheduled = (minute: number, status: Run['status'], more: Partial<Run> = {}): Run =>
  aRun({ start: at(minute), endTime: at(minute), status, trigger: { name: 'Recurrence', kind: 'Timer' }, ...more });

describe.each([
  ['Azure Tables', () => openHistory(place(), `local-states${(partitions += 1)}`, undefined, rules)],
  ['memory', () => openHistory({ kind: 'memory' }, '', undefined, rules)],
] as const)('states kept in %s', (_name, open) => {
  test('the end of a scheduled run changes the state of its connection, and only its own', async () => {
    const { runs, states } = open();
    expect(await states.get('AcsIdentity')).toBeUndefined();
    const run = scheduled(1, 'Running');
    await runs.save(run);
    expect(await states.get('AcsIdentity')).toBeUndefined();
    await runs.save({ ...run, status: 'Failed', error: { code: 'E', message: 'no' } });
    await runs.save(scheduled(1, 'Succeeded', { connection: 'Second' }));
    await runs.save(aRun({ start: at(2) }));
    expect(await states.get('AcsIdentity')).toMatchObject({ state: 'Failing', lastRun: { id: run.id } });
    expect(await states.get('Second')).toMatchObject({ state: 'Healthy' });
    expect([states.hasWaiting('AcsIdentity'), states.hasWaiting('Second')]).toEqual([true, false]);
  });

  test('a run that is saved twice is counted once, one that was closed as dead and ended after all too', async () => {
    const { runs, states } = open();
    const dead = scheduled(1, 'Running');
    await runs.save(dead);
    await runs.close({ ...dead, status: 'Aborted' });
    expect(await states.get('AcsIdentity')).toBeUndefined();
    const failed: Run = { ...dead, status: 'Failed' };
    await runs.save(failed);
    await runs.save(failed);
    expect(await states.get('AcsIdentity')).toMatchObject({ consecutiveFailures: 1, incident: { runs: 1 } });
  });

  test('incidents are listed newest first, by connection and time, the open one too', async () => {
    const { runs, states } = open();
    for (const [minute, status] of [
      [1, 'Failed'],
      [2, 'Succeeded'],
      [3, 'Failed'],
      [4, 'Failed'],
    ] as const)
      await runs.save(scheduled(minute, status));
    await runs.save(scheduled(5, 'Failed', { connection: 'Second' }));
    const listed = async (query = {}) =>
      (await states.incidents(query)).map(({ connection, began, ended, runs: count }) => [
        connection,
        began,
        ended,
        count,
      ]);
    const open3 = ['AcsIdentity', at(3), undefined, 2];
    const ended1 = ['AcsIdentity', at(1), at(2), 1];
    expect(await listed()).toEqual([['Second', at(5), undefined, 1], open3, ended1]);
    expect(await listed({ connection: 'AcsIdentity' })).toEqual([open3, ended1]);
    expect(await listed({ until: Date.parse(at(3)) })).toEqual([ended1]);
    expect(await listed({ since: Date.parse(at(3)), connection: 'AcsIdentity' })).toEqual([open3]);
    expect(await listed({ top: 1 })).toHaveLength(1);
  });

  test('a change that makes nothing new writes nothing', async () => {
    const { states } = open();
    expect(await states.update('AcsIdentity', () => undefined)).toEqual({ state: undefined, changed: false });
    const state = unknownState('AcsIdentity', at(1));
    expect(await states.update('AcsIdentity', () => state)).toEqual({ state, changed: true });
  });
});

test('two instances at once: every change is made once', async () => {
  const partition = `local-states${(partitions += 1)}`;
  const [one, two] = [
    openHistory(place(), partition, undefined, rules),
    openHistory(place(), partition, undefined, rules),
  ];
  await one.runs.save(scheduled(0, 'Succeeded'));
  for (let minute = 1; minute <= 20; minute += 2) {
    await Promise.all([one.runs.save(scheduled(minute, 'Failed')), two.runs.save(scheduled(minute, 'Failed'))]);
  }
  const state = await two.states.get('AcsIdentity');
  // of two runs that started in the same millisecond each is counted
  expect(state?.consecutiveFailures).toBe(20);
  expect(state?.notifications.map(({ type }) => type)).toEqual(['failing']);
  const increment = (before: ConnectionState | undefined) => ({
    ...(before ?? unknownState('AcsIdentity', '')),
    consecutiveFailures: (before?.consecutiveFailures ?? 0) + 1,
  });
  await Promise.all([one, two, one, two].map(({ states }) => states.update('AcsIdentity', increment)));
  expect((await one.states.get('AcsIdentity'))?.consecutiveFailures).toBe(24);
});

test('incidents are deleted together with runs that are too old', async () => {
  const { runs, states } = openHistory(place(), `local-states${(partitions += 1)}`, undefined, rules);
  for (const [minute, status] of [
    [1, 'Failed'],
    [2, 'Succeeded'],
    [30, 'Failed'],
  ] as const)
    await runs.save(scheduled(minute, status));
  expect(await runs.maintain(Date.parse(at(10)), 10_000)).toBe(2);
  expect((await states.incidents({})).map(({ began }) => began)).toEqual([at(30)]);
});
