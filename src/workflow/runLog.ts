import type { RunLog } from '../base/log';
import type { Action, Run } from '../runs/run';

/** Logs one line for a step that has ended: a warning if it was skipped or retried, an error if it failed. */
export function logAction(log: RunLog, action: Action, prefix = ''): void {
  const { name, status, code, durationMs, error, retryHistory, correlation } = action;
  const retries = retryHistory
    ? `, after ${retryHistory.length} failed ${retryHistory.length === 1 ? 'attempt' : 'attempts'}`
    : '';
  const id = ` clientTrackingId=${correlation?.clientTrackingId ?? ''}`;
  const line = `${prefix}${name}: ${status} (${code}) in ${durationMs} ms${retries}.${error ? ` ${error.message}` : ''}${id}`;
  if (status === 'Succeeded' && !retryHistory) log.info(line);
  else if (status === 'Succeeded' || status === 'Skipped') log.warn(line);
  else log.error(line);
}

/** Logs one line for a run that has ended, and one more for each problem that somebody should look at. */
export function logRun(log: RunLog, run: Run): void {
  const { id, status, connection, durationMs, correlation, error, cleanup, recorded, recordError } = run;
  const ids = ` clientTrackingId=${correlation.clientTrackingId}${correlation.traceId ? ` traceId=${correlation.traceId}` : ''}`;
  const line = `Run ${id}: ${status} in ${durationMs ?? 0} ms on connection ${connection}.${error ? ` ${error.message}` : ''}${ids}`;
  if (status === 'Succeeded') log.info(line);
  else if (status === 'Aborted') log.warn(line);
  else log.error(line);
  if (cleanup === 'Clean' && status !== 'Succeeded') log.info(`Run ${id}: the user that it created was deleted.${ids}`);
  if (cleanup === 'Pending') {
    const left = run.usersLeftBehind?.join(', ') ?? 'the user that it created';
    log.error(`Run ${id}: ${left} could not be deleted and was left in ACS. A later scheduled run tries again.${ids}`);
  }
  if (cleanup === 'Unknown') {
    log.error(
      `Run ${id}: ACS may have made a user whose id was not received. It can't be found, because ACS lists no users.${ids}`,
    );
  }
  if (recorded === false)
    log.error(`Run ${id} was not recorded: ${recordError?.message ?? 'the reason is unknown'}.${ids}`);
}

/** A message for a run that was stopped with the app, if it left a user or may have left one. */
export function stoppedRunLine({ id, cleanup, usersLeftBehind = [], recorded }: Run): string | undefined {
  if (cleanup === 'Pending') {
    const unknown = recorded === false ? ' The run could not be recorded in time either.' : '';
    return `Run ${id} was stopped, and its user could not be deleted in time. It is left in ACS: ${usersLeftBehind.join(', ')}.${unknown}`;
  }
  if (cleanup !== 'Unknown') return undefined;
  return `Run ${id} was stopped while it created a user. ACS may have made one that is left.`;
}
