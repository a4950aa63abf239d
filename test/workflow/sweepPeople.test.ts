// Users of signed-in people whose call did not end: real rows in Azurite, real users in the emulator.
import type { Mapping } from '../../src/auth/directoryRows';
import { AppError } from '../../src/base/errors';
import { maintain } from '../../src/workflow/maintenance';
import { sweepPeople, type PeopleSweepOptions } from '../../src/workflow/sweepPeople';
import { openHistory } from '../../src/history/openHistory';
import { keyOf, RESOURCE, startDirectory, type DirectoryUnderTest } from '../auth/directoryUnderTest';

let under: DirectoryUnderTest;
const lines: string[] = [];
const add = (line: string) => void lines.push(line);
const log = { info: add, warn: add, error: add };

beforeAll(async () => {
  under = await startDirectory();
});
afterAll(() => under.close());
afterEach(async () => {
  under.reset();
  lines.length = 0;
  const directory = under.open();
  for (const left of await directory.pending(Date.now(), 100)) await directory.removePending(left);
});

/** A user that was created for a person `minutes` ago, by a process that died before it stored the mapping. */
async function unfinished(minutes = 6, resource = RESOURCE): Promise<Mapping> {
  const { identity } = await under.actions.createUser({});
  const createdOn = new Date(Date.now() - minutes * 60_000).toISOString();
  const key = { ...keyOf(under.somebody()), resource };
  const mapping = { ...key, identity: identity.id, connection: 'AcsIdentity', createdOn };
  await under.open().addPending(mapping);
  return mapping;
}
const options = (more: Partial<PeopleSweepOptions> = {}): PeopleSweepOptions => ({
  directory: under.open(),
  connectionAt: ({ resource }) => (resource === RESOURCE ? 'AcsIdentity' : undefined),
  actionsOn: () => Promise.resolve(under.actions),
  limitMs: 5_000,
  ...more,
});
const pending = async () => (await under.open().pending(Date.now(), 100)).map(({ identity }) => identity);
const exists = ({ identity }: Mapping) => under.userIds().includes(identity);

test('a user that no mapping names is deleted with its row; one that a mapping names stays, without its row', async () => {
  const [unmapped, mapped, otherMapped] = [await unfinished(), await unfinished(), await unfinished()];
  await under.open().insert(mapped);
  // its process lost the race
  await under.open().insert({ ...otherMapped, identity: mapped.identity });
  expect(await sweepPeople(options())).toMatchObject({ deleted: 2, left: [], isCutShort: false, failure: undefined });
  expect([exists(unmapped), exists(mapped), exists(otherMapped)]).toEqual([false, true, false]);
  expect(await pending()).toEqual([]);
  expect(await sweepPeople(options())).toMatchObject({ deleted: 0 });
});

test('a user whose call may still end stays', async () => {
  const young = await unfinished(4);
  expect(await sweepPeople(options())).toMatchObject({ deleted: 0 });
  expect([exists(young), await pending()]).toEqual([true, [young.identity]]);
});

test('a user that is gone already, or with an earlier resource of that name, leaves no row', async () => {
  const gone = await unfinished();
  await under.actions.deleteUser({ userId: gone.identity });
  const foreign = await unfinished();
  under.emulator.addFault({
    operation: 'deleteIdentity',
    status: 401,
    body: { error: { code: 'IdentityNotOwned', message: "Provided identity doesn't belong to the resource." } },
  });
  expect(await sweepPeople(options())).toMatchObject({ deleted: 2, left: [] });
  expect(await pending()).toEqual([]);
  await under.actions.deleteUser({ userId: foreign.identity });
});

test('a user that ACS does not delete keeps its row, and the next sweep deletes it', async () => {
  const user = await unfinished();
  under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
  const { left } = await sweepPeople(options());
  expect(left).toEqual([expect.objectContaining({ userId: user.identity, code: 'ConnectionDenied' })]);
  expect(await pending()).toEqual([user.identity]);
  expect(await sweepPeople(options())).toMatchObject({ deleted: 1 });
  expect([exists(user), await pending()]).toEqual([false, []]);
});

test('a row that cannot be deleted is reported, and the next sweep deletes it', async () => {
  await unfinished();
  under.tables.meddle = ({ method }) =>
    method === 'DELETE' ? { answer: { status: 403, headers: {}, body: '' } } : undefined;
  expect((await sweepPeople(options())).failure).toContain('identities of signed-in people');
  under.reset();
  expect(await sweepPeople(options())).toMatchObject({ deleted: 1 });
  expect(await pending()).toEqual([]);
});

test('by a wrong clock nothing is deleted', async () => {
  const user = await unfinished();
  under.tables.dateAheadMs = 120_000;
  await expect(sweepPeople(options())).rejects.toMatchObject({ code: 'ClockSkew' });
  expect(exists(user)).toBe(true);
});

test('it ends in its time, though ACS hangs, and what is left is reported by the maintenance', async () => {
  const [first] = [await unfinished(), await unfinished(6, 'gone.communication.azure.com')];
  const hanging = { deleteUser: () => new Promise<never>(() => undefined) };
  const startedAt = performance.now();
  const history = openHistory({ kind: 'memory' }, '');
  const { failure } = await maintain(log, () => ({
    ...history,
    actionsOn: () => Promise.resolve(under.actions),
    keepDays: 30,
    limitMs: 5_000,
    sweepPeople: (limitMs) => sweepPeople(options({ limitMs, actionsOn: () => Promise.resolve(hanging) })),
  }));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(failure).toBeUndefined();
  expect(lines).toEqual([
    expect.stringMatching(`1 left. User ${first.identity}: ServiceTimeout`),
    expect.stringContaining('1 left on gone.communication.azure.com, because no connection points at'),
  ]);
});

test('more users than there is time for are deleted by several sweeps, oldest first', async () => {
  const users: Mapping[] = [];
  for (let minutes = 30; minutes > 10; minutes -= 1) users.push(await unfinished(minutes));
  under.tables.meddle = () => ({ delayMs: 50 });
  let sweeps = 0;
  for (; (await pending()).length > 0 && sweeps < 10; sweeps += 1) {
    expect(await sweepPeople(options({ limitMs: 600 }))).toMatchObject({ failure: undefined });
  }
  expect(users.filter(exists)).toEqual([]);
  expect(sweeps).toBeGreaterThan(1);
});

test('a storage that is down fails the maintenance, after everything else of it', async () => {
  const history = openHistory({ kind: 'memory' }, '');
  const { failure } = await maintain(log, () => ({
    ...history,
    actionsOn: () => Promise.resolve(under.actions),
    keepDays: 30,
    sweepPeople: () => Promise.reject(new AppError(503, 'StorageUnavailable', 'The storage is down.')),
  }));
  expect(failure).toBe('The storage is down.');
});
