import type { RunLog } from '../base/log';
import type { Action, Run } from '../runs/run';

/** Writes one line for a step that ended: a warning when it was skipped or had to be repeated, an error when it failed. */
export function logAction(log: RunLog, action: Action, prefix = ''): void {
  const { name, status, code, durationMs, error, retryHistory, correlation } = action;
  const retries = retryHistory
    ? `, after ${retryHistory.length} failed ${retryHistory.length === 1 ? 'try' : 'tries'}`
    : '';
  const id = ` clientTrackingId=${correlation?.clientTrackingId ?? ''}`;
  const line = `${prefix}${name}: ${status} (${code}) in ${durationMs} ms${retries}.${error ? ` ${error.message}` : ''}${id}`;
  if (status === 'Succeeded' && !retryHistory) log.info(line);
  else if (status === 'Succeeded' || status === 'Skipped') log.warn(line);
  else log.error(line);
}

/** Writes one line for a run that ended, and one more for each thing that needs somebody's eye. */
export function logRun(log: RunLog, run: Run): void {
  const { id, status, connection, durationMs, correlation, error, cleanup, recorded, recordError } = run;
  const ids = ` clientTrackingId=${correlation.clientTrackingId}${correlation.traceId ? ` traceId=${correlation.traceId}` : ''}`;
  const line = `Run ${id}: ${status} in ${durationMs ?? 0} ms on connection ${connection}.${error ? ` ${error.message}` : ''}${ids}`;
  if (status === 'Succeeded') log.info(line);
  else if (status === 'Aborted') log.warn(line);
  else log.error(line);
  if (cleanup === 'Clean' && status !== 'Succeeded') log.info(`Run ${id}: the user it made was deleted.${ids}`);
  if (cleanup === 'Pending') {
    const left = run.usersLeftBehind?.join(', ') ?? 'the user it made';
    log.error(`Run ${id}: ${left} could not be deleted and was left in ACS. A later scheduled run tries again.${ids}`);
  }
  if (cleanup === 'Unknown') {
    log.error(
      `Run ${id}: ACS may have made a user whose id was not received. Nobody can find it: ACS lists no users.${ids}`,
    );
  }
  if (recorded === false) log.error(`Run ${id} was not recorded: ${recordError?.message ?? 'no reason known'}.${ids}`);
}

/** A sentence for a run that was stopped with the app and left, or may have left, a user. */
export function stoppedRunLine({ id, cleanup, usersLeftBehind = [], recorded }: Run): string | undefined {
  if (cleanup === 'Pending') {
    const unknown = recorded === false ? ' The run could not be recorded in time either.' : '';
    return `Run ${id} was stopped and its user could not be deleted in time: it was left in ACS: ${usersLeftBehind.join(', ')}.${unknown}`;
  }
  if (cleanup !== 'Unknown') return undefined;
  return `Run ${id} was stopped while it created a user: ACS may have made one that is left.`;
}
