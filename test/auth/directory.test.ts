// The rows of the directory in Azurite: those of the version that came first are read, and today's are the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { DIRECTORY_TABLE, openDirectory, type Directory } from '../../src/auth/directory';
import type { Mapping } from '../../src/auth/directoryRows';
import { startStorage, type RunningStorage } from '../../local/storage';

type StoredRow = Mapping & { partitionKey: string; rowKey: string };
const samples = JSON.parse(readFileSync(join(__dirname, 'samples/directory-2026-11-26.json'), 'utf8')) as [
  StoredRow,
  StoredRow,
];

let storage: RunningStorage;
let client: TableClient;
let directory: Directory;

beforeEach(async () => {
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const { connectionString } = storage;
  client = TableClient.fromConnectionString(connectionString, DIRECTORY_TABLE, { allowInsecureConnection: true });
  directory = openDirectory({ kind: 'connectionString', setting: 'X', connectionString });
});
afterEach(() => storage.stop());

const mappingOf = ({ partitionKey, rowKey, ...mapping }: StoredRow): Mapping => {
  void [partitionKey, rowKey];
  return mapping;
};
const later = Date.parse(samples[0].createdOn) + 1;

test('rows of the first version are found, listed, replaced and deleted', async () => {
  expect(await directory.exists()).toBe(false);
  await client.createTable();
  for (const row of samples) await client.createEntity(row);
  expect(await directory.exists()).toBe(true);
  const mapping = mappingOf(samples[0]);
  expect(await directory.find(mapping)).toMatchObject(mapping);
  const [listed] = await directory.list(mapping);
  expect(listed).toMatchObject(mapping);
  expect(await directory.list(mapping, mapping.resource)).toHaveLength(1);
  expect(await directory.list(mapping, 'fabrikam.communication.azure.com')).toEqual([]);
  const [pending] = await directory.pending(later, 10);
  expect(pending).toMatchObject(mapping);
  expect(await directory.pending(later - 1, 10)).toEqual([]);

  expect(await directory.insert(mapping)).toBeUndefined();
  if (listed === undefined || pending === undefined) throw new Error('nothing is listed');
  const changed = await directory.replace(listed, { ...mapping, connection: 'Other' });
  expect(changed).toMatchObject({ connection: 'Other' });
  expect(await directory.replace(listed, mapping)).toBeUndefined();
  expect(await directory.remove(listed)).toBe(false);
  if (changed) expect(await directory.remove(changed)).toBe(true);
  if (changed) expect(await directory.remove(changed)).toBe(true);
  await directory.removePending(pending);
  await directory.removePending(pending);
  expect([await directory.list(mapping), await directory.pending(later, 10)]).toEqual([[], []]);
});

test('today’s rows are those of the first version, so that it can read them after a rollback', async () => {
  const mapping = mappingOf(samples[0]);
  await directory.insert(mapping);
  await directory.addPending(mapping);
  const rows: unknown[] = [];
  for await (const { etag, timestamp, ...row } of client.listEntities()) {
    void [etag, timestamp];
    rows.push(row);
  }
  expect(rows).toEqual(samples);
});

test('without a table there is nothing to read or to delete', async () => {
  const mapping = mappingOf(samples[0]);
  expect(await directory.find(mapping)).toBeUndefined();
  expect(await directory.list(mapping)).toEqual([]);
  expect(await directory.pending(later, 10)).toEqual([]);
  expect(await directory.remove({ ...mapping, etag: '*' })).toBe(true);
});
