/** A user that a run of the workflow made, for as long as it is not known to be deleted. */
export interface LedgerEntry {
  userId: string;
  /** The run that made it. */
  runId: string;
  /** The connection's name, and the id of the ACS resource that it pointed at. */
  connection: string;
  resourceId: string;
  /** RFC 3339 UTC. */
  madeAt: string;
}

/** Which entries: of runs that started before `startedBefore` (milliseconds since the epoch). */
export interface LedgerQuery {
  startedBefore: number;
  /** Entries at the most; default: all. */
  top?: number;
}

/**
 * Where users that runs made are written down as soon as ACS names them, and struck off when they are deleted: what is left in it, leaked.
 * Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or `Misconfigured` (500).
 */
export interface Ledger {
  add(entry: LedgerEntry): Promise<void>;
  /** One that is not there is no fault. */
  strike(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void>;
  /** Those of the newest runs first. */
  list(query: LedgerQuery): Promise<LedgerEntry[]>;
}
