import type { TableClient, TableEntityResultPage, TransactionAction } from '@azure/data-tables';
import { retryTransient } from './storageRetries';
import { isConflict, isRowMissing, isTableMissing, NotTables, TransactionRefused } from './tableErrors';

/** A range of row keys, `above` and `below` exclusive. */
export interface RowRange {
  above: string;
  below: string;
  select: string[];
  /** Maximum number of rows in one answer, up to 1000. */
  pageSize?: number;
}

export type Row = Record<string, unknown> & { rowKey: string; etag: string };

/** A row to write. */
export interface NewRow {
  rowKey: string;
  [property: string]: unknown;
}

type Page = TableEntityResultPage<Record<string, unknown>>;

/** Azure's maximum number of rows in one transaction. */
export const MAX_CHANGES = 100;

/**
 * Reads and writes the rows of one partition until the signal aborts. Requests are retried after transient errors. If the table is missing, reading finds no
 * rows, and writing creates the table.
 */
export class Rows {
  /** `until`: the time at which the signal aborts, by `performance.now()`. */
  constructor(
    private readonly client: TableClient,
    readonly partitionKey: string,
    private readonly abortSignal: AbortSignal,
    private readonly until: number,
  ) {}

  /** The row with this key; `undefined` if there is none. */
  async get(rowKey: string, select?: string[]): Promise<Row | undefined> {
    const { partitionKey, abortSignal } = this;
    const options = { abortSignal, ...(select ? { queryOptions: { select } } : {}) };
    try {
      const row = await this.retried(() => this.client.getEntity(partitionKey, rowKey, options));
      return { ...row, rowKey };
    } catch (error) {
      if (isRowMissing(error) || isTableMissing(error)) return undefined;
      throw error;
    }
  }

  /** The rows of a range in the order of their keys, one page of the service at a time. */
  async *pages({ above, below, select, pageSize = 1000 }: RowRange): AsyncGenerator<Row[]> {
    const filter = `PartitionKey eq '${quoted(this.partitionKey)}' and RowKey gt '${quoted(above)}' and RowKey lt '${quoted(below)}'`;
    try {
      for await (const page of this.answers(filter, ['RowKey', ...select], pageSize)) {
        yield page.map((row) => ({ ...row, rowKey: String(row.rowKey), etag: row.etag }));
      }
    } catch (error) {
      if (!isTableMissing(error)) throw error;
    }
  }

