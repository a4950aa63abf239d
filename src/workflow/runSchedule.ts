import type { RunLog } from '../base/log';
import { workflowSettings } from '../base/workflowSettings';
import { logAction, logRun } from './runLog';
import { notifyAfterRuns } from '../status/notifyAfterRuns';
import { maintainHistory } from './maintainHistory';
import type { Run, Trigger } from '../runs/run';
import { startRun, type StartOptions } from './startRun';

/** What the platform passes to the handler of a timer. Times are RFC 3339. */
export interface TimerState {
  isPastDue: boolean;
  scheduleStatus?: { next: string } | undefined;
}

/** The parts of a scheduled run, replaceable in tests. */
export interface ScheduleParts {
  /** The connections to test. Each gets its own run. */
  connections: () => string[];
  startRun: (options: StartOptions) => Promise<Run>;
  /** Cleans up after earlier runs, with a timeout. `failure`: the reason if it failed. */
  maintain: (log: RunLog) => Promise<{ failure: string | undefined }>;
  /** Sends what the runs have changed, and the heartbeat. `failed`: did a run fail? Never rejects. */
  notify: (connections: readonly string[], failed: boolean, log: RunLog) => Promise<void>;
}

const PARTS: ScheduleParts = {
  connections: () => workflowSettings().connections,
  startRun,
  maintain: maintainHistory,
  notify: notifyAfterRuns,
};

/**
 * Makes a scheduled run on each connection, in parallel, because all must end before the platform's own timeout. If the timer is past due, there is one run,
 * which is marked as past due.
 * @throws Error at the end, after all cleanup, if a run failed or could not be recorded, or if maintenance failed. So the platform's own alerts work. A run that
 * was stopped with the app is not a failure.
 */
export async function runSchedule(
  timer: TimerState,
  log: RunLog & { traceContext?: { traceParent?: string | undefined } | undefined },
  parts: ScheduleParts = PARTS,
  now: number = Date.now(),
): Promise<void> {
  const trigger: Trigger = { name: 'Recurrence', kind: 'Timer', isPastDue: timer.isPastDue };
  const next = timer.scheduleStatus?.next;
  // if the timer was fired by hand, `next` is in the future and does not belong to this run
  if (next !== undefined && Date.parse(next) <= now + 1_000) trigger.scheduledTime = new Date(next).toISOString();
  if (timer.isPastDue) log.warn('The timer is past due: a scheduled time was missed. The workflow runs once now.');
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
      const message = error instanceof Error ? error.message : 'the reason is unknown';
      log.error(`The run on connection ${connection} could not start: ${message}`);
      failures.push(`${connection}: ${message}`);
    }
  };
  await Promise.all(connections.map(one));
  const [{ failure }] = await Promise.all([parts.maintain(log), parts.notify(connections, failures.length > 0, log)]);
  if (failure !== undefined) failures.push(`Maintenance of earlier runs: ${failure}`);
  if (failures.length > 0) throw new Error(`The workflow failed. ${failures.join(' ')}`);
}
