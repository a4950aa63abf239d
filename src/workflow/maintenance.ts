import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunStore } from '../runs/runStore';
import type { RunLog } from '../base/log';
import { checkClock } from '../base/clock';
import { sweep, type LeftUser, type SweepOptions, type SweepReport } from './sweep';
import { logPeopleSweep, type PeopleSweepReport } from './sweepPeople';
import type { UnrecordedRuns } from './unrecordedRuns';

const DAY_MS = 86_400_000;
/** The maximum shares of the time for writing unrecorded runs and for the sweeps. Deleting old runs has all the remaining time. */
const UNRECORDED_SHARE = 0.2;
const SWEEP_SHARE = 0.55;
const PEOPLE_SHARE = 0.1;
const RETENTION_SHARE = 1 - UNRECORDED_SHARE - SWEEP_SHARE - PEOPLE_SHARE;
const UNKNOWN_REASON = 'The reason is unknown.';
/** Maximum number of users that are logged by id. The others are only counted. */
const LOGGED_USERS = 10;

export interface MaintenanceOptions extends Omit<SweepOptions, 'limitMs' | 'runs' | 'hasEnded'> {
  runs: SweepOptions['runs'] & Pick<RunStore, 'maintain' | 'save' | 'check'>;
  /** Runs of this process that could not be recorded when they ended. */
  unrecorded?: UnrecordedRuns;
  /** Deletes the users of calls of signed-in people that did not end. Missing if there are no signed-in people. */
  sweepPeople?: ((limitMs: number) => Promise<PeopleSweepReport>) | undefined;
  /** How many days runs are kept. */
  keepDays: number;
  limitMs?: number;
}

export interface MaintenanceReport {
  /** `undefined` if the sweep failed. */
  sweep: SweepReport | undefined;
  /** Why a part failed; `undefined` if none did. Running out of time is not a failure. */
  failure: string | undefined;
}

/**
 * Maintenance after a scheduled run, with a timeout: closes runs whose process died, deletes the users that runs left, and deletes old runs. If one part
 * fails, the next ones are still done. Logs what was done and what is left. Never rejects, even if `readOptions` throws.
 */
export async function maintain(log: RunLog, readOptions: () => MaintenanceOptions): Promise<MaintenanceReport> {
  try {
    return await maintainWith(readOptions(), log);
  } catch (error) {
    return reportOf(new Set([isAppError(error) ? error.message : UNKNOWN_REASON]), undefined, log);
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
      failures.add(isAppError(error) ? error.message : UNKNOWN_REASON);
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
  const people = await attempt(async () => options.sweepPeople?.(limitMs * PEOPLE_SHARE));
  if (people) logPeopleSweep(log, people);
  if (people?.failure !== undefined) failures.add(people.failure);
  await attempt(async () => {
    // the difference is known only after an answer of the storage
    if (clockSkewMs?.() === undefined) await runs.check();
    checkClock(clockSkewMs?.());
    const leftMs = Math.max(limitMs * RETENTION_SHARE, deadline - elapsed());
    const trimmed = await runs.maintain(now() - keepDays * DAY_MS, leftMs);
    if (trimmed > 0) log.info(`${trimmed} runs older than ${keepDays} days were deleted from the history.`);
  });
  return reportOf(failures, report, log);
}

/** Logs what a sweep did, and which users are left. */
export function logSweep(log: RunLog, { deleted, left, closed, isCutShort }: SweepReport): void {
  if (deleted > 0) log.info(`Users of earlier runs: ${deleted} deleted.`);
  if (closed.length > 0) log.warn(`Runs whose process died: ${closed.length} closed as Aborted.`);
  for (const user of left.slice(0, LOGGED_USERS)) log.error(leftLine(user));
  if (left.length > LOGGED_USERS)
    log.error(`${left.length} users are left in all. The first ${LOGGED_USERS} are listed above.`);
  if (isCutShort)
    log.warn('The time was too short to clean up after all earlier runs. The next scheduled run continues.');
}

const leftLine = ({ userId, runId, reason }: LeftUser) => `User ${userId} of run ${runId} is left: ${reason}.`;
