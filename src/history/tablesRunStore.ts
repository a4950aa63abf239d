import type { TableClient, TransactionAction } from '@azure/data-tables';
import { AppError, isAppError } from '../errors';
import { LIMITS, withLimit } from '../limits';
import type { Run } from '../workflow/runRecord';
import { isRunId } from '../runId';
import { indexRows, keyRange, runOf, runRow, statusKey } from './runRows';
import { passes } from './runSummary';
import { DEFAULT_TOP, type RunPage, type RunQuery, type RunStore } from './runStore';

export interface TablesOptions {
  /** Makes the client, on first use: its module is large. */
  client: () => Promise<TableClient>;
  /** Keeps the runs of apps and workflows that share an account apart. */
  partitionKey: string;
  /** The setting that names the storage, for messages. */
  setting: string;
  limitMs?: number;
}

/** A row as it was last seen: what a change of it must start from. */
interface Seen {
  etag: string;
  status: string;
}

/** Rows that one page reads at the most when several filters are given at once. */
const MAX_SCANNED = 2_000;

/** Keeps runs in an Azure table. Every query is a range of keys; nothing is found by looking through rows. */
export class TablesRunStore implements RunStore {
  readonly kind = 'tables';
  private made: Promise<TableClient> | undefined;
  /** Runs that this process has begun and not ended. */
  private readonly running = new Map<string, Seen>();

  constructor(private readonly options: TablesOptions) {}

  async save(run: Run): Promise<void> {
    await this.bounded(async (client, abortSignal) => {
      let seen =
        this.running.get(run.id) ??
        (run.status === 'Running' ? undefined : await this.look(client, run.id, abortSignal));
      for (let tries = 0; ; tries += 1) {
        try {
          const etag = await this.write(client, run, seen, abortSignal);
          if (run.status === 'Running') this.running.set(run.id, { etag, status: run.status });
          else this.running.delete(run.id);
          return;
        } catch (error) {
          const { statusCode } = error as { statusCode?: number };
          // somebody else closed the run meanwhile: this is its real verdict, so look again and replace theirs
          if (tries >= 3 || isTableMissing(error) || (statusCode !== 412 && statusCode !== 404 && statusCode !== 409))
            throw error;
          seen = await this.look(client, run.id, abortSignal);
        }
      }
    }).finally(() => {
      if (run.status !== 'Running') this.running.delete(run.id);
    });
  }

  async get(id: string): Promise<Run | undefined> {
    if (!isRunId(id)) return undefined;
    return this.bounded(async (client, abortSignal) => {
      try {
        return runOf(await client.getEntity(this.options.partitionKey, id, { abortSignal }));
      } catch (error) {
        if (isRowMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async list(query: RunQuery): Promise<RunPage> {
    const { prefix, above, below, rest } = keyRange(query);
    const top = query.top ?? DEFAULT_TOP;
    const filter = `PartitionKey eq '${this.options.partitionKey}' and RowKey gt '${quoted(above)}' and RowKey lt '${quoted(below)}'`;
    return this.bounded(async (client, abortSignal) => {
      const value: Run[] = [];
      let scanned = 0;
      let last = '';
      const pages = client
        .listEntities({ queryOptions: { filter, select: ['RowKey', 'summary'] }, abortSignal })
        .byPage({ maxPageSize: rest ? 250 : top + 1 });
      for await (const page of pages) {
        for (const row of page) {
          if (value.length === top || scanned === MAX_SCANNED) return { value, continuationToken: last };
          scanned += 1;
          last = String(row.rowKey).slice(prefix.length);
          const run = JSON.parse(String(row.summary)) as Run;
          if (!rest || passes(run, query)) value.push(run);
        }
      }
      return { value };
    });
  }

  async check(): Promise<void> {
    await this.bounded((client, abortSignal) => this.look(client, '0', abortSignal));
  }

  private async look(client: TableClient, id: string, abortSignal: AbortSignal): Promise<Seen | undefined> {
    try {
      const row = await client.getEntity(this.options.partitionKey, id, {
        queryOptions: { select: ['status'] },
        abortSignal,
      });
      return { etag: row.etag, status: String(row.status) };
    } catch (error) {
      if (isRowMissing(error)) return undefined;
      throw error;
    }
  }

  /** Writes a run with its index rows, all or nothing. Returns the row's new ETag. */
  private async write(
    client: TableClient,
    run: Run,
    seen: Seen | undefined,
    abortSignal: AbortSignal,
  ): Promise<string> {
    const { partitionKey } = this.options;
    const row = runRow(partitionKey, run);
    const changes: TransactionAction[] = [
      seen ? ['update', row, 'Replace', { etag: seen.etag }] : ['create', row],
      ...indexRows(partitionKey, run).map((index): TransactionAction => ['upsert', index, 'Replace']),
    ];
    if (seen && seen.status !== run.status)
      changes.push(['delete', { partitionKey, rowKey: `${statusKey(seen.status)}${run.id}` }]);
    const answer = await client.submitTransaction(changes, { abortSignal });
    return answer.getResponseForEntity(run.id)?.etag ?? '*';
  }

  /** Runs `work` within the limit, makes the table when it is missing, and turns what went wrong into an AppError. */
  private async bounded<T>(work: (client: TableClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withLimit(this.options.limitMs ?? LIMITS.storageMs, undefined, async (signal) => {
        const client = await this.client();
        try {
          return await work(client, signal);
        } catch (error) {
          if (!isTableMissing(error)) throw error;
          await client.createTable({ abortSignal: signal });
          return await work(client, signal);
        }
      });
    } catch (error) {
      if (isAppError(error)) throw error;
      throw new AppError(
        503,
        'StorageUnavailable',
        `The storage that keeps runs (setting '${this.options.setting}') ${fault(error)}.`,
        {
          cause: error,
        },
      );
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

const quoted = (key: string) => key.replaceAll("'", "''");

function codeOf(error: unknown): string | undefined {
  const { code, details } = error as { code?: string; details?: { odataError?: { code?: string } } };
  return details?.odataError?.code ?? code;
}

const isTableMissing = (error: unknown) => codeOf(error) === 'TableNotFound';

const isRowMissing = (error: unknown) =>
  (error as { statusCode?: number }).statusCode === 404 && !isTableMissing(error);

function fault(error: unknown): string {
  const { statusCode, code, name } = error as { statusCode?: number; code?: string; name?: string };
  if (statusCode === 401 || statusCode === 403)
    return `refuses access (${statusCode}): check its key, or the role Storage Table Data Contributor`;
  if (statusCode !== undefined) return `failed (${statusCode})`;
  return name === 'LimitReached' ? 'did not answer in time' : `can't be reached (${code ?? 'no answer'})`;
}
