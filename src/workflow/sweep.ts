import { setTimeout as sleepFor } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import type { Ledger, LedgerEntry } from '../runs/ledger';
import type { RunStore } from '../runs/runStore';
import { LIMITS } from '../base/limits';
import { LimitReached, withLimit } from '../base/timeLimit';
import { checkClock } from './clock';
import type { Run } from '../runs/run';
import { Turns } from './turns';
import { NO_TIME, UserDeletion, type DeletionOptions, type Refusal } from './userDeletion';

export interface SweepOptions extends Pick<DeletionOptions, 'actionsOn' | 'resourceOf' | 'probe' | 'onThrottled'> {
  ledger: Pick<Ledger, 'list'>;
  runs: Pick<RunStore, 'list' | 'get' | 'close' | 'cleaned'>;
  /** How far this clock is ahead of the storage's, in milliseconds; asked after the first answer of the storage. */
  clockSkewMs?: () => number | undefined;
  /** Runs that this process knows to have ended, though the history does not: they are not closed as dead. */
  hasEnded?: (runId: string) => boolean;
  /** For the age of runs, in milliseconds since the epoch. */
  now?: () => number;
  /** For deadlines: milliseconds of a clock that is never set. */
  elapsed?: () => number;
  sleep?: (ms: number) => Promise<void>;
  /** The time for all of it, in milliseconds. */
  limitMs: number;
}

/** A user that could not be deleted, and why. */
export interface LeftUser extends LedgerEntry {
  /** `UserNotFound`: ACS does not know it, and it is not known whether it was deleted or belongs to another resource. */
  code: string;
  reason: string;
}

export interface SweepReport {
  /** Users that runs had left and that are deleted now. */
  deleted: number;
  /** Users that runs left, still. */
  left: LeftUser[];
  /** Runs whose process had died: they are Aborted now. */
  closed: Run[];
  /** Was the time too short for all of it? The rest is done next time. */
  isCutShort: boolean;
  /** Why a part of it could not be done, if so. */
  failure: string | undefined;
}

/** Deletions at a time, and of one connection when there are several: ACS counts all calls of a resource. */
const AT_ONCE = 4;
/** The part of the time that closing dead runs may take. */
const CLOSING_SHARE = 0.4;

/**
 * Closes the runs that died, then deletes the users that earlier runs left behind: of runs that are too old to be still running. Connections take
 * turns, and one that does not answer is left out for the rest of the time.
 * @throws AppError `StorageUnavailable` if the ledger can't be read, `ClockSkew`: nothing is deleted by a clock that is wrong
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
    // if this fails, the user is deleted once more the next time, which does no harm
    await withLimit(leftMs(), undefined, () => options.runs.cleaned(entry)).catch((error: unknown) => {
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
  // by now deletions may have shown which resource a connection points at
  for (const entry of undecided) await settle(entry, await deletion.decide(entry));
  return { deleted, left, closed, isCutShort, failure };
}

/** Closes the runs that died. `entries`: the users that are to be deleted, with those of closed runs that only the run itself names. */
async function closeDead(
  waiting: readonly LedgerEntry[],
  over: number,
  leftMs: () => number,
  { runs, hasEnded }: SweepOptions,
): Promise<Pick<SweepReport, 'closed' | 'isCutShort' | 'failure'> & { entries: LedgerEntry[] }> {
  const entries = new Map(waiting.map((entry) => [entry.userId, entry]));
  const closed: Run[] = [];
  const inTime = <T>(work: () => Promise<T>) => withLimit(leftMs(), undefined, work);
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
          // one run that can't be read or written keeps no other from its turn
          if (!isAppError(error)) throw error;
          failure ??= error.message;
        }
      }
      // those that were closed are no longer found
      if (page.continuationToken === undefined || closed.length === before) return result(false);
    }
  } catch (error) {
    if (error instanceof LimitReached) return result(true);
    throw error;
  }
}

/** A run whose process died, with the steps that it had reached, and with all that is known of its user. */
function aborted(run: Run, ledger: readonly LedgerEntry[]): Run {
  const { usersLeftBehind = [], ...rest } = run;
  const recorded = ledger.filter(({ runId }) => runId === run.id).map(({ userId }) => userId);
  const users = [...new Set([...usersLeftBehind, ...recorded])];
  // a version that recorded no progress wrote NotNeeded when a run began
  const cleanup = run.cleanup === 'NotNeeded' && run.actions.length === 0 ? 'Unknown' : run.cleanup;
  const closed: Run = {
    ...rest,
    status: 'Aborted',
    cleanup: users.length > 0 ? 'Pending' : cleanup,
    error: { code: 'RunAborted', message: 'The process that ran it ended before the run did.' },
  };
  return users.length > 0 ? { ...closed, usersLeftBehind: users } : closed;
}
