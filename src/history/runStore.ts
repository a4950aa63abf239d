import type { Run, RunStatus } from '../workflow/runRecord';

/** Which runs to list. Times are milliseconds since the epoch, `since` included, `until` not. */
export interface RunQuery {
  status?: RunStatus | undefined;
  since?: number | undefined;
  until?: number | undefined;
  clientTrackingId?: string | undefined;
  connection?: string | undefined;
  /** Runs at the most, 1 to 250; default 25. */
  top?: number | undefined;
  /** The id of the last run of the page before. */
  continuationToken?: string | undefined;
}

/** A page of runs, newest first, without the inputs and outputs of their steps. */
export interface RunPage {
  value: Run[];
  /** Is there where there may be more. */
  continuationToken?: string;
}

/**
 * Where runs are kept. Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or
 * `Misconfigured` (500).
 */
export interface RunStore {
  readonly kind: 'tables' | 'memory';
  /** Keeps a run; one with an end replaces the same run without. */
  save(run: Run): Promise<void>;
  /** The run of that id with all that is kept of it; undefined: there is none. */
  get(id: string): Promise<Run | undefined>;
  list(query: RunQuery): Promise<RunPage>;
  /** Resolves when the store answers. */
  check(): Promise<void>;
}

export const DEFAULT_TOP = 25;
