import type { RunLog } from '../base/log';
import { workflowSettings } from '../base/workflowSettings';
import { logAction, logRun } from './runLog';
import { maintainHistory } from './maintainHistory';
import type { Run, Trigger } from '../runs/run';
import { startRun, type StartOptions } from './startRun';

/** What the platform reports about a timer that fired. Times are RFC 3339. */
export interface TimerState {
  isPastDue: boolean;
  scheduleStatus?: { next: string } | undefined;
}

/** What a scheduled run consists of. */
export interface ScheduleParts {
  /** Connections that are tested, a run for each. */
  connections: () => string[];
  startRun: (options: StartOptions) => Promise<Run>;
  /** Cleans up what earlier runs left, within a limit. `failure`: why it could not. */
  maintain: (log: RunLog) => Promise<{ failure: string | undefined }>;
}

const PARTS: ScheduleParts = {
  connections: () => workflowSettings().connections,
  startRun,
  maintain: maintainHistory,
};

/**
 * A scheduled run on each connection that is to be tested, side by side: all must end before the platform's own time limit. A timer that is past due runs once and is marked as past due.
 * @throws Error at the end, if a run failed or could not be recorded, or maintenance failed, so that the platform's own alerts see it: by then all
 * is cleaned up. A run that was stopped with the app is no failure.
 */
export async function runSchedule(
  timer: TimerState,
  log: RunLog & { traceContext?: { traceParent?: string | undefined } | undefined },
  parts: ScheduleParts = PARTS,
  now: number = Date.now(),
): Promise<void> {
  const trigger: Trigger = { name: 'Recurrence', kind: 'Timer', isPastDue: timer.isPastDue };
  const next = timer.scheduleStatus?.next;
  // if it was fired by hand, `next` is in the future and does not belong to this run
  if (next !== undefined && Date.parse(next) <= now + 1_000) trigger.scheduledTime = new Date(next).toISOString();
  if (timer.isPastDue) log.warn('This run is past due: the schedule was missed, and runs once now.');
  const connections = parts.connections();
  const prefix = (connection: string) => (connections.length > 1 ? `${connection}: ` : '');
  const failures: string[] = [];
  const one = async (connection: string) => {
    try {
      const run = await parts.startRun({
        connection,
        trigger,
        log,
        traceparent: log.traceContext?.traceParent,
        onAction: (action) => logAction(log, action, prefix(connection)),
      });
      logRun(log, run);
      const { status, error, recorded, recordError } = run;
      if (status !== 'Succeeded' && status !== 'Aborted') failures.push(`${connection}: ${error?.message ?? status}`);
      if (recorded === false) failures.push(`${connection}: the run was not recorded: ${recordError?.message ?? ''}`);
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the run could not start';
      log.error(`No run on connection ${connection}: ${message}`);
      failures.push(`${connection}: ${message}`);
    }
  };
  await Promise.all(connections.map(one));
  const { failure } = await parts.maintain(log);
  if (failure !== undefined) failures.push(`Maintenance of earlier runs: ${failure}`);
  if (failures.length > 0) throw new Error(`The workflow failed. ${failures.join(' ')}`);
}
