import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunStore } from '../runs/runStore';
import type { RunLog } from '../base/log';
import { checkClock } from './clock';
import { sweep, type LeftUser, type SweepOptions, type SweepReport } from './sweep';
import type { UnrecordedRuns } from './unrecordedRuns';

const DAY_MS = 86_400_000;
/** The parts of the time that writing unrecorded runs and the sweep may take; retention has what is left, at least what these leave. */
const UNRECORDED_SHARE = 0.2;
const SWEEP_SHARE = 0.65;
const RETENTION_SHARE = 1 - UNRECORDED_SHARE - SWEEP_SHARE;
/** At most so many users are logged by id; the others are only counted. */
const LOGGED_USERS = 10;

export interface MaintenanceOptions extends Omit<SweepOptions, 'limitMs' | 'runs' | 'hasEnded'> {
  runs: SweepOptions['runs'] & Pick<RunStore, 'maintain' | 'save' | 'check'>;
  /** Runs of this process that could not be recorded when they ended. */
  unrecorded?: UnrecordedRuns;
  /** How many days runs are kept. */
  keepDays: number;
  limitMs?: number;
}

export interface MaintenanceReport {
  /** `undefined`: the sweep failed. */
  sweep: SweepReport | undefined;
  /** Why a part of it could not be done; `undefined`: all was, as far as the time allowed. */
  failure: string | undefined;
}

/**
 * What is done about earlier runs after a scheduled one, within a limit: runs that died are closed, users that they left are deleted, old runs are
 * deleted. Each part is tried, whatever became of those before. Writes to the log what it did, and what is left. Never rejects, also if the options
 * can't be read from the settings.
 */
export async function maintain(log: RunLog, readOptions: () => MaintenanceOptions): Promise<MaintenanceReport> {
  try {
    return await maintainWith(readOptions(), log);
  } catch (error) {
    return reportOf(new Set([isAppError(error) ? error.message : 'The reason is not known.']), undefined, log);
  }
}

function reportOf(failures: ReadonlySet<string>, report: SweepReport | undefined, log: RunLog): MaintenanceReport {
  const failure = failures.size === 0 ? undefined : [...failures].join(' ');
  if (failure !== undefined) log.error(`Maintenance of earlier runs failed: ${failure}`);
  return { sweep: report, failure };
}

async function maintainWith(options: MaintenanceOptions, log: RunLog): Promise<MaintenanceReport> {
  const { keepDays, runs, unrecorded, clockSkewMs, now = Date.now, elapsed = () => performance.now() } = options;
  const limitMs = options.limitMs ?? LIMITS.maintenanceMs;
  const deadline = elapsed() + limitMs;
  const failures = new Set<string>();
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      failures.add(isAppError(error) ? error.message : 'The reason is not known.');
      return undefined;
    }
  };
  if (unrecorded && unrecorded.size > 0) {
    await attempt(() => unrecorded.write(runs, { log, limitMs: limitMs * UNRECORDED_SHARE }));
  }
  const report = await attempt(() =>
    sweep({ ...options, hasEnded: (id) => unrecorded?.has(id) === true, limitMs: limitMs * SWEEP_SHARE }),
  );
  if (report) logSweep(log, report);
  if (report?.failure !== undefined) failures.add(report.failure);
  await attempt(async () => {
    // it takes an answer of the storage to know
    if (clockSkewMs?.() === undefined) await runs.check();
    checkClock(clockSkewMs?.());
    const leftMs = Math.max(limitMs * RETENTION_SHARE, deadline - elapsed());
    const trimmed = await runs.maintain(now() - keepDays * DAY_MS, leftMs);
    if (trimmed > 0) log.info(`${trimmed} runs older than ${keepDays} days were deleted from the history.`);
  });
  return reportOf(failures, report, log);
}

/** Writes what a sweep did, and which users are left. */
export function logSweep(log: RunLog, { deleted, left, closed, isCutShort }: SweepReport): void {
  if (deleted > 0) log.info(`Users that earlier runs had left: ${deleted} deleted.`);
  if (closed.length > 0) log.warn(`Runs whose process had died: ${closed.length} closed as Aborted.`);
  for (const user of left.slice(0, LOGGED_USERS)) log.error(leftLine(user));
  if (left.length > LOGGED_USERS)
    log.error(`${left.length} users are left in all; the first ${LOGGED_USERS} are above.`);
  if (isCutShort) log.warn('There was not time for all that earlier runs left: the next scheduled run goes on.');
}

const leftLine = ({ userId, runId, reason }: LeftUser) => `User ${userId} of run ${runId} is left: ${reason}.`;
