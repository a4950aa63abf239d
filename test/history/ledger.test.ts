import { startStorage, type RunningStorage } from '../../local/storage';
import type { Ledger } from '../../src/runs/ledger';
import { openHistory } from '../../src/history/openHistory';
import { newRunId } from '../../src/runs/runId';
import { at } from './runSamples';

let storage: RunningStorage;
let partitions = 0;

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
});
afterAll(() => storage.stop());

const tablesPlace = () =>
  ({ kind: 'connectionString', setting: 'AzureWebJobsStorage', connectionString: storage.connectionString }) as const;

describe.each([
  ['Azure Tables', () => openHistory(tablesPlace(), `local-ledger${(partitions += 1)}`).ledger],
  ['memory', () => openHistory({ kind: 'memory' }, '').ledger],
] as const)('users written down in %s', (_name, open) => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = open();
  });

  const entry = (minute: number, user = 'u') => ({
    userId: `8:acs:11111111-1111-4111-8111-111111111111_${user}/#?'`,
    runId: newRunId(Date.parse(at(minute))),
    connection: 'AcsIdentity',
    resourceId: '11111111-1111-4111-8111-111111111111',
    madeAt: at(minute),
  });

  test('are listed until they are removed, those of newer runs first', async () => {
    const [a, b] = [entry(1, 'a'), entry(2, 'b')];
    await ledger.add(a);
    await ledger.add(b);
    await ledger.add(b);
    expect(await ledger.list({ startedBefore: Date.parse(at(3)) })).toEqual([b, a]);
    expect(await ledger.list({ startedBefore: Date.parse(at(3)), top: 1 })).toEqual([b]);
    await ledger.remove(b);
    await ledger.remove(b);
    expect(await ledger.list({ startedBefore: Date.parse(at(3)) })).toEqual([a]);
  });

  test('are listed by when their run started, which must be earlier than asked', async () => {
    await ledger.add(entry(2));
    expect(await ledger.list({ startedBefore: Date.parse(at(2)) })).toEqual([]);
    expect(await ledger.list({ startedBefore: Date.parse(at(2)) + 1 })).toHaveLength(1);
  });
});
