import type { Run, RunStatus } from './run';
import type { LedgerEntry } from './ledger';
import type { HourOfRuns } from './statistics';

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
  /**
   * Keeps a run. One with an end replaces the same run without, never the other way round, and also one that was closed as dead. `deleted`: users
   * of the run that no longer exist; they are removed from the ledger in the same change. The users that an ended run left are added to it.
   */
  save(run: Run, deleted?: readonly string[]): Promise<void>;
  /**
   * Gives a run that died an end, unless it has one by now, and adds the users that it left to the ledger. Returns their entries, `undefined` if
   * the run has an end.
   */
  close(run: Run): Promise<LedgerEntry[] | undefined>;
  /** A user that a run left is deleted: it is removed from the ledger and from its run, in one change. */
  cleaned(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void>;
  /** The run with this id and everything stored about it; `undefined` if absent. */
  get(id: string): Promise<Run | undefined>;
  list(query: RunQuery): Promise<RunPage>;
  /** What the runs of a time that ended came to, for each hour in which one began. */
  hours(query: HoursQuery): Promise<HourOfRuns[]>;
  /** How many runs of a time ended without knowing whether ACS made a user. */
  unknown(query: HoursQuery): Promise<number>;
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
