// Who gets which ACS user, over several instances and when things go wrong: real rows in Azurite, real users in the emulator.
import type { Asked } from '../app/meddlingProxy';
import { failure } from '../history/serviceAnswers';
import { keyOf, startDirectory, type DirectoryUnderTest } from './directoryUnderTest';

let under: DirectoryUnderTest;
const lines: string[] = [];
const log = { warn: (line: string) => void lines.push(line), error: (line: string) => void lines.push(line) };
const call = { log };

beforeAll(async () => {
  under = await startDirectory();
});
afterAll(() => under.close());
afterEach(() => {
  under.reset();
  lines.length = 0;
});

const isPendingRow = ({ path }: Asked) => path.includes("PartitionKey='pending'");
const isInsert = ({ method, path }: Asked) => method === 'POST' && /AcsIdentityDirectory($|\?)/.test(path);
/** Two instances of the app; even numbers choose one, odd numbers the other. */
function twoInstances() {
  const [one, other] = [under.instance(), under.instance()];
  return (n: number) => (n % 2 === 0 ? one : other);
}
const pending = () => under.open().pending(Date.now() + 1, 100);
/** The users of a person by the directory, which must be all the users that were created since `before`. */
async function consistent(person: { tenantId: string; objectId: string }, before: readonly string[]) {
  const mapped = (await under.open().list(person)).map(({ identity }) => identity);
  const created = under.userIds().filter((id) => !before.includes(id));
  expect([...mapped].sort()).toEqual([...created].sort());
  expect(await pending()).toEqual([]);
  return mapped;
}

test('100 calls at the same time for a new person, on two instances, get the same user, and no other is left', async () => {
  const before = under.userIds();
  const person = under.somebody();
  const instance = twoInstances();
  const found = await Promise.all(
    Array.from({ length: 100 }, (_, n) => instance(n).ensure(keyOf(person), under.source, call)),
  );
  const [user] = await consistent(person, before);
  expect(new Set(found.map((one) => one.mapping.identity))).toEqual(new Set([user]));
  // of the calls on one instance, one asks
  expect(
    under.emulator.requests().filter(({ operation }) => operation === 'createIdentity').length,
  ).toBeLessThanOrEqual(2);
});

test('a known user costs no call to the storage; an instance that does not know it makes one', async () => {
  const key = keyOf(under.somebody());
  const [one, other] = [under.instance(), under.instance()];
  const { mapping } = await one.ensure(key, under.source, call);
  under.tables.asked.length = 0;
  expect(await one.ensure(key, under.source, call)).toEqual({ mapping, isNew: false });
  expect(under.tables.asked).toEqual([]);
  expect((await other.ensure(key, under.source, call)).mapping.identity).toBe(mapping.identity);
  expect(under.tables.asked).toHaveLength(1);
});

describe('a user that ACS does not know any more', () => {
  test('is replaced once, by one of the calls on two instances that notice it', async () => {
    const before = under.userIds();
    const person = under.somebody();
    const key = keyOf(person);
    const instance = twoInstances();
    const { mapping } = await instance(0).ensure(key, under.source, call);
    await instance(1).ensure(key, under.source, call);
    const gone = mapping.identity;
    await under.actions.deleteUser({ userId: gone });
    const found = await Promise.all(
      Array.from({ length: 40 }, (_, n) => instance(n).ensure(key, under.source, { ...call, gone })),
    );
    const [user] = await consistent(person, before);
    expect(user).not.toBe(gone);
    expect(new Set(found.map((one) => one.mapping.identity))).toEqual(new Set([user]));
  });

  test('is read again first: another instance may have replaced it', async () => {
    const key = keyOf(under.somebody());
    const [one, other] = [under.instance(), under.instance()];
    const gone = (await one.ensure(key, under.source, call)).mapping.identity;
    await other.ensure(key, under.source, call);
    await under.actions.deleteUser({ userId: gone });
    const { mapping } = await one.ensure(key, under.source, { ...call, gone });
    const users = under.userIds();
    expect(await other.ensure(key, under.source, { ...call, gone })).toMatchObject({
      mapping: { identity: mapping.identity },
      isNew: false,
    });
    expect(under.userIds()).toEqual(users);
  });

  test('and that is there after all, and cannot be deleted, is recorded as pending', async () => {
    const person = under.somebody();
    const one = under.instance();
    const gone = (await one.ensure(keyOf(person), under.source, call)).mapping.identity;
    under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
    const { mapping } = await one.ensure(keyOf(person), under.source, { ...call, gone });
    expect(mapping.identity).not.toBe(gone);
    expect(under.userIds()).toContain(gone);
    const left = await pending();
    expect(left.map(({ identity }) => identity)).toEqual([gone]);
    for (const user of left) await under.open().removePending(user);
  });

  test('is created anew if its row is gone too', async () => {
    const before = under.userIds();
    const person = under.somebody();
    const one = under.instance();
    const gone = (await one.ensure(keyOf(person), under.source, call)).mapping.identity;
    await under.actions.deleteUser({ userId: gone });
    const directory = under.open();
    for (const stored of await directory.list(person)) expect(await directory.remove(stored)).toBe(true);
    expect((await one.ensure(keyOf(person), under.source, { ...call, gone })).isNew).toBe(true);
    expect(await consistent(person, before)).toHaveLength(1);
  });
});

