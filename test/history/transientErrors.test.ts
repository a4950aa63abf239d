// Errors of the storage that pass: real rows in Azurite, behind a proxy that answers as Azure Tables does.
import { startStorage, type RunningStorage } from '../../local/storage';
import { TableServiceClient } from '@azure/data-tables';
import { openHistory, TABLE_NAME, type History } from '../../src/history/openHistory';
import { newRunId } from '../../src/runs/runId';
import { startMeddlingProxy, type Asked, type Meddling, type MeddlingProxy } from '../app/meddlingProxy';
import { aRun, at } from './runSamples';
import { failure, failureInTransaction } from './serviceAnswers';

let storage: RunningStorage;
let proxy: MeddlingProxy;
let history: History;
let partitions = 0;

beforeAll(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  proxy = await startMeddlingProxy(storage.tablePort);
});
afterAll(async () => {
  await proxy.close();
  await storage.stop();
});
beforeEach(async () => {
  proxy.meddle = () => undefined;
  const connectionString = storage.connectionString.replace(`:${storage.tablePort}/`, `:${proxy.port}/`);
  const place = { kind: 'connectionString', setting: 'X', connectionString } as const;
  history = openHistory(place, `local-passing${(partitions += 1)}`);
  // makes the table
  await history.ledger.add(entry());
  await history.ledger.remove(entry());
});

const USER = '8:acs:11111111-1111-4111-8111-111111111111_00000017-ceff-3baa-6763-563a0d007797';
const RUN_ID = newRunId(Date.parse(at(1)));
const entry = () => ({
  userId: USER,
  runId: RUN_ID,
  connection: 'AcsIdentity',
  resourceId: '11111111-1111-4111-8111-111111111111',
  madeAt: at(1),
});
const running = () => aRun({ id: RUN_ID, tracking: RUN_ID, start: at(1), status: 'Running', cleanup: 'Unknown' });
const ended = () => aRun({ id: RUN_ID, tracking: RUN_ID, start: at(1), status: 'Succeeded', cleanup: 'Clean' });
const written = async () => (await history.ledger.list({ startedBefore: Date.parse(at(60)) })).map((one) => one.userId);
const counts = async () =>
  (await history.runs.hours({ since: Date.parse(at(0)), until: Date.parse(at(60)) })).map((hour) => hour.counts);
const SUCCEEDED_ONCE = [{ Succeeded: 1, Failed: 0, TimedOut: 0, Aborted: 0 }];

const isTransaction = ({ path }: Asked) => path.includes('$batch');
/** Does this to the first `count` transactions. Returns how many there were. */
function meddleWithTransactions(meddling: Meddling, count = 1): () => number {
  let seen = 0;
  proxy.meddle = (asked) => (isTransaction(asked) && (seen += 1) <= count ? meddling : undefined);
  return () => seen;
}

describe.each([408, 500, 503])('an error %d inside a transaction, which comes with HTTP 202', (status) => {
  test('is repeated until it passes', async () => {
    await history.runs.save(running());
    const transactions = meddleWithTransactions({ answer: failureInTransaction(status) }, 2);
    await history.runs.save(ended());
    expect(transactions()).toBe(3);
    expect((await history.runs.get(RUN_ID))?.status).toBe('Succeeded');
    expect(await counts()).toEqual(SUCCEEDED_ONCE);
  });
});

