import type { TableClient, TransactionAction } from '@azure/data-tables';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';

export interface TableOptions {
  /** Makes the client, on first use: its module is large. */
  client: () => Promise<TableClient>;
  /** Keeps what apps and workflows that share an account keep apart. */
  partitionKey: string;
  /** The setting that names the storage, for messages. */
  setting: string;
  limitMs?: number;
  /** Called when an operation ended; without an error it went well. For health. */
  onOutcome?: (error?: AppError) => void;
}

/** Rows by their keys. `above` and `below` are no part of the range. */
export interface RowRange {
  above: string;
  below: string;
  select: string[];
  /** Rows that one answer has at the most, up to 1000. */
  pageSize?: number;
}

export type Row = Record<string, unknown> & { rowKey: string; etag: string };

/** Rows that Azure takes in one transaction. */
export const MAX_CHANGES = 100;

/** One partition of an Azure table. Every query is a range of keys: Azure would look through all rows for anything else. */
export class HistoryTable {
  private made: Promise<TableClient> | undefined;

  constructor(private readonly options: TableOptions) {}

  get partitionKey(): string {
    return this.options.partitionKey;
  }

  /**
   * Runs `work` within the limit (milliseconds), makes the table when it is missing, and turns what went wrong into an AppError
   * `StorageUnavailable` (503).
   */
  async bounded<T>(work: (rows: Rows) => Promise<T>, limitMs = this.options.limitMs ?? LIMITS.storageMs): Promise<T> {
    try {
      const result = await withLimit(limitMs, undefined, async (signal) => {
        const client = await this.client();
        const rows = new Rows(client, this.partitionKey, signal);
        try {
          return await work(rows);
        } catch (error) {
          if (!isTableMissing(error)) throw error;
          await client.createTable({ abortSignal: signal });
          return await work(rows);
        }
      });
      this.options.onOutcome?.();
      return result;
    } catch (cause) {
      const message = () => `The storage that keeps runs (setting '${this.options.setting}') ${fault(cause)}.`;
      const error = isAppError(cause) ? cause : new AppError(503, 'StorageUnavailable', message(), { cause });
      this.options.onOutcome?.(error);
      throw error;
    }
  }

  private client(): Promise<TableClient> {
    this.made ??= this.options.client().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    return this.made;
  }
}

/** What can be done with the rows of the partition, as long as the signal lets it. */
export class Rows {
  constructor(
    private readonly client: TableClient,
    readonly partitionKey: string,
    private readonly abortSignal: AbortSignal,
  ) {}

  /** The row of a key, or undefined. */
  async get(rowKey: string, select?: string[]): Promise<Row | undefined> {
    try {
      const row = await this.client.getEntity(this.partitionKey, rowKey, {
        abortSignal: this.abortSignal,
        ...(select ? { queryOptions: { select } } : {}),
      });
      return { ...row, rowKey };
    } catch (error) {
      if (isRowMissing(error)) return undefined;
      throw error;
    }
  }

  /** The rows of a range in the order of their keys, an answer of the service at a time. */
  async *pages({ above, below, select, pageSize = 1000 }: RowRange): AsyncGenerator<Row[]> {
    const filter = `PartitionKey eq '${quoted(this.partitionKey)}' and RowKey gt '${quoted(above)}' and RowKey lt '${quoted(below)}'`;
    const queryOptions = { filter, select: ['RowKey', ...select] };
    const pages = this.client
      .listEntities({ queryOptions, abortSignal: this.abortSignal })
      .byPage({ maxPageSize: pageSize });
    for await (const page of pages) {
      yield page.map((row) => ({ ...row, rowKey: String(row.rowKey), etag: row.etag }));
    }
  }

  /** All rows of a range. */
  async all(range: RowRange): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const page of this.pages(range)) rows.push(...page);
    return rows;
  }

  /** Makes all changes or none. Returns the new ETag of the first row. */
  async change(changes: TransactionAction[]): Promise<string> {
    const answer = await this.client.submitTransaction(changes, { abortSignal: this.abortSignal });
    const { status, subResponses } = answer;
    // by position: Azurite names no row in the answer to an update, and neither does Azure in that to a deletion
    if (status !== 202 || subResponses.length !== changes.length || subResponses.some((one) => one.status >= 300)) {
      throw new NotTables();
    }
    return subResponses[0]?.etag ?? '*';
  }

  async upsert(row: { rowKey: string; [property: string]: unknown }): Promise<void> {
    const { partitionKey, abortSignal } = this;
    await this.client.upsertEntity({ ...row, partitionKey }, 'Replace', { abortSignal });
  }

  /** Replaces a row that has not changed since it had this ETag. Returns its new one. */
  async update(row: { rowKey: string; [property: string]: unknown }, etag: string): Promise<string> {
    const { partitionKey, abortSignal } = this;
    const answer = await this.client.updateEntity({ ...row, partitionKey }, 'Replace', { abortSignal, etag });
    return answer.etag ?? '*';
  }

  /** A row that does not exist is no error. */
  async delete(rowKey: string): Promise<void> {
    try {
      await this.client.deleteEntity(this.partitionKey, rowKey, { abortSignal: this.abortSignal });
    } catch (error) {
      if (!isRowMissing(error)) throw error;
    }
  }

  /** Deletes rows, as many at once as Azure takes; one that is not there is no fault. */
  async deleteAll(rowKeys: readonly string[]): Promise<void> {
    for (let i = 0; i < rowKeys.length; i += MAX_CHANGES) {
      const some = rowKeys.slice(i, i + MAX_CHANGES);
      const changes = some.map((rowKey): TransactionAction => ['delete', { partitionKey: this.partitionKey, rowKey }]);
      try {
        await this.change(changes);
      } catch (error) {
        if (!isRowMissing(error)) throw error;
        // somebody else deleted one of them, and the transaction is all or nothing
        for (const rowKey of some) await this.delete(rowKey);
      }
    }
  }
}

/** Something else than Azure Tables answered, such as a proxy with a page of its own. */
export class NotTables extends Error {}

const quoted = (key: string) => key.replaceAll("'", "''");

function codeOf(error: unknown): string | undefined {
  const { code, details } = error as { code?: string; details?: { odataError?: { code?: string } } };
  return details?.odataError?.code ?? code;
}

const isTableMissing = (error: unknown) => codeOf(error) === 'TableNotFound';

const isRowMissing = (error: unknown) =>
  (error as { statusCode?: number }).statusCode === 404 && !isTableMissing(error);

/** Has somebody else changed, made or deleted one of the rows meanwhile? */
export function isConflict(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: number };
  return !isTableMissing(error) && (statusCode === 412 || statusCode === 404 || statusCode === 409);
}

function fault(error: unknown): string {
  const { statusCode, code, name } = error as { statusCode?: number; code?: string; name?: string };
  if (/Credential|Authentication/.test(name ?? '')) return 'gets no Entra ID token: check that the identity exists';
  if (error instanceof SyntaxError) return 'has a row that this version can not read';
  // the SDK throws errors without a code for answers that it can't read
  const isUnreadable = code === undefined && statusCode === undefined && name !== 'LimitReached';
  if (isUnreadable || code === 'PARSE_ERROR')
    return 'gave an answer that is not one of Azure Tables: check its address, and proxies on the way';
  if (statusCode === 401 || statusCode === 403)
    return `refuses access (${statusCode}): check its key, or the role Storage Table Data Contributor`;
  if (statusCode !== undefined) return `failed (${statusCode})`;
  return name === 'LimitReached' ? 'did not answer in time' : `can't be reached (${code ?? 'no answer'})`;
}
