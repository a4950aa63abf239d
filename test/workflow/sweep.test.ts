// What earlier runs left: real history in Azurite, real users in the emulator, through the published SDK.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { openHistory, type History } from '../../src/history/openHistory';
import { AcsActions } from '../../src/identity/acsActions';
import { Connections } from '../../src/identity/connections';
import { newRunId } from '../../src/runs/runId';
import { maintain } from '../../src/workflow/maintenance';
import { sweep } from '../../src/workflow/sweep';
import { resourceOf } from '../../src/identity/identityTypes';
import { aRun } from '../history/runSamples';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let actions: AcsActions;
let history: History;
let partitions = 0;
const now = Date.now();
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  process.env.AcsIdentity = emulator.connectionString;
  delete process.env.AcsIdentity__endpoint;
  delete process.env.IDENTITY_CONNECTIONS;
  actions = new AcsActions(await new Connections().get(undefined));
});
afterAll(async () => {
  delete process.env.AcsIdentity;
  await emulator.close();
  await storage.stop();
});
beforeEach(() => {
  emulator.clearFaults();
  const place = { kind: 'connectionString', setting: 'X', connectionString: storage.connectionString } as const;
  history = openHistory(place, `local-sweep${(partitions += 1)}`);
});

/** A user that a run of so many minutes ago made and left. */
async function leave(minutes: number, wish: { userId?: string; runId?: string } = {}): Promise<string> {
  const { userId = (await actions.createUser({})).identity.id, runId = newRunId(now - minutes * 60_000) } = wish;
  const entry = {
    userId,
    runId,
    connection: 'AcsIdentity',
    resourceId: resourceOf(userId),
    madeAt: minutesAgo(minutes),
  };
  await history.ledger.add(entry);
  return userId;
}

const swept = (wish: Partial<Parameters<typeof sweep>[0]> = {}) =>
  sweep({ ...history, actionsOn: () => Promise.resolve(actions), now: () => now, limitMs: 10_000, ...wish });
const exists = (userId: string) => emulator.users().some(({ id }) => id === userId);
const written = async () => (await history.ledger.list({ startedBefore: now + 1 })).map(({ userId }) => userId);

test('users of runs that are over are deleted and removed from the ledger; those of younger runs are kept', async () => {
  const [old, young] = [await leave(6), await leave(4)];
  expect(await swept()).toEqual({ deleted: 1, left: [], closed: [], isCutShort: false });
  expect([exists(old), exists(young)]).toEqual([false, true]);
  expect(await written()).toEqual([young]);
});

test('a user that was deleted already is removed from the ledger', async () => {
  const user = await leave(6);
  await actions.deleteUser({ userId: user });
  expect(await swept()).toMatchObject({ deleted: 1, left: [] });
  expect(await written()).toEqual([]);
});

const FOREIGN = '8:acs:bbbbbbbb-0000-4000-8000-000000000002_00000017-ceff-3baa-6763-563a0d007797';

test.each([
  [
    'known',
    { resourceOf: () => resourceOf(emulator.resourceId) || emulator.resourceId },
    /now points at another resource/,
  ],
  ['not known', {}, /does not know it on the resource/],
])('a user of another ACS resource is kept and reported, where the present one is %s', async (_, wish, reason) => {
  await leave(6, { userId: FOREIGN });
  const { deleted, left } = await swept(wish);
  expect({ deleted, ids: left.map(({ userId }) => userId) }).toEqual({ deleted: 0, ids: [FOREIGN] });
  expect(left[0]?.reason).toMatch(reason);
  expect(await written()).toEqual([FOREIGN]);
});

test('a foreign user is kept although ACS fails for a moment before it refuses to delete the user', async () => {
  await leave(6, { userId: FOREIGN });
  // IdentityNotOwned after a 503 may mean that the first request deleted the user, or that it never was one of this resource
  emulator.addFault({ operation: 'deleteIdentity', status: 503 });
  expect(await swept()).toMatchObject({ deleted: 0, left: [{ userId: FOREIGN, code: 'UserNotFound' }] });
  expect(await written()).toEqual([FOREIGN]);
});

