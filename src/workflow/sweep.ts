import { setTimeout as sleepFor } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import type { Ledger, LedgerEntry } from '../runs/ledger';
import type { RunStore } from '../runs/runStore';
import { LIMITS } from '../base/limits';
import { TimeoutReached, withTimeout } from '../base/timeout';
import { checkClock } from '../base/clock';
import type { Run } from '../runs/run';
import { deleteUsers } from './deleteUsers';
import type { DeletionOptions, Refusal } from './userDeletion';

export interface SweepOptions extends Pick<DeletionOptions, 'actionsOn' | 'resourceOf' | 'probe' | 'onThrottled'> {
  ledger: Pick<Ledger, 'list'>;
  runs: Pick<RunStore, 'list' | 'get' | 'close' | 'cleaned'>;
  /** How far this machine's clock is ahead of the storage's, in milliseconds. Called after the first answer of the storage. */
  clockSkewMs?: () => number | undefined;
  /** Has this run ended, although its end could not be saved? Such runs are not closed as dead. */
  hasEnded?: (runId: string) => boolean;
  /** For the age of runs, in milliseconds since the epoch. */
  now?: () => number;
  /** For deadlines: milliseconds of a monotonic clock. */
  elapsed?: () => number;
  sleep?: (ms: number) => Promise<void>;
  /** Time for the whole sweep, in milliseconds. */
  limitMs: number;
}

/** A user that could not be deleted, and why. `UserNotFound`: ACS does not know it. Either it was deleted, or it belongs to another resource. */
export type LeftUser = LedgerEntry & Refusal;

export interface SweepReport {
  /** Number of users that were deleted. */
  deleted: number;
  /** Users that still exist. */
  left: LeftUser[];
  /** Runs whose process died; they are `Aborted` now. */
  closed: Run[];
  /** Was the time too short? The next sweep continues. */
  isCutShort: boolean;
  /** Why a part failed, if one did. */
  failure: string | undefined;
}

/** The maximum share of the time for closing dead runs. */
const CLOSING_SHARE = 0.4;

/**
 * Closes the runs whose process died, then deletes the users that earlier runs left behind. A run counts as earlier if it is too old to be still running.
 * Connections take turns. A connection that fails is skipped for the rest of the sweep.
 * @throws AppError `StorageUnavailable` if the ledger can't be read, `ClockSkew` if this machine's clock is wrong
 */
export async function sweep(options: SweepOptions): Promise<SweepReport> {
  const { ledger, clockSkewMs, now = Date.now, elapsed = () => performance.now(), sleep = sleepFor } = options;
  const deadline = elapsed() + options.limitMs;
  const leftMs = () => deadline - elapsed();
  const over = now() - LIMITS.runOverMs;
  const waiting = await ledger.list({ startedBefore: over });
  checkClock(clockSkewMs?.());
  const closing = elapsed() + options.limitMs * CLOSING_SHARE;
  const { closed, entries, ...closingEnd } = await closeDead(waiting, over, () => closing - elapsed(), options);

  const deletions = await deleteUsers(entries, {
    ...options,
    elapsed,
    sleep,
    leftMs,
    onDeleted: (entry) => options.runs.cleaned(entry),
  });
  return {
    ...deletions,
    closed,
    isCutShort: closingEnd.isCutShort || deletions.isCutShort,
    failure: closingEnd.failure ?? deletions.failure,
  };
}

/** Closes the runs whose process died. `entries`: the users to delete, including users that are only in the record of a closed run. */
async function closeDead(
  waiting: readonly LedgerEntry[],
  over: number,
  leftMs: () => number,
  { runs, hasEnded }: SweepOptions,
): Promise<Pick<SweepReport, 'closed' | 'isCutShort' | 'failure'> & { entries: LedgerEntry[] }> {
  const entries = new Map(waiting.map((entry) => [entry.userId, entry]));
  const closed: Run[] = [];
  const inTime = <T>(work: () => Promise<T>) => withTimeout(leftMs(), undefined, work);
  let failure: string | undefined;
  const result = (isCutShort: boolean) => ({ closed, isCutShort, failure, entries: [...entries.values()] });
  try {
    for (;;) {
      const before = closed.length;
      const page = await inTime(() => runs.list({ status: 'Running', until: over, top: 250 }));
      for (const { id } of page.value.filter((run) => !hasEnded?.(run.id))) {
        try {
          const run = await inTime(() => runs.get(id));
          const dead = run && aborted(run, waiting);
          const users = dead && (await inTime(() => runs.close(dead)));
          if (!users) continue;
          closed.push(dead);
          for (const entry of users) entries.set(entry.userId, entries.get(entry.userId) ?? entry);
        } catch (error) {
          // if one run can't be read or saved, the others are still closed
          if (!isAppError(error)) throw error;
          failure ??= error.message;
        }
      }
      // closed runs are no longer in the list, so read its first page again
      if (page.continuationToken === undefined || closed.length === before) return result(false);
    }
  } catch (error) {
    if (error instanceof TimeoutReached) return result(true);
    throw error;
  }
}

/** The closed record of a run whose process died, with its steps so far and its known users. */
function aborted(run: Run, ledger: readonly LedgerEntry[]): Run {
  const { usersLeftBehind = [], ...rest } = run;
  const recorded = ledger.filter(({ runId }) => runId === run.id).map(({ userId }) => userId);
  const users = [...new Set([...usersLeftBehind, ...recorded])];
  // older versions saved NotNeeded at the start of a run, and no progress
  const cleanup = run.cleanup === 'NotNeeded' && run.actions.length === 0 ? 'Unknown' : run.cleanup;
  const closed: Run = {
    ...rest,
    status: 'Aborted',
    cleanup: users.length > 0 ? 'Pending' : cleanup,
    error: { code: 'RunAborted', message: 'The process of the run ended before the run did.' },
  };
  return users.length > 0 ? { ...closed, usersLeftBehind: users } : closed;
}
