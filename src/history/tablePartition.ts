import type { TableClient } from '@azure/data-tables';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withTimeout } from '../base/timeout';
import { reasonOf } from './tableErrors';
import { Rows } from './tableRows';

export interface PartitionOptions {
  /** The client of the table. It is made on first use, because loading its module takes time. */
  client: () => Promise<TableClient>;
  partitionKey: string;
  /** The setting of the storage, for messages. */
  setting: string;
  /** What is kept there, for messages. Default: runs. */
  content?: string;
  limitMs?: number;
  /** Called when an operation has ended; for health. `error` is `undefined` if it succeeded. */
  onOutcome?: (error?: AppError) => void;
}

export interface HistoryPresence {
  hasTable: boolean;
  /** Has the own partition any rows? */
  hasRows: boolean;
  /** The first partitions of the table, of this app and of others. */
  partitions: string[];
}

/** Maximum number of partitions in {@link HistoryPresence}. */
const MAX_PARTITIONS = 10;

/** One partition of an Azure table. Every query is a range of keys, because for other filters Azure reads all rows. */
export class TablePartition {
  constructor(private readonly options: PartitionOptions) {}

  get partitionKey(): string {
    return this.options.partitionKey;
  }

  /** Runs `work` with a timeout of `limitMs` milliseconds. @throws AppError `StorageUnavailable` (503), with the reason in its message */
  async bounded<T>(work: (rows: Rows) => Promise<T>, limitMs = this.options.limitMs ?? LIMITS.storageMs): Promise<T> {
    const until = performance.now() + limitMs;
    try {
      const result = await withTimeout(limitMs, undefined, async (signal) =>
        work(new Rows(await this.options.client(), this.partitionKey, signal, until)),
      );
      this.options.onOutcome?.();
      return result;
    } catch (cause) {
      const { content = 'runs', setting } = this.options;
      const message = () => `The storage that keeps ${content} (setting '${setting}') ${reasonOf(cause)}.`;
      const error = isAppError(cause) ? cause : new AppError(503, 'StorageUnavailable', message(), { cause });
      this.options.onOutcome?.(error);
      throw error;
    }
  }

  /** Which partitions exist in the table: explains why no run was found. */
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
}
