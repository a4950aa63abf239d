import { resourceOf } from '../identity/userId';
import type { Run } from './run';

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
 * Users that runs made are recorded here as soon as ACS names them, and removed when they are deleted: what stays in it was left behind. An ended
 * run that left users records them here again when it is saved, and removes the deleted ones: see `RunStore`.
 * Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or `Misconfigured` (500).
 */
export interface Ledger {
  add(entry: LedgerEntry): Promise<void>;
  /** An entry that does not exist is no error. */
  strike(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void>;
  /** Those of the newest runs first. */
  list(query: LedgerQuery): Promise<LedgerEntry[]>;
}

/** The entries of the users that a run has left. */
export function entriesOf({ id, connection, startTime, usersLeftBehind = [] }: Run): LedgerEntry[] {
  return usersLeftBehind.map((userId) => ({
    userId,
    runId: id,
    connection,
    resourceId: resourceOf(userId),
    madeAt: startTime,
  }));
}

const MAX_COUNTED = 10_000;

/** Counts the users of runs that started before `startedBefore`, of one connection or of all. `isExact` false: there are more. */
export async function countEntries(
  ledger: Pick<Ledger, 'list'>,
  { startedBefore, connection }: { startedBefore: number; connection?: string | undefined },
): Promise<{ count: number; isExact: boolean }> {
  const entries = await ledger.list({ startedBefore, top: MAX_COUNTED + 1 });
  const counted = entries.slice(0, MAX_COUNTED).filter((e) => connection === undefined || e.connection === connection);
  return { count: counted.length, isExact: entries.length <= MAX_COUNTED };
}