// The service: a foreign user is refused with 401 IdentityNotOwned (recorded, Azure/azure-sdk-for-js sdk/communication/communication-identity/recordings).
// What it answers for a deleted user of its own is in no recording, so the emulator can be told to do either.
describe.each([204, 401] as const)('where ACS answers %d for a user that was deleted already', (deletedUsers) => {
  let acs: IdentityEmulator;
  let its: AcsActions;
  beforeAll(async () => {
    acs = await createIdentityEmulator({ deletedUsers });
    process.env.Other = acs.connectionString;
    process.env.IDENTITY_CONNECTIONS = 'AcsIdentity,Other';
    its = new AcsActions(await new Connections().get('Other'));
  });
  afterAll(async () => {
    delete process.env.Other;
    delete process.env.IDENTITY_CONNECTIONS;
    await acs.close();
  });
  const sweptThere = (more: Partial<Parameters<typeof sweep>[0]> = {}) =>
    swept({ actionsOn: () => Promise.resolve(its), ...more });
  const newUser = async () => (await its.createUser({})).identity.id;
  async function leaveGone(): Promise<string> {
    const userId = await newUser();
    await its.deleteUser({ userId });
    return leave(6, { userId });
  }
  const probe = async () => {
    const userId = await newUser();
    await its.deleteUser({ userId });
    return resourceOf(userId);
  };

  test('it is removed from the ledger if the resource is known, or if another user of it is deleted; a foreign user is kept', async () => {
    await leaveGone();
    const known = { resourceOf: () => acs.resourceId };
    expect(await sweptThere(known)).toEqual({ deleted: 1, left: [], closed: [], isCutShort: false });
    expect(await written()).toEqual([]);

    // newest first: the one that is there is deleted last
    await leave(9, { userId: await newUser() });
    await leaveGone();
    await leave(7, { userId: FOREIGN });
    const { deleted, left } = await sweptThere();
    expect(deleted).toBe(2);
    expect(left).toEqual([expect.objectContaining({ userId: FOREIGN, code: 'OtherResource' })]);
    expect(await written()).toEqual([FOREIGN]);
  });

  test('it is removed from the ledger after a probe, which is made at most once, and then a foreign user is kept', async () => {
    await Promise.all([leaveGone(), leaveGone(), leave(7, { userId: FOREIGN })]);
    const probing = jest.fn(probe);
    const { deleted, left } = await sweptThere({ probe: probing });
    expect(deleted).toBe(2);
    expect(left).toEqual([expect.objectContaining({ userId: FOREIGN, code: 'OtherResource' })]);
    expect(await written()).toEqual([FOREIGN]);
    expect(probing.mock.calls.length).toBe(deletedUsers === 204 ? 0 : 1);
    expect(acs.users()).toEqual([]);
  });

  test('nothing is removed from the ledger where a probe fails', async () => {
    await leave(7, { userId: FOREIGN });
    const { left } = await sweptThere({ probe: () => Promise.reject(new Error('no')) });
    expect(left[0]?.reason).toContain('The probe failed');
    expect(await written()).toEqual([FOREIGN]);
  });
});

// Retry-After of 429 is in no recording of ACS Identity; its documents say "avoid immediate retries, because all requests accrue against your usage limits"
// (https://learn.microsoft.com/azure/communication-services/concepts/service-limits).
test('where throttling is waited for, the sweep goes on after it', async () => {
  const users: string[] = [];
  for (let n = 0; n < 8; n += 1) users.push(await leave(6));
  let nowMs = 0;
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    waits.push(ms);
    const until = nowMs + ms;
    // those that are in flight are answered before
    await new Promise((done) => setTimeout(done, 300));
    nowMs = until;
  };
  emulator.addFault({ operation: 'deleteIdentity', status: 429, headers: { 'Retry-After': '30' }, count: 4 });
  emulator.clearRequests();
  const onThrottled = jest.fn();
  const report = await swept({ limitMs: 120_000, elapsed: () => nowMs, sleep, onThrottled });
  expect(report).toEqual({ deleted: 8, left: [], closed: [], isCutShort: false });
  expect(onThrottled.mock.calls).toEqual([['AcsIdentity', 30]]);
  expect(waits).toEqual([30_000, 30_000, 30_000, 30_000]);
  expect(users.filter(exists)).toEqual([]);
  // four that were refused, and no repetition that would count against the limit
  expect(emulator.requests().filter(({ operation }) => operation === 'deleteIdentity')).toHaveLength(12);
});

