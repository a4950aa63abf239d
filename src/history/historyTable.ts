import type { TableClient } from '@azure/data-tables';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';
import { reasonOf } from './tableErrors';
import { Rows } from './tableRows';

export interface TableOptions {
  /** Makes the client, on first use: its module is large. */
  client: () => Promise<TableClient>;
  /** Separates apps and workflows that share an account. */
  partitionKey: string;
  /** The setting that names the storage, for messages. */
  setting: string;
  limitMs?: number;
  /** Called when an operation ended; without an error it went well. For health. */
  onOutcome?: (error?: AppError) => void;
}

export interface HistoryPresence {
  hasTable: boolean;
  /** Of its own partition. */
  hasRows: boolean;
  /** The first partitions that the table has, its own one included. */
  partitions: string[];
}

/** Partitions that {@link HistoryTable.presence} names. */
const MAX_PARTITIONS = 10;

/** One partition of an Azure table. Every query is a range of keys: Azure would look through all rows for anything else. */
export class HistoryTable {
  private made: Promise<TableClient> | undefined;

  constructor(private readonly options: TableOptions) {}

  get partitionKey(): string {
    return this.options.partitionKey;
  }

  /** Runs `work` within the limit (milliseconds). @throws AppError `StorageUnavailable` (503) that says why */
  async bounded<T>(work: (rows: Rows) => Promise<T>, limitMs = this.options.limitMs ?? LIMITS.storageMs): Promise<T> {
    const until = performance.now() + limitMs;
    try {
      const result = await withLimit(limitMs, undefined, async (signal) =>
        work(new Rows(await this.client(), this.partitionKey, signal, until)),
      );
      this.options.onOutcome?.();
      return result;
    } catch (cause) {
      const message = () => `The storage that keeps runs (setting '${this.options.setting}') ${reasonOf(cause)}.`;
      const error = isAppError(cause) ? cause : new AppError(503, 'StorageUnavailable', message(), { cause });
      this.options.onOutcome?.(error);
      throw error;
    }
  }

  /** What the table has of this partition and of others: to explain why nothing was found. */
  presence(): Promise<HistoryPresence> {
    return this.bounded(async (rows) => {
      const partitions = await rows.partitions(MAX_PARTITIONS);
      if (partitions === undefined) return { hasTable: false, hasRows: false, partitions: [] };
      const range = { above: '', below: '~', select: [], pageSize: 1 };
      for await (const page of rows.pages(range))
        if (page.length > 0) return { hasTable: true, hasRows: true, partitions };
      return { hasTable: true, hasRows: false, partitions };
    });
  }

  private client(): Promise<TableClient> {
    this.made ??= this.options.client().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    return this.made;
  }
}
