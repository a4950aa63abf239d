import type { Run, RunStatus } from './run';
import type { LedgerEntry } from './ledger';
import type { HourOfRuns } from './statistics';

/** Filters of a list of runs. Times are milliseconds since the epoch, `since` inclusive, `until` exclusive. */
export interface RunQuery {
  status?: RunStatus | undefined;
  since?: number | undefined;
  until?: number | undefined;
  clientTrackingId?: string | undefined;
  connection?: string | undefined;
  /** Maximum number of runs, 1 to 250. Default: 25. */
  top?: number | undefined;
  /** The id of the last run of the previous page. */
  continuationToken?: string | undefined;
}

/** A page of runs, newest first, without the inputs and outputs of their steps. */
export interface RunPage {
  value: Run[];
  /** Set if there may be more runs. */
  continuationToken?: string;
}

/** `cancelRequested`: the running run was not saved, because somebody has asked to cancel it. */
export type SaveResult = 'saved' | 'cancelRequested';

/**
 * Stores runs. Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or
 * `Misconfigured` (500).
 */
export interface RunStore {
  readonly kind: 'tables' | 'memory';
  /**
   * Saves a run. An ended run replaces the stored one, also if that was closed as dead. A running run never replaces an ended one. In the same change, the
   * users that an ended run left are added to the ledger, and those of `deleted`, which no longer exist, are removed from it.
   */
  save(run: Run, deleted?: readonly string[]): Promise<SaveResult>;
  /** Marks a running run as to be cancelled. The process that runs it notices when it saves the run the next time. */
  requestCancel(id: string): Promise<'requested' | 'ended' | 'notFound'>;
  /**
   * Saves the end of a run whose process died, and adds the users that it left to the ledger. Returns their entries; `undefined` if the stored run has
   * already ended.
   */
  close(run: Run): Promise<LedgerEntry[] | undefined>;
  /** Records that a user is deleted: removes it from the ledger and from its run, in one change. */
  cleaned(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void>;
  /** The run with this id and everything stored about it; `undefined` if there is none. */
  get(id: string): Promise<Run | undefined>;
  list(query: RunQuery): Promise<RunPage>;
  /** The results of ended runs, for each hour in which a run started. */
  hours(query: HoursQuery): Promise<HourOfRuns[]>;
  /** How many ended runs have the cleanup state `Unknown`. */
  unknown(query: HoursQuery): Promise<number>;
  /**
   * Deletes runs that started before `keepFrom` (milliseconds since the epoch), and prepares rows that make later queries cheap. Stops after `limitMs`; the
   * next call continues. Returns how many runs it deleted.
   */
  maintain(keepFrom: number, limitMs: number): Promise<number>;
  /** Resolves if the store answers. */
  check(): Promise<void>;
}

/** A range of whole hours. Times are milliseconds since the epoch, `since` inclusive, `until` exclusive. */
export interface HoursQuery {
  since: number;
  until: number;
  connection?: string | undefined;
}

export const DEFAULT_TOP = 25;
