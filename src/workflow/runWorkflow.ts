import { isAppError } from '../errors';
import type { Ledger } from '../history/ledger';
import type { RunStore } from '../history/runStore';
import type { IdentityActions } from '../identity/identityActions';
import { runSteps, type EngineOptions } from './engine';
import { newRunId } from '../runId';
import { traceContextOf } from '../traceContext';
import type { Action, Run, RunError, RunRequest, Trigger } from './runRecord';
import type { RunLedger } from './runUsers';
import type { Workflow } from './step';
import { resourceOf } from './userId';

export interface RunOptions {
  workflow: Workflow;
  actions: IdentityActions;
  cleanupActions?: IdentityActions | undefined;
  store: Pick<RunStore, 'save'>;
  /** Where users are written down; none: nowhere. */
  ledger?: Pick<Ledger, 'add' | 'strike'> | undefined;
  request: RunRequest;
  trigger: Trigger;
  connection: string;
  target: Run['target'];
  deeper?: EngineOptions['deeper'];
  /** None: the run's id, as in Logic Apps. */
  clientTrackingId?: string | undefined;
  /** The trace that the run is to be part of; none: one of its own. */
  traceparent?: string | undefined;
  stop?: AbortSignal | undefined;
  now?: () => number;
  limits?: EngineOptions['limits'];
  onAction?: (action: Action) => void;
}

/**
 * Runs the workflow once: recorded when it starts and when it ended. A history that can't be written stops nothing: the run
 * goes on, deletes its user, and says `recorded: false`. Never rejects.
 */
export async function runWorkflow(options: RunOptions): Promise<Run> {
  const { workflow, store, trigger, connection, target, now = Date.now } = options;
  const started = now();
  const id = newRunId(started);
  const trace = traceContextOf(options.traceparent);
  const begun: Omit<Run, 'actions'> = {
    id,
    workflow: workflow.name,
    status: 'Running',
    trigger,
    startTime: new Date(started).toISOString(),
    correlation: { clientTrackingId: options.clientTrackingId ?? id, ...trace },
    connection,
    target,
    cleanup: 'NotNeeded',
  };
  await save(store, { ...begun, actions: [] });
  const outcome = await runSteps({
    workflow,
    actions: options.actions,
    cleanupActions: options.cleanupActions,
    request: options.request,
    clientTrackingId: begun.correlation.clientTrackingId,
    trace,
    ledger: options.ledger && ledgerOf(options.ledger, begun, now),
    deeper: options.deeper,
    stop: options.stop,
    now,
    limits: options.limits,
    ...(options.onAction ? { onAction: options.onAction } : {}),
  });
  const ended = now();
  const finished: Run = {
    ...begun,
    endTime: new Date(ended).toISOString(),
    durationMs: Math.max(0, ended - started),
    ...outcome,
  };
  const recordError = await save(store, finished);
  return recordError ? { ...finished, recorded: false, recordError } : { ...finished, recorded: true };
}

/** The ledger as one run writes into it. */
function ledgerOf(
  ledger: Pick<Ledger, 'add' | 'strike'>,
  { id: runId, connection }: Pick<Run, 'id' | 'connection'>,
  now: () => number,
): RunLedger {
  return {
    add: (userId) =>
      ledger.add({ userId, runId, connection, resourceId: resourceOf(userId), madeAt: new Date(now()).toISOString() }),
    strike: (userId) => ledger.strike({ userId, runId }),
  };
}

async function save(store: Pick<RunStore, 'save'>, run: Run): Promise<RunError | undefined> {
  try {
    await store.save(run);
    return undefined;
  } catch (error) {
    return isAppError(error)
      ? { code: error.code, message: error.message }
      : { code: 'InternalError', message: 'The run could not be recorded.' };
  }
}