test('a wait that is longer than the time left is not begun', async () => {
  for (let n = 0; n < 8; n += 1) await leave(6);
  emulator.addFault({ operation: 'deleteIdentity', status: 429, headers: { 'Retry-After': '30' }, count: 100 });
  const startedAt = performance.now();
  const { left } = await swept({ limitMs: 20_000, onThrottled: () => undefined });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(left).toHaveLength(8);
  expect(left[0]?.reason).toMatch(/^Throttled: .*\(Retry-After: 30 s\)$/);
});

test('what ACS refuses to delete stays, with the reason, and goes the next time; the run is clean then', async () => {
  const runId = newRunId(now - 6 * 60_000);
  const user = await leave(6, { runId });
  const run = aRun({ id: runId, start: minutesAgo(6), status: 'Failed', cleanup: 'Pending', usersLeftBehind: [user] });
  await history.runs.save(run);
  emulator.addFault({ operation: 'deleteIdentity', status: 403, count: 100 });
  const first = await swept();
  expect(first.left).toEqual([
    expect.objectContaining({ userId: user, reason: expect.stringMatching(/^ConnectionDenied/) as string }),
  ]);
  expect((await history.runs.get(runId))?.cleanup).toBe('Pending');

  emulator.clearFaults();
  expect(await swept()).toMatchObject({ deleted: 1, left: [] });
  expect(await history.runs.get(runId)).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
  expect(await history.runs.get(runId)).not.toHaveProperty('usersLeftBehind');
});

test('runs that died are closed as Aborted, with what became of their users; running ones are let be', async () => {
  const withUser = aRun({ start: minutesAgo(6), status: 'Running', cleanup: 'NotNeeded' });
  const without = aRun({ start: minutesAgo(7), status: 'Running', cleanup: 'NotNeeded' });
  const young = aRun({ start: minutesAgo(1), status: 'Running', cleanup: 'NotNeeded' });
  for (const run of [withUser, without, young]) await history.runs.save(run);
  await leave(6, { runId: withUser.id });
  const report = await swept();
  expect(report.deleted).toBe(1);
  expect(report.closed.map(({ id }) => id).sort()).toEqual([withUser.id, without.id].sort());
  expect(await history.runs.get(withUser.id)).toMatchObject({
    status: 'Aborted',
    cleanup: 'Clean',
    error: { code: 'RunAborted' },
  });
  expect(await history.runs.get(without.id)).toMatchObject({ status: 'Aborted', cleanup: 'Unknown' });
  expect((await history.runs.get(young.id))?.status).toBe('Running');
});

test('when the time is up the rest is left to the next time', async () => {
  const users: string[] = [];
  for (let minutes = 6; minutes < 14; minutes += 1) users.push(await leave(minutes));
  const report = await swept({ elapsed: () => (users.every(exists) ? 0 : 60_000) });
  expect(report.isCutShort).toBe(true);
  expect(report.deleted).toBeGreaterThan(0);
  expect(report.deleted).toBeLessThan(users.length);
  expect(report.left[0]?.reason).toMatch(/no time left/);
  await swept();
  expect(users.filter(exists)).toEqual([]);
});

test('maintenance says what it did, trims the history, and survives a storage that is down', async () => {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const log = { info: say, warn: say, error: say };
  await leave(6);
  await leave(6, { userId: FOREIGN });
  await history.runs.save(aRun({ start: minutesAgo(31 * 24 * 60) }));
  const options = { actionsOn: () => Promise.resolve(actions), keepDays: 30 };
  await maintain(log, () => ({ ...history, ...options }));
  expect(lines).toEqual([
    'Users of earlier runs: 1 deleted.',
    expect.stringMatching(/^User 8:acs:bbbbbbbb\S+ of run \S+ is left: it belongs to the ACS resource/) as string,
    '1 runs older than 30 days were deleted from the history.',
  ]);

  lines.length = 0;
  const connectionString = storage.connectionString.replace(/:\d+\//, ':1/');
  const down = openHistory({ kind: 'connectionString', setting: 'X', connectionString }, 'x');
  const report = await maintain(log, () => ({ ...down, ...options }));
  expect(report).toEqual({ sweep: undefined, failure: expect.stringMatching(/^The storage/) as string });
  expect(lines).toEqual([expect.stringMatching(/^Maintenance of earlier runs failed: The storage/)]);
});
