import type { TableClient, TableEntityResultPage, TransactionAction } from '@azure/data-tables';
import { repeatPassing } from './repeats';
import { isConflict, isRowMissing, isTableMissing, NotTables, TransactionRefused } from './tableErrors';

/** Rows by their keys, `above` and `below` excluded. */
export interface RowRange {
  above: string;
  below: string;
  select: string[];
  /** Rows in one answer at the most, up to 1000. */
  pageSize?: number;
}

export type Row = Record<string, unknown> & { rowKey: string; etag: string };

/** A row to be written. */
export interface NewRow {
  rowKey: string;
  [property: string]: unknown;
}

type Page = TableEntityResultPage<Record<string, unknown>>;

/** Rows that Azure takes in one transaction. */
export const MAX_CHANGES = 100;

/**
 * Reads and writes the rows of one partition until the signal aborts, each request again while it fails with what may pass. A table that is missing
 * has no rows; it is made when a row is written.
 */
export class Rows {
  /** `until`: the time of `performance.now()` at which the signal aborts. */
  constructor(
    private readonly client: TableClient,
    readonly partitionKey: string,
    private readonly abortSignal: AbortSignal,
    private readonly until: number,
  ) {}

  /** The row of a key; `undefined` if there is none. */
  async get(rowKey: string, select?: string[]): Promise<Row | undefined> {
    const { partitionKey, abortSignal } = this;
    const options = { abortSignal, ...(select ? { queryOptions: { select } } : {}) };
    try {
      const row = await this.repeated(() => this.client.getEntity(partitionKey, rowKey, options));
      return { ...row, rowKey };
    } catch (error) {
      if (isRowMissing(error) || isTableMissing(error)) return undefined;
      throw error;
    }
  }

  /** The rows of a range in the order of their keys, one answer of the service at a time. */
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

  /** The first `top` partitions that the table has; `undefined`: there is no table. A request for each. */
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
      // by position: Azurite names no row in the answer to an update, and neither does Azure in that to a deletion
      if (status !== 202 || subResponses.length !== changes.length) throw new NotTables();
      return subResponses[0]?.etag ?? '*';
    });
  }

  async upsert(row: NewRow): Promise<void> {
    const { partitionKey, abortSignal } = this;
    await this.written(() => this.client.upsertEntity({ ...row, partitionKey }, 'Replace', { abortSignal }));
  }

  /** Replaces a row that has not changed since it had this ETag. Returns its new one. */
  async update(row: NewRow, etag: string): Promise<string> {
    const { partitionKey, abortSignal } = this;
    return this.write(row, async () => {
      const answer = await this.client.updateEntity({ ...row, partitionKey }, 'Replace', { abortSignal, etag });
      return answer.etag ?? '*';
    });
  }

  /** A row that does not exist is no error. */
  async delete(rowKey: string): Promise<void> {
    const { partitionKey, abortSignal } = this;
    try {
      await this.repeated(() => this.client.deleteEntity(partitionKey, rowKey, { abortSignal }));
    } catch (error) {
      if (!isRowMissing(error) && !isTableMissing(error)) throw error;
    }
  }

  /** Deletes rows, as many at once as Azure takes. A row that does not exist is no error. */
  async deleteAll(rowKeys: readonly string[]): Promise<void> {
    for (let i = 0; i < rowKeys.length; i += MAX_CHANGES) {
      const some = rowKeys.slice(i, i + MAX_CHANGES);
      const changes = some.map((rowKey): TransactionAction => ['delete', { partitionKey: this.partitionKey, rowKey }]);
      try {
        await this.change(changes);
      } catch (error) {
        if (!isRowMissing(error)) throw error;
        // one of them is deleted already, and the transaction is all or nothing
        for (const rowKey of some) await this.delete(rowKey);
      }
    }
  }

  private async *answers(filter: string, select: string[], maxPageSize: number): AsyncGenerator<Page> {
    const query = { queryOptions: { filter, select }, abortSignal: this.abortSignal };
    let continuationToken = '';
    do {
      const settings = { maxPageSize, continuationToken };
      const page = await this.repeated(async () => {
        // an iterator for each page: one that has failed is at its end
        const next = await this.client.listEntities(query).byPage(settings).next();
        return next.done ? ([] as Page) : next.value;
      });
      yield page;
      continuationToken = page.continuationToken ?? '';
    } while (continuationToken !== '');
  }

  /**
   * Does `work`, which writes `row` on a condition. A repetition of work that was done, though its answer was lost or was an error, meets that condition
   * no longer: where the row is as it was to be written, the work is done.
   */
  private async write(row: NewRow | TransactionAction[1] | undefined, work: () => Promise<string>): Promise<string> {
    let times = 0;
    try {
      return await this.written(() => {
        times += 1;
        return work();
      });
    } catch (error) {
      if (times < 2 || row === undefined || !isConflict(error)) throw error;
      const kept = await this.get(String(row.rowKey));
      if (!kept || !holds(kept, row)) throw error;
      return kept.etag;
    }
  }

  private async written<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.repeated(work);
    } catch (error) {
      if (!isTableMissing(error)) throw error;
      await this.repeated(() => this.client.createTable({ abortSignal: this.abortSignal }));
      return await this.repeated(work);
    }
  }

  private repeated<T>(work: () => Promise<T>): Promise<T> {
    return repeatPassing(work, this.until, this.abortSignal);
  }
}

const quoted = (key: string) => key.replaceAll("'", "''");

/** Rows of the history hold texts and numbers. */
const holds = (kept: Row, wanted: object) =>
  Object.entries(wanted).every(([name, value]) => value === undefined || kept[name] === value);
