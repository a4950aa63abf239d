import type { Run } from './run';
import type { RunQuery } from './runStore';

/** A run as it is shown in lists: its steps have no inputs, outputs and retries. */
export function summaryOf(run: Run): Run {
  return {
    ...run,
    actions: run.actions.map((action) => {
      const kept = { ...action };
      delete kept.inputs;
      delete kept.outputs;
      delete kept.retryHistory;
      return kept;
    }),
  };
}

/** Does a run match the filters of a query? Times and `continuationToken` are not checked here. */
export function passes(run: Run, query: RunQuery): boolean {
  return (
    (query.status === undefined || run.status === query.status) &&
    (query.connection === undefined || run.connection === query.connection) &&
    (query.clientTrackingId === undefined || run.correlation.clientTrackingId === query.clientTrackingId)
  );
}
