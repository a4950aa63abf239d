import { setTimeout as sleepFor } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import type { Ledger, LedgerEntry } from '../runs/ledger';
import type { RunStore } from '../runs/runStore';
import { LIMITS } from '../base/limits';
import { TimeoutReached, withTimeout } from '../base/timeout';
import { checkClock } from '../base/clock';
import type { Run } from '../runs/run';
import { Turns } from './turns';
import { NO_TIME, UserDeletion, type DeletionOptions, type Refusal } from './userDeletion';

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

/** A user that could not be deleted, and why. */
export interface LeftUser extends LedgerEntry {
  /** `UserNotFound`: ACS does not know the user. Either it was deleted, or it belongs to another resource. */
  code: string;
  reason: string;
}

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

/** Number of parallel deletions. It is low because ACS limits the calls of a resource. */
const AT_ONCE = 4;
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

  const turns = new Turns(entries, AT_ONCE);
  const deletion = new UserDeletion({ ...options, elapsed, sleep, leftMs });
  const left: LeftUser[] = [];
  const undecided: LedgerEntry[] = [];
  let deleted = 0;
  let { isCutShort, failure } = closingEnd;
  let storageFailed: string | undefined;
  const settle = async (entry: LedgerEntry, refused: Refusal | undefined) => {
    if (refused !== undefined) {
      isCutShort ||= refused === NO_TIME;
      left.push({ ...entry, code: refused.code, reason: refused.reason });
      return;
    }
    deleted += 1;
    // if this fails, the next sweep deletes the user again, which does no harm
    await withTimeout(leftMs(), undefined, () => options.runs.cleaned(entry)).catch((error: unknown) => {
      if (isAppError(error)) storageFailed = failure ??= error.message;
      else isCutShort = true;
    });
  };
  const worker = async () => {
    for (let entry = turns.next(); entry !== undefined; entry = turns.next()) {
      const skipped = turns.skipReason(entry.connection);
      if (skipped !== undefined || storageFailed !== undefined || leftMs() <= 0) {
        await settle(entry, skipped === undefined ? NO_TIME : { code: 'Skipped', reason: skipped });
        turns.done(entry);
        continue;
      }
      const refused = await deletion.delete(entry);
      if (refused?.code === 'Undecided') undecided.push(entry);
      else await settle(entry, refused);
      turns.done(entry, refused);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // by now other deletions may have shown the resource of the connection
  for (const entry of undecided) await settle(entry, await deletion.decide(entry));
  return { deleted, left, closed, isCutShort, failure };
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
