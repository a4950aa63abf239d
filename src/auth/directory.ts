import { isConflict } from '../history/tableErrors';
import { openTable, type Table, type TableStorage } from '../history/openTable';
import type { PartitionOptions } from '../history/tablePartition';
import type { RowRange, Rows } from '../history/tableRows';
import {
  mappingOf,
  mappingRowKey,
  PENDING,
  pendingBefore,
  pendingRowKey,
  personRange,
  rowOf,
  SELECT,
  type Mapping,
  type MappingKey,
  type PendingUser,
  type StoredMapping,
} from './directoryRows';
import type { Person } from './person';

/** The table's name in the account. */
export const DIRECTORY_TABLE = 'AcsIdentityDirectory';

/**
 * Which ACS users the devices of people have, in an Azure table. A partition is a tenant. In a partition of their own are pending users: ACS users that were
 * created for a mapping which may not be stored. Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or `Misconfigured`.
 */
export class Directory {
  constructor(private readonly table: Table) {}

  /** How far this machine's clock is ahead of the storage's, in milliseconds. */
  clockSkewMs(): number | undefined {
    return this.table.clockSkewMs();
  }

  /** Is there a table? It is made by the first call of a signed-in person. */
  async exists(): Promise<boolean> {
    return (await this.table.partition(PENDING).presence()).hasTable;
  }

  find(key: MappingKey): Promise<StoredMapping | undefined> {
    return this.in(key, async (rows) => {
      const row = await rows.get(mappingRowKey(key), SELECT);
      return row && { ...mappingOf(row), etag: row.etag };
    });
  }

  /** The mappings of a person, on one resource or on all. */
  list({ tenantId, objectId }: Person, resource?: string): Promise<StoredMapping[]> {
    const range: RowRange = { ...personRange(objectId, resource), select: SELECT };
    return this.in({ tenantId }, async (rows) =>
      (await rows.all(range)).map((row) => ({ ...mappingOf(row), etag: row.etag })),
    );
  }

  /** Stores a new mapping. Returns `undefined` if there is one with this key. */
  insert(mapping: Mapping): Promise<StoredMapping | undefined> {
    const row = rowOf(mappingRowKey(mapping), mapping);
    return this.unlessChanged(mapping, async (rows) => ({ ...mapping, etag: await rows.create(row) }));
  }

  /** Replaces a mapping. Returns `undefined` if it has changed or is gone. */
  replace(stored: StoredMapping, mapping: Mapping): Promise<StoredMapping | undefined> {
    const row = rowOf(mappingRowKey(mapping), mapping);
    return this.unlessChanged(mapping, async (rows) => ({ ...mapping, etag: await rows.update(row, stored.etag) }));
  }

  /** Deletes a mapping. Returns `false` if it has changed. */
  async remove(stored: StoredMapping): Promise<boolean> {
    const removed = await this.unlessChanged(stored, async (rows) => {
      await rows.delete(mappingRowKey(stored), stored.etag);
      return true;
    });
    return removed === true;
  }

  async addPending(mapping: Mapping): Promise<PendingUser> {
    const rowKey = pendingRowKey(mapping);
    await this.in({ tenantId: PENDING }, (rows) => rows.upsert(rowOf(rowKey, mapping)));
    return { ...mapping, rowKey };
  }

  /** Does nothing if there is no such user. */
  async removePending({ rowKey }: PendingUser): Promise<void> {
    await this.in({ tenantId: PENDING }, (rows) => rows.delete(rowKey));
  }

  /** The first `top` users that were created before `createdBefore` (milliseconds since the epoch) and are still pending, oldest first. */
  pending(createdBefore: number, top: number): Promise<PendingUser[]> {
    const range = { ...pendingBefore(createdBefore), select: SELECT, pageSize: top };
    return this.in({ tenantId: PENDING }, async (rows) => {
      for await (const page of rows.pages(range)) return page.map((row) => ({ ...mappingOf(row), rowKey: row.rowKey }));
      return [];
    });
  }

  private in<T>({ tenantId }: Pick<Person, 'tenantId'>, work: (rows: Rows) => Promise<T>): Promise<T> {
    return this.table.partition(tenantId).bounded(work);
  }

  private unlessChanged<T>(key: Pick<Person, 'tenantId'>, work: (rows: Rows) => Promise<T>): Promise<T | undefined> {
    return this.in(key, (rows) =>
      work(rows).catch((error: unknown) => {
        if (isConflict(error)) return undefined;
        throw error;
      }),
    );
  }
}

/** The directory in a storage account. Makes no connection before the first use. */
export function openDirectory(place: TableStorage, options: Pick<PartitionOptions, 'onOutcome'> = {}): Directory {
  return new Directory(openTable(place, DIRECTORY_TABLE, { ...options, content: 'identities of signed-in people' }));
}
