import { resourceOf } from '../identity/identityTypes';
import type { Run } from './run';

/** A user that a run of the workflow created and that is not known to be deleted. */
export interface LedgerEntry {
  userId: string;
  /** The run that created it. */
  runId: string;
  /** The connection's name, and the id of its ACS resource when the user was created. */
  connection: string;
  resourceId: string;
  /** RFC 3339 UTC. */
  madeAt: string;
}

/** A filter: entries of runs that started before `startedBefore` (milliseconds since the epoch). */
export interface LedgerQuery {
  startedBefore: number;
  /** Maximum number of entries. Default: all. */
  top?: number;
}

/**
 * The list of the users that runs have created. A user is added as soon as its id is received, and removed when it is deleted. So the users in it are left
 * behind, or belong to runs that are still running. When an ended run is saved, its remaining users are added again, and its deleted ones are removed: see
 * `RunStore`.
 * Every method rejects with an AppError: `StorageUnavailable` (503) within a bounded time, or `Misconfigured` (500).
 */
export interface Ledger {
  add(entry: LedgerEntry): Promise<void>;
  /** Does nothing if there is no such entry. */
  remove(entry: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void>;
  /** Entries of the newest runs first. */
  list(query: LedgerQuery): Promise<LedgerEntry[]>;
}

/** The ledger entries of the users that a run has left behind. */
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

/** Counts the users of runs that started before `startedBefore`, of one connection or of all. If `isExact` is false, there are more. */
export async function countEntries(
  ledger: Pick<Ledger, 'list'>,
  { startedBefore, connection }: { startedBefore: number; connection?: string | undefined },
): Promise<{ count: number; isExact: boolean }> {
  const entries = await ledger.list({ startedBefore, top: MAX_COUNTED + 1 });
  const counted = entries.slice(0, MAX_COUNTED).filter((e) => connection === undefined || e.connection === connection);
  return { count: counted.length, isExact: entries.length <= MAX_COUNTED };
}
