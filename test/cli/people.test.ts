// People who have signed in, by the directory in an app's storage account.
import { startStorage, type RunningStorage } from '../../local/storage';
import type { MappingKey } from '../../src/auth/directoryRows';
import { startDirectory, TENANT, type DirectoryUnderTest } from '../auth/directoryUnderTest';
import { acsIdentity, written } from './command';

let under: DirectoryUnderTest;
let empty: RunningStorage;
/** Of the emulator. */
let host: string;

beforeAll(async () => {
  [under, empty] = await Promise.all([startDirectory(), startStorage({ port: 0, inMemory: true, tableOnly: true })]);
  host = new URL(under.emulator.endpoint).host;
});
afterAll(async () => {
  await Promise.all([under.close(), empty.stop()]);
});
afterEach(() => under.reset());

const people = (...args: string[]) =>
  acsIdentity(['people', ...args], {
    STORAGE: under.storageConnectionString,
    EMPTY: empty.connectionString,
    DOWN: under.storageConnectionString.replace(/:\d+\//g, ':1/'),
    ACS: under.emulator.connectionString,
  });
const STORAGE = ['--storage-connection-string-env', 'STORAGE'];
const ACS = ['--connection-string-env', 'ACS'];
const rowsOf = (person: Pick<MappingKey, 'tenantId' | 'objectId'>) => under.open().list(person);

/** A person with users on these devices, on these resources. */
async function somebody(devices: string[], resources = [host]) {
  const person = under.somebody();
  const users: string[] = [];
  for (const resource of resources)
    for (const device of devices)
      users.push((await under.instance().ensure({ ...person, device, resource }, under.source, {})).mapping.identity);
  return { person, users };
}

test('are shown with the ACS users of all their devices', async () => {
  const { person, users } = await somebody(['default', 'phone']);
  const text = await people('show', TENANT.toUpperCase(), person.objectId, ...STORAGE);
  expect(text).toMatchObject({ exitCode: 0, err: '' });
  expect(text.out).toMatch(
    new RegExp(`^${users[0]}  device default, on ${host}, created 2\\S+Z\n${users[1]}  device phone, .*\n$`),
  );
  const json = await people('show', TENANT, person.objectId, ...STORAGE, '--output', 'json');
  expect(JSON.parse(json.out)).toEqual({
    ...person,
    devices: ['default', 'phone'].map((device, n) => ({
      device,
      identity: users[n],
      resource: host,
      connection: 'AcsIdentity',
      createdOn: expect.any(String) as string,
    })),
  });
});

test('are deleted, users and rows; a second time there is nothing to do', async () => {
  const { person, users } = await somebody(['default', 'phone']);
  const other = await somebody(['default']);
  const args = ['delete', TENANT, person.objectId, ...STORAGE, ...ACS];
  expect(await people(...args)).toMatchObject({ exitCode: 0, out: 'Deleted 2 ACS users of this person.\n', err: '' });
  expect(under.userIds().filter((id) => users.includes(id))).toEqual([]);
  expect(await rowsOf(person)).toEqual([]);
  expect(await people(...args)).toMatchObject({ exitCode: 0, out: 'Deleted 0 ACS users of this person.\n' });
  expect(await people('show', TENANT, person.objectId, ...STORAGE)).toMatchObject({
    exitCode: 1,
    out: 'This person has no ACS users.\n',
  });
  expect(await rowsOf(other.person)).toHaveLength(1);
});

test('with users on other ACS resources are deleted one resource after the other, or without one that is gone', async () => {
  const { person, users } = await somebody(['default'], [host, 'gone.communication.azure.com']);
  const first = await people('delete', TENANT, person.objectId, ...STORAGE, ...ACS, '--output', 'json');
  expect(first.exitCode).toBe(1);
  expect(JSON.parse(first.out)).toMatchObject({
    deleted: [{ identity: users[0], resource: host }],
    left: [{ identity: users[1], resource: 'gone.communication.azure.com' }],
  });
  const again = await people('delete', TENANT, person.objectId, ...STORAGE, ...ACS);
  expect(again.exitCode).toBe(1);
  expect(again.out).toContain('--gone-resource HOST');
  const gone = ['--gone-resource', 'gone.communication.azure.com'];
  expect(await people('delete', TENANT, person.objectId, ...STORAGE, ...gone)).toMatchObject({ exitCode: 0, err: '' });
  expect(await rowsOf(person)).toEqual([]);
});

test('whose ACS users can not be deleted keep their rows', async () => {
  const { person } = await somebody(['default']);
  under.emulator.addFault({ operation: 'deleteIdentity', status: 403 });
  const { exitCode, err } = await people('delete', TENANT, person.objectId, ...STORAGE, ...ACS);
  expect(exitCode).toBe(1);
  expect(err).toMatch(/^ConnectionDenied: /);
  expect(await rowsOf(person)).toHaveLength(1);
});

test.each<[string, string[], number, RegExp]>([
  ['no storage', ['show', TENANT, 'x'], 2, /Give --storage-connection-string-env or --table-endpoint/],
  ['no ACS resource', ['delete', TENANT, 'x', ...STORAGE], 2, /Give --connection-string-env or --endpoint/],
  ['two ACS resources', ['delete', TENANT, 'x', ...STORAGE, ...ACS, '--endpoint', 'https://x'], 2, /Give --connection/],
  ['a tenant that is none', ['show', 'contoso.com', 'x', ...STORAGE], 2, /^<tenant> must be the id of an Entra tenant/],
  ['a person that is none', ['show', TENANT, 'a/b', ...STORAGE], 2, /^<object> must be the person's object id/],
  [
    'a storage without a directory',
    ['show', TENANT, 'x', '--storage-connection-string-env', 'EMPTY'],
    2,
    /has no table AcsIdentityDirectory/,
  ],
  [
    'nothing to delete in a storage without a directory',
    ['delete', TENANT, 'x', '--storage-connection-string-env', 'EMPTY', ...ACS],
    2,
    /has no table AcsIdentityDirectory/,
  ],
  [
    'a storage that is down',
    ['show', TENANT, 'x', '--storage-connection-string-env', 'DOWN'],
    1,
    /^StorageUnavailable: The storage that keeps identities of signed-in people \(setting 'DOWN'\)/,
  ],
])('%s: it says what is wrong', async (_what, args, exitCode, message) => {
  const ended = await people(...args);
  expect(ended).toMatchObject({ exitCode, out: '' });
  expect(ended.err).toMatch(message);
});

test('no key is in what the commands have written', () => {
  const storageKey = /AccountKey=([^;]+)/.exec(under.storageConnectionString)?.[1] ?? '';
  expect(storageKey.length).toBeGreaterThan(20);
  for (const secret of [storageKey, under.emulator.accessKey]) expect(written.join('')).not.toContain(secret);
});