  /** All rows of a range. */
  async all(range: RowRange): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const page of this.pages(range)) rows.push(...page);
    return rows;
  }

  /** The first `top` partitions of the table; `undefined` if there is no table. Sends one request for each. */
  async partitions(top: number): Promise<string[] | undefined> {
    const found: string[] = [];
    while (found.length < top) {
      const last = found.at(-1) ?? '';
      let next: string | undefined;
      try {
        for await (const page of this.answers(`PartitionKey gt '${quoted(last)}'`, ['PartitionKey'], 1)) {
          next = page[0] && String(page[0].partitionKey);
          if (next !== undefined) break;
        }
      } catch (error) {
        if (isTableMissing(error)) return undefined;
        throw error;
      }
      if (next === undefined) break;
      found.push(next);
    }
    return found;
  }

  /** Makes all changes or none. Returns the new ETag of the first row. */
  async change(changes: TransactionAction[]): Promise<string> {
    const { abortSignal } = this;
    const [kind, first] = changes[0] ?? [];
    return this.write(kind === 'delete' ? undefined : first, async () => {
      const { status, subResponses } = await this.client.submitTransaction(changes, { abortSignal });
      const refused = subResponses.find((one) => one.status >= 300);
      if (refused) throw new TransactionRefused(refused.status);
      // answers are matched by position: they don't always contain the row key (Azurite: updates, Azure: deletions)
      if (status !== 202 || subResponses.length !== changes.length) throw new NotTables();
      return subResponses[0]?.etag ?? '*';
    });
  }

  async upsert(row: NewRow): Promise<void> {
    const { partitionKey, abortSignal } = this;
    await this.createTableIfMissing(() =>
      this.client.upsertEntity({ ...row, partitionKey }, 'Replace', { abortSignal }),
    );
  }

  /** Adds a row. Returns its ETag. Fails with a conflict if there is one with this key. */
  async create(row: NewRow): Promise<string> {
    const { partitionKey, abortSignal } = this;
    return this.write(row, async () => {
      const answer = await this.client.createEntity({ ...row, partitionKey }, { abortSignal });
      return answer.etag ?? '*';
    });
  }

  /** Replaces a row if it still has this ETag. Returns the new one. */
  async update(row: NewRow, etag: string): Promise<string> {
    const { partitionKey, abortSignal } = this;
    return this.write(row, async () => {
      const answer = await this.client.updateEntity({ ...row, partitionKey }, 'Replace', { abortSignal, etag });
      return answer.etag ?? '*';
    });
  }

  /** Deletes a row, if it exists. With `etag`, it fails with a conflict if the row has changed. */
  async delete(rowKey: string, etag = '*'): Promise<void> {
    const { partitionKey, abortSignal } = this;
    try {
      await this.retried(() => this.client.deleteEntity(partitionKey, rowKey, { abortSignal, etag }));
    } catch (error) {
      if (!isRowMissing(error) && !isTableMissing(error)) throw error;
    }
  }

  /** Deletes those of the rows that exist, as many in one transaction as Azure allows. */
  async deleteAll(rowKeys: readonly string[]): Promise<void> {
    for (let i = 0; i < rowKeys.length; i += MAX_CHANGES) {
      const some = rowKeys.slice(i, i + MAX_CHANGES);
      const changes = some.map((rowKey): TransactionAction => ['delete', { partitionKey: this.partitionKey, rowKey }]);
      try {
        await this.change(changes);
      } catch (error) {
        if (!isRowMissing(error)) throw error;
        // one of them does not exist, so the transaction has deleted nothing
        for (const rowKey of some) await this.delete(rowKey);
      }
    }
  }

  private async *answers(filter: string, select: string[], maxPageSize: number): AsyncGenerator<Page> {
    const query = { queryOptions: { filter, select }, abortSignal: this.abortSignal };
    let continuationToken = '';
    do {
      const settings = { maxPageSize, continuationToken };
      const page = await this.retried(async () => {
        // a new iterator for each page: after an error an iterator has ended and can't be retried
        const next = await this.client.listEntities(query).byPage(settings).next();
        return next.done ? ([] as Page) : next.value;
      });
      yield page;
      continuationToken = page.continuationToken ?? '';
    } while (continuationToken !== '');
  }

  /**
   * Calls `work`, which writes `row` on a condition (its ETag, or that it does not exist). If an attempt has written the row but its answer was lost, the
   * retry fails on that condition. So if a retry fails and the stored row equals `row`, the work was done.
   */
  private async write(row: NewRow | TransactionAction[1] | undefined, work: () => Promise<string>): Promise<string> {
    let attempts = 0;
    try {
      return await this.createTableIfMissing(() => {
        attempts += 1;
        return work();
      });
    } catch (error) {
      if (attempts < 2 || row === undefined || !isConflict(error)) throw error;
      const kept = await this.get(String(row.rowKey));
      if (!kept || !hasValues(kept, row)) throw error;
      return kept.etag;
    }
  }

  private async createTableIfMissing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.retried(work);
    } catch (error) {
      if (!isTableMissing(error)) throw error;
      await this.retried(() => this.client.createTable({ abortSignal: this.abortSignal }));
      return await this.retried(work);
    }
  }

  private retried<T>(work: () => Promise<T>): Promise<T> {
    return retryTransient(work, this.until, this.abortSignal);
  }
}

const quoted = (key: string) => key.replaceAll("'", "''");

/** Compares with `===`: values of the history's rows are strings and numbers. */
const hasValues = (kept: Row, wanted: object) =>
  Object.entries(wanted).every(([name, value]) => value === undefined || kept[name] === value);