test('an error inside a transaction that does not pass is reported with its status', async () => {
  meddleWithTransactions({ answer: failureInTransaction(503) }, Infinity);
  const startedAt = performance.now();
  await expect(history.runs.save(running())).rejects.toThrow("(setting 'X') failed (503).");
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('a conflict inside a transaction is not repeated', async () => {
  const run = running();
  await history.runs.save(run);
  const transactions = meddleWithTransactions({ answer: failureInTransaction(412) }, Infinity);
  await expect(history.runs.save(ended())).rejects.toThrow('(412)');
  // those of `save`, which looks at the row again each time
  expect(transactions()).toBe(4);
});

describe.each<[string, Meddling]>([
  ['is lost', { loseAnswer: true }],
  // "The operation could not be completed within the permitted time": the documents do not say that it was not done
  ['is an error 500', { answerAfterwards: failureInTransaction(500) }],
])('where the work is done and its answer %s', (_name, meddling) => {
  test('a run begins', async () => {
    const transactions = meddleWithTransactions(meddling);
    await history.runs.save(running());
    expect(transactions()).toBe(2);
    expect(await history.runs.get(RUN_ID)).toEqual(running());
    await history.runs.save(ended());
    expect(await history.runs.get(RUN_ID)).toEqual(ended());
  });

  test('a run ends once, and its deleted user is removed from the ledger', async () => {
    await history.runs.save(running());
    await history.ledger.add(entry());
    const transactions = meddleWithTransactions(meddling);
    await history.runs.save(ended(), [USER]);
    expect(transactions()).toBe(2);
    expect(await history.runs.get(RUN_ID)).toEqual(ended());
    expect(await written()).toEqual([]);
    expect(await counts()).toEqual(SUCCEEDED_ONCE);
    expect((await history.runs.list({ status: 'Running' })).value).toEqual([]);
  });

  test('a run that died is reported as closed, with its users', async () => {
    await history.runs.save(running());
    meddleWithTransactions(meddling);
    const closed = aRun({ ...running(), status: 'Aborted', cleanup: 'Pending', usersLeftBehind: [USER] });
    expect(await history.runs.close(closed)).toEqual([expect.objectContaining({ userId: USER, runId: RUN_ID })]);
    expect(await written()).toEqual([USER]);
  });

  test('a user that was left is removed from its run and from the ledger', async () => {
    await history.runs.save(aRun({ ...ended(), cleanup: 'Pending', usersLeftBehind: [USER] }));
    meddleWithTransactions(meddling);
    await history.runs.cleaned(entry());
    expect((await history.runs.get(RUN_ID))?.cleanup).toBe('Clean');
    expect(await written()).toEqual([]);
  });

  test('ends are counted once, and old runs are deleted', async () => {
    await history.runs.save(running());
    await history.runs.save(ended());
    meddleWithTransactions(meddling, 2);
    await history.runs.maintain(0, 10_000);
    expect(await counts()).toEqual(SUCCEEDED_ONCE);
    meddleWithTransactions(meddling);
    expect(await history.runs.maintain(Date.parse(at(60)), 10_000)).toBe(1);
    expect(await history.runs.get(RUN_ID)).toBeUndefined();
  });
});

test('a run that ends while its closing as dead is repeated is not closed', async () => {
  await history.runs.save(running());
  const process = openHistory(
    { kind: 'connectionString', setting: 'X', connectionString: storage.connectionString },
    `local-passing${partitions}`,
  );
  let wasEnded: Promise<unknown> | undefined;
  proxy.meddle = (asked) => {
    if (!isTransaction(asked) || wasEnded) return undefined;
    wasEnded = process.runs.save(ended());
    return { answer: failureInTransaction(503) };
  };
  expect(await history.runs.close(aRun({ ...running(), status: 'Aborted' }))).toBeUndefined();
  await wasEnded;
  expect((await history.runs.get(RUN_ID))?.status).toBe('Succeeded');
});

test('the progress of a run is written although an answer is lost', async () => {
  await history.runs.save(running());
  let lost = 0;
  proxy.meddle = ({ method }) => (method === 'PUT' && (lost += 1) === 1 ? { loseAnswer: true } : undefined);
  await history.runs.save({ ...running(), cleanup: 'Pending', usersLeftBehind: [USER] });
  expect(lost).toBe(2);
  expect((await history.runs.get(RUN_ID))?.usersLeftBehind).toEqual([USER]);
});

test('requests outside transactions outlast a server that is busy for nearly a second', async () => {
  await history.runs.save(running());
  const during = async (work: () => Promise<unknown>) => {
    const until = performance.now() + 900;
    proxy.meddle = () => (performance.now() < until ? { answer: failure(503) } : undefined);
    return await work();
  };
  // the ledger has the shortest limit, 2 s
  await during(() => history.ledger.add(entry()));
  expect(await during(written)).toEqual([USER]);
  expect(await during(() => history.runs.get(RUN_ID))).toMatchObject({ status: 'Running' });
  await during(() => history.ledger.remove(entry()));
  expect(await written()).toEqual([]);
}, 20_000);

test('a list of many pages goes on at the page that failed', async () => {
  const runs = Array.from({ length: 3 }, (_, minute) => aRun({ start: at(minute) }));
  for (const run of runs) await history.runs.save(run);
  let lists = 0;
  // a page of the storage may be shorter than asked for, so the next one is asked for with its continuation token
  proxy.meddle = ({ method, path }) =>
    method === 'GET' && path.includes('$top=') && (lists += 1) === 1 ? { loseAnswer: true } : undefined;
  expect((await history.runs.list({ top: 2 })).value).toHaveLength(2);
  expect(lists).toBe(2);
});

test('a storage where nothing listens is given up within a second, as it will not be back that soon', async () => {
  const connectionString = storage.connectionString.replace(`:${storage.tablePort}/`, ':1/');
  const down = openHistory({ kind: 'connectionString', setting: 'X', connectionString }, 'x');
  const startedAt = performance.now();
  await expect(down.runs.get(RUN_ID)).rejects.toThrow("can't be reached (ECONNREFUSED)");
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a table that is missing has no rows, and is made by the first row that is written', async () => {
  const other = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const { connectionString } = other;
  const there = openHistory({ kind: 'connectionString', setting: 'X', connectionString }, 'local-missing');
  const service = TableServiceClient.fromConnectionString(connectionString, { allowInsecureConnection: true });
  const tables = async () => {
    const names: (string | undefined)[] = [];
    for await (const { name } of service.listTables()) names.push(name);
    return names;
  };
  await there.runs.check();
  expect(await there.runs.get(RUN_ID)).toBeUndefined();
  expect((await there.runs.list({})).value).toEqual([]);
  expect(await there.runs.hours({ since: Date.parse(at(0)), until: Date.parse(at(60)) })).toEqual([]);
  expect(await there.ledger.list({ startedBefore: Date.parse(at(60)) })).toEqual([]);
  await there.ledger.remove(entry());
  expect(await there.presence()).toEqual({ hasTable: false, hasRows: false, partitions: [] });
  expect(await tables()).toEqual([]);

  await there.runs.save(running());
  expect(await tables()).toEqual([TABLE_NAME]);
  expect(await there.presence()).toEqual({ hasTable: true, hasRows: true, partitions: ['local-missing'] });
  await other.stop();
});
