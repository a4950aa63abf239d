import { isAppError } from '../errors';
import { LIMITS } from '../limits';
import type { RunLog } from './runLog';
import { sweep, type SweepOptions, type SweepReport } from './sweep';
import type { RunStore } from '../history/runStore';

const DAY_MS = 86_400_000;

export interface MaintenanceOptions extends Omit<SweepOptions, 'limitMs' | 'runs'> {
  runs: SweepOptions['runs'] & Pick<RunStore, 'maintain'>;
  /** How many days runs are kept. */
  keepDays: number;
  log: RunLog;
  limitMs?: number;
}

/**
 * What is done about earlier runs after a scheduled one, within a limit: users that they left are deleted, runs that died are closed, old ones
 * are deleted. Says in the log what it did, and what is left. Never rejects.
 */
export async function maintain(options: MaintenanceOptions): Promise<SweepReport | undefined> {
  const { log, keepDays, now = Date.now, limitMs = LIMITS.maintenanceMs } = options;
  const deadline = now() + limitMs;
  try {
    const report = await sweep({ ...options, limitMs: limitMs / 2 });
    logSweep(log, report);
    const trimmed = await options.runs.maintain(now() - keepDays * DAY_MS, Math.max(1_000, deadline - now()));
    if (trimmed > 0) log.info(`${trimmed} runs older than ${keepDays} days were deleted from the history.`);
    return report;
  } catch (error) {
    const message = isAppError(error) ? error.message : 'for a reason that is not known';
    log.error(`What earlier runs left could not be looked after: ${message}`);
    return undefined;
  }
}

/** Writes what a sweep did, and a line for each user that is left. */
export function logSweep(log: RunLog, { deleted, left, closed, isCutShort }: SweepReport): void {
  if (deleted > 0) log.info(`Users that earlier runs had left: ${deleted} deleted.`);
  if (closed > 0) log.warn(`Runs whose process had died: ${closed} closed as Aborted.`);
  for (const { userId, runId, reason } of left) log.error(`User ${userId} of run ${runId} is left: ${reason}.`);
  if (isCutShort) log.warn('There was not time for all that earlier runs left: the next scheduled run goes on.');
}
