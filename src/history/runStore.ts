import type { Run, RunStatus } from '../workflow/runRecord';
import type { HourOfRuns } from './runStatistics';

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
  /** Gives a run that died an end, unless it has one by now. Returns whether it did. */
  close(run: Run): Promise<boolean>;
  /** The run of that id with all that is kept of it; undefined: there is none. */
  get(id: string): Promise<Run | undefined>;
  list(query: RunQuery): Promise<RunPage>;
  /** What the runs of a time that ended came to, for each hour in which one began. */
  hours(query: HoursQuery): Promise<HourOfRuns[]>;
  /**
   * Deletes runs that started before `keepFrom` (milliseconds since the epoch), and does what makes later queries cheap, within `limitMs`.
   * Returns how many runs it deleted; those that the time was not enough for are left to the next time.
   */
  maintain(keepFrom: number, limitMs: number): Promise<number>;
  /** Resolves when the store answers. */
  check(): Promise<void>;
}

/** Which hours: times are milliseconds since the epoch, starts of hours; `since` included, `until` not. */
export interface HoursQuery {
  since: number;
  until: number;
  connection?: string | undefined;
}

export const DEFAULT_TOP = 25;
