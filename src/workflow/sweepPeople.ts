import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Directory } from '../auth/directory';
import type { PendingUser } from '../auth/directoryRows';
import { checkClock } from '../base/clock';
import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { withTimeout } from '../base/timeout';
import { deleteUsers, type Deletions } from './deleteUsers';
import type { DeletionOptions, UserToDelete } from './userDeletion';

export interface PeopleSweepOptions extends Pick<DeletionOptions, 'actionsOn' | 'onThrottled'> {
  directory: Pick<Directory, 'pending' | 'find' | 'removePending' | 'clockSkewMs'>;
  /** The connection that points at the ACS resource of a user; `undefined` if there is none. */
  connectionAt: (user: PendingUser) => string | undefined;
  /** Time for all of it, in milliseconds. */
  limitMs: number;
  /** For the age of rows, in milliseconds since the epoch. */
  now?: () => number;
  /** For deadlines: milliseconds of a monotonic clock. */
  elapsed?: () => number;
  sleep?: (ms: number) => Promise<void>;
}

export interface PeopleSweepReport extends Deletions<UserToDelete & { pending: PendingUser }> {
  /** Users on ACS resources that no connection points at, by the host of the resource. */
  withoutConnection: Map<string, number>;
}

/** The share of the time for finding out which users are mapped. Otherwise many of them would leave no time to delete any, in no sweep. */
const CHECK_SHARE = 0.5;
/** Maximum number of users of one sweep. Each is of a process that died or a storage that failed, so there are rarely any. */
const MAX_USERS = 1_000;

/**
 * Deletes the ACS users that were created for people, and that no mapping of the directory names: their process died, or the storage failed. A call that began
 * longer ago than {@link LIMITS.runOverMs} is over.
 * @throws AppError `StorageUnavailable`, or `ClockSkew` if this machine's clock is wrong
 */
export async function sweepPeople(options: PeopleSweepOptions): Promise<PeopleSweepReport> {
  const { directory, connectionAt, now = Date.now, elapsed = () => performance.now(), sleep = sleepFor } = options;
  const deadline = elapsed() + options.limitMs;
  const leftMs = () => deadline - elapsed();
  const waiting = await directory.pending(now() - LIMITS.runOverMs, MAX_USERS);
  checkClock(directory.clockSkewMs());
  const unmapped: (UserToDelete & { pending: PendingUser })[] = [];
  const withoutConnection = new Map<string, number>();
  let isCutShort = waiting.length === MAX_USERS;
  for (const pending of waiting) {
    if (leftMs() <= options.limitMs * (1 - CHECK_SHARE)) {
      isCutShort = true;
      break;
    }
    const isMapped = await withTimeout(leftMs(), undefined, async () => {
      if ((await directory.find(pending))?.identity !== pending.identity) return false;
      await directory.removePending(pending);
      return true;
    }).catch((error: unknown) => {
      if (isAppError(error)) throw error;
      return undefined;
    });
    if (isMapped !== false) continue;
    const connection = connectionAt(pending);
    if (connection === undefined) {
      withoutConnection.set(pending.resource, (withoutConnection.get(pending.resource) ?? 0) + 1);
      continue;
    }
    // a resource is known by its host, and a user that it does not know is gone with an earlier resource of that name
    unmapped.push({ userId: pending.identity, connection, resourceId: '', pending });
  }
  const deletions = await deleteUsers(unmapped, {
    ...options,
    elapsed,
    sleep,
    leftMs,
    unknownIsDeleted: true,
    onDeleted: ({ pending }) => directory.removePending(pending),
  });
  return { ...deletions, isCutShort: isCutShort || deletions.isCutShort, withoutConnection };
}

/** Logs what a sweep did, and what is left. */
export function logPeopleSweep(log: RunLog, { deleted, left, withoutConnection }: PeopleSweepReport): void {
  if (deleted > 0) log.info(`Users of signed-in people whose call did not end: ${deleted} deleted.`);
  const [first] = left;
  if (first !== undefined)
    log.error(
      `Users of signed-in people whose call did not end: ${left.length} left. User ${first.userId}: ${first.reason}.`,
    );
  for (const [resource, count] of withoutConnection) {
    log.warn(
      `Users of signed-in people whose call did not end: ${count} left on ${resource}, because no connection points at that ACS resource.`,
    );
  }
}