describe('a storage that fails after ACS has created the user', () => {
  test('before it is recorded: the user is deleted', async () => {
    const before = under.userIds();
    const person = under.somebody();
    under.tables.meddle = (asked) => (isPendingRow(asked) ? { answer: failure(403) } : undefined);
    await expect(under.instance().ensure(keyOf(person), under.source, call)).rejects.toMatchObject({
      code: 'StorageUnavailable',
      message: expect.stringContaining('identities of signed-in people') as string,
    });
    await consistent(person, before);
    expect(lines).toEqual([]);
  });

  test('before it is recorded, and ACS does not delete it: it is recorded then', async () => {
    const person = under.somebody();
    let failures = 1;
    under.tables.meddle = (asked) => (isPendingRow(asked) && failures-- > 0 ? { answer: failure(403) } : undefined);
    under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
    await expect(under.instance().ensure(keyOf(person), under.source, call)).rejects.toMatchObject({
      code: 'StorageUnavailable',
    });
    const [left] = await pending();
    expect(under.userIds()).toContain(left?.identity);
    expect(left).toMatchObject(person);
    if (left) await under.open().removePending(left);
    expect(lines).toEqual([]);
  });

  test('and nothing else works: its id is logged', async () => {
    const before = under.userIds();
    under.tables.meddle = (asked) => (isPendingRow(asked) ? { answer: failure(403) } : undefined);
    under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
    await expect(under.instance().ensure(keyOf(under.somebody()), under.source, call)).rejects.toMatchObject({
      code: 'StorageUnavailable',
    });
    const [left] = under.userIds().filter((id) => !before.includes(id));
    expect(lines).toEqual([expect.stringContaining(left ?? '?')]);
  });

  test('when the mapping is stored: the pending row stays, and the next call is as the first', async () => {
    const person = under.somebody();
    under.tables.meddle = (asked) => (isInsert(asked) ? { answer: failure(403) } : undefined);
    const one = under.instance();
    await expect(one.ensure(keyOf(person), under.source, call)).rejects.toMatchObject({ code: 'StorageUnavailable' });
    under.reset();
    const [left] = await pending();
    expect(left).toMatchObject(person);
    const { mapping } = await one.ensure(keyOf(person), under.source, call);
    expect(mapping.identity).not.toBe(left?.identity);
    if (left) await under.open().removePending(left);
  });

  test('and had stored the mapping although its answer was lost: the user stays', async () => {
    const before = under.userIds();
    const person = under.somebody();
    let lost = 1;
    under.tables.meddle = (asked) => (isInsert(asked) && lost-- > 0 ? { loseAnswer: true } : undefined);
    const { mapping } = await under.instance().ensure(keyOf(person), under.source, call);
    expect(await consistent(person, before)).toEqual([mapping.identity]);
  });

  test('when the pending row is deleted: the person gets the user', async () => {
    const person = under.somebody();
    under.tables.meddle = (asked) =>
      isPendingRow(asked) && asked.method === 'DELETE' ? { answer: failure(403) } : undefined;
    const { mapping } = await under.instance().ensure(keyOf(person), under.source, call);
    under.reset();
    const [left] = await pending();
    expect(left?.identity).toBe(mapping.identity);
    if (left) await under.open().removePending(left);
  });
});

test('ACS that fails leaves neither a row nor a pending row', async () => {
  const person = under.somebody();
  under.emulator.addFault({ operation: 'createIdentity', status: 500 });
  await expect(under.instance().ensure(keyOf(person), under.source, call)).rejects.toMatchObject({
    code: 'ServiceUnavailable',
  });
  expect(await under.open().list(person)).toEqual([]);
  expect(await pending()).toEqual([]);
});

test('a person never has more than 10 devices, though instances add some at the same time', async () => {
  const before = under.userIds();
  const person = under.somebody();
  const instance = twoInstances();
  for (let n = 0; n < 8; n += 1) await instance(0).ensure(keyOf(person, `d${n}`), under.source, call);
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => instance(n).ensure(keyOf(person, `new${n}`), under.source, call)),
  );
  const refused = results.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
  expect(new Set(refused)).toEqual(new Set(['TooManyDevices']));
  const mapped = await consistent(person, before);
  expect(mapped.length).toBeLessThanOrEqual(10);
  // they do not all give way to each other
  expect(mapped.length).toBeGreaterThan(8);
  expect(mapped).toHaveLength(16 - refused.length);
  // those that found none free do not keep others out for ever
  await Promise.allSettled([0, 1].map((n) => instance(0).ensure(keyOf(person, `late${n}`), under.source, call)));
  expect((await consistent(person, before)).length).toBeLessThanOrEqual(10);
  // another resource has devices of its own
  const elsewhere = { ...keyOf(person, 'd0'), resource: 'fabrikam.communication.azure.com' };
  expect((await instance(0).ensure(elsewhere, under.source, call)).isNew).toBe(true);
});

test('with a wrong clock, the time of a new user is that of the storage: by it the sweep decides whether a call is over', async () => {
  under.tables.dateAheadMs = 600_000;
  const { mapping } = await under.instance().ensure(keyOf(under.somebody()), under.source, call);
  expect(Math.abs(Date.parse(mapping.createdOn) - Date.now() - 600_000)).toBeLessThan(10_000);
});

test('rows of other people and other tenants are not a person’s, whatever their ids', async () => {
  const one = under.instance();
  const people = [
    { tenantId: 'iss-00000000000000000000000000000000', objectId: 'x' },
    { tenantId: 'iss-00000000000000000000000000000001', objectId: 'x' },
    { tenantId: 'iss-00000000000000000000000000000001', objectId: 'X' },
    { tenantId: 'iss-00000000000000000000000000000001', objectId: `~${'A'.repeat(683)}` },
  ];
  for (const person of people) await one.ensure(keyOf(person), under.source, call);
  for (const person of people) expect(await under.open().list(person)).toEqual([expect.objectContaining(person)]);
});
