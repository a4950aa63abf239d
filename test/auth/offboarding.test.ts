// People who leave: all their users and rows go, however often it takes.
import { offboard } from '../../src/auth/offboarding';
import type { IdentityActions } from '../../src/identity/identityTypes';
import { keyOf, RESOURCE, startDirectory, type DirectoryUnderTest } from './directoryUnderTest';

let under: DirectoryUnderTest;
const OTHER = 'fabrikam.communication.azure.com';

beforeAll(async () => {
  under = await startDirectory();
});
afterAll(() => under.close());
afterEach(() => under.reset());

type Actions = Pick<IdentityActions, 'deleteUser'>;
const leave = (person: ReturnType<DirectoryUnderTest['somebody']>, at: Record<string, Actions> = {}) =>
  offboard(person, {
    directory: under.open(),
    actionsFor: ({ resource }) => Promise.resolve({ [RESOURCE]: under.actions, ...at }[resource]),
  });
const rowsOf = (person: { tenantId: string; objectId: string }) => under.open().list(person);

/** A person with users on these devices. */
async function withDevices(...devices: string[]) {
  const person = under.somebody();
  const one = under.instance();
  const users: string[] = [];
  for (const device of devices)
    users.push((await one.ensure(keyOf(person, device), under.source, {})).mapping.identity);
  return { person, users };
}

test('the users of all devices and the rows are deleted; a second time there is nothing to do', async () => {
  const { person, users } = await withDevices('default', 'phone', 'tablet', 'tv', 'watch');
  const other = await withDevices('default');
  expect((await leave(person)).deleted).toHaveLength(5);
  expect(under.userIds().filter((id) => users.includes(id))).toEqual([]);
  expect(await rowsOf(person)).toEqual([]);
  expect(await leave(person)).toEqual({ deleted: [], withoutConnection: [] });
  expect(await rowsOf(other.person)).toHaveLength(1);
  expect(under.userIds()).toEqual(expect.arrayContaining(other.users));
});

test('a user that cannot be deleted keeps its row; the others are deleted, and a second call finishes', async () => {
  const { person, users } = await withDevices('default', 'phone', 'tablet');
  under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
  await expect(leave(person)).rejects.toMatchObject({ code: 'ConnectionDenied' });
  const left = under.userIds().filter((id) => users.includes(id));
  expect(left).toHaveLength(1);
  expect((await rowsOf(person)).map(({ identity }) => identity)).toEqual(left);
  await leave(person);
  expect([under.userIds().filter((id) => users.includes(id)), await rowsOf(person)]).toEqual([[], []]);
});

test('a storage that fails after the user was deleted keeps the row; a second call finishes', async () => {
  const { person } = await withDevices('default');
  under.tables.meddle = ({ method }) =>
    method === 'DELETE' ? { answer: { status: 403, headers: {}, body: '' } } : undefined;
  await expect(leave(person)).rejects.toMatchObject({ code: 'StorageUnavailable' });
  under.reset();
  expect(await rowsOf(person)).toHaveLength(1);
  await leave(person);
  expect(await rowsOf(person)).toEqual([]);
});

test('a user that another instance replaces meanwhile is deleted too', async () => {
  const { person, users } = await withDevices('default');
  const [gone = ''] = users;
  const replacing = under.instance();
  const replaced: string[] = [];
  const actions: Actions = {
    async deleteUser(input) {
      await under.actions.deleteUser(input);
      if (input.userId !== gone) return;
      replaced.push((await replacing.ensure(keyOf(person), under.source, { gone })).mapping.identity);
    },
  };
  await leave(person, { [RESOURCE]: actions });
  expect(replaced).toHaveLength(1);
  expect(under.userIds()).not.toContain(replaced[0]);
  expect(await rowsOf(person)).toEqual([]);
});

test('rows on a resource that no connection points at stay, and are reported after everything else is deleted', async () => {
  const { person, users } = await withDevices('default', 'phone');
  const elsewhere = { ...keyOf(person), resource: OTHER };
  const { mapping } = await under.instance().ensure(elsewhere, under.source, {});
  const report = await leave(person);
  expect(report.deleted).toHaveLength(2);
  expect(report.withoutConnection).toEqual([expect.objectContaining({ resource: OTHER, identity: mapping.identity })]);
  expect(under.userIds().filter((id) => users.includes(id))).toEqual([]);
  expect(await rowsOf(person)).toHaveLength(1);
  expect((await leave(person, { [OTHER]: under.actions })).deleted).toHaveLength(1);
  expect(await rowsOf(person)).toEqual([]);
});

test('a user whose call did not end is deleted too, but not one whose call may be going on, nor that of another person', async () => {
  const { person } = await withDevices('default');
  const directory = under.open();
  const pending = async (of: { tenantId: string; objectId: string }, minutes: number) => {
    const { identity } = await under.actions.createUser({});
    const createdOn = new Date(Date.now() - minutes * 60_000).toISOString();
    return directory.addPending({ ...keyOf(of), identity: identity.id, connection: 'AcsIdentity', createdOn });
  };
  const [old, young, others] = [await pending(person, 6), await pending(person, 1), await pending(under.somebody(), 6)];
  expect((await leave(person)).deleted).toHaveLength(2);
  expect(under.userIds()).not.toContain(old.identity);
  expect(under.userIds()).toEqual(expect.arrayContaining([young.identity, others.identity]));
  const left = await directory.pending(Date.now(), 10);
  expect(left.map(({ identity }) => identity)).toEqual([others.identity, young.identity]);
  for (const one of left) await directory.removePending(one);
});

test('while another instance mints, users and rows are the same in the end', async () => {
  const devices = ['default', 'phone', 'tablet'];
  const { person } = await withDevices(...devices);
  const before = under.userIds();
  const instance = under.instance();
  let isOver = false;
  const minting = devices.map(async (device) => {
    let gone: string | undefined;
    while (!isOver) {
      const { mapping } = await instance.ensure(keyOf(person, device), under.source, { gone });
      try {
        await under.actions.issueToken({ userId: mapping.identity, scopes: ['chat'] });
        gone = undefined;
      } catch {
        gone = mapping.identity;
      }
    }
  });
  for (let n = 0; n < 5; n += 1) await leave(person);
  isOver = true;
  await Promise.all(minting);
  const mapped = (await rowsOf(person)).map(({ identity }) => identity);
  const others = before.filter((id) => !mapped.includes(id));
  const made = under.userIds().filter((id) => !others.includes(id));
  expect([...made].sort()).toEqual([...mapped].sort());
  expect(await under.open().pending(Date.now() + 1, 10)).toEqual([]);
});
