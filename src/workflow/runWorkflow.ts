import { isAppError } from '../base/errors';
import type { Ledger } from '../runs/ledger';
import type { RunStore } from '../runs/runStore';
import type { IdentityActions } from '../identity/identityTypes';
import { beginCancellation, cancelHere } from './cancellations';
import { runSteps, type EngineOptions } from './engine';
import { newRunId } from '../runs/runId';
import { traceContextOf } from '../base/traceContext';
import type { RunLog } from '../base/log';
import type { Budgets } from '../base/operationsSettings';
import type { Action, Run, RunRequest, Trigger } from '../runs/run';
import { RunRecorder } from './runRecorder';
import type { RunLedger } from './runUsers';
import type { Workflow } from './step';
import { resourceOf } from '../identity/identityTypes';

export interface RunOptions {
  workflow: Workflow;
  actions: IdentityActions;
  cleanupActions?: IdentityActions | undefined;
  /** Called before the first step: waits until the app answers at its own URL, with its own timeout. Returns the reason if it does not; the run continues anyway. */
  wakeUp?: ((signal: AbortSignal | undefined) => Promise<string | undefined>) | undefined;
  store: Pick<RunStore, 'save'>;
  /** Records the users of the run. If `undefined`, they are not recorded. */
  ledger?: Pick<Ledger, 'add'> | undefined;
  /** Makes the run's mark; see `runMark.ts`. */
  runMark?: ((runId: string) => string) | undefined;
  log?: Pick<RunLog, 'warn' | 'error'> | undefined;
  /** Called if the ended run could not be saved, with its users that no longer exist. */
  onUnrecorded?: (run: Run, deletedUsers: readonly string[]) => void;
  request: RunRequest;
  trigger: Trigger;
  connection: string;
  target: Run['target'];
  deeper?: EngineOptions['deeper'];
  /** Default: the run's id, as in Logic Apps. */
  clientTrackingId?: string | undefined;
  /** The trace that the run is part of. If `undefined`, it starts a new one. */
  traceparent?: string | undefined;
  stop?: AbortSignal | undefined;
  now?: () => number;
  /** The start time in the run's id and record. Default: `now`. */
  startedAt?: number;
  /** A run that succeeds but takes longer is slow. */
  budgets?: Budgets | undefined;
  limits?: EngineOptions['limits'];
  onAction?: (action: Action) => void;
}

/**
 * Runs the workflow once. The run is saved when it starts, when steps end and when it has ended; it waits only for the last save. If saving fails, the run
 * continues, deletes its user, and has `recorded: false`. Never rejects.
 */
export async function runWorkflow(options: RunOptions): Promise<Run> {
  const { workflow, store, trigger, connection, target, now = Date.now } = options;
  const started = options.startedAt ?? now();
  const startedAt = performance.now();
  const id = newRunId(started);
  const trace = traceContextOf(options.traceparent);
  const begun: Omit<Run, 'actions' | 'cleanup'> = {
    id,
    workflow: workflow.name,
    status: 'Running',
    trigger,
    startTime: new Date(started).toISOString(),
    correlation: { clientTrackingId: options.clientTrackingId ?? id, ...trace },
    connection,
    target,
  };
  const cancellation = beginCancellation(id);
  cancellation.signal.addEventListener('abort', () => (begun.cancelRequested = true), { once: true });
  const recorder = new RunRecorder(store, () => cancelHere(id));
  // correct also if the process dies during the first step
  const makesUser = workflow.steps.some((step) => step.makesUser);
  recorder.begin({ ...begun, cleanup: makesUser ? 'Unknown' : 'NotNeeded', actions: [] });
  const notAwake = await options.wakeUp?.(options.stop);
  if (notAwake !== undefined && options.stop?.aborted !== true)
    options.log?.warn(`Run ${id}: the app did not answer at its own URL before the first step: ${notAwake}.`);
  const { deletedUsers, ...outcome } = await runSteps({
    workflow,
    actions: options.actions,
    cleanupActions: options.cleanupActions,
    request: options.request,
    clientTrackingId: begun.correlation.clientTrackingId,
    runMark: options.runMark?.(id),
    trace,
    ledger: options.ledger && ledgerOf(options.ledger, begun, options.log, now),
    deeper: options.deeper,
    log: options.log,
    stop: options.stop,
    cancel: cancellation.signal,
    now,
    limits: options.limits,
    onProgress: (progress) => recorder.progress({ ...begun, ...progress }),
    ...(options.onAction ? { onAction: options.onAction } : {}),
  });
  cancellation.end();
  const durationMs = Math.round(performance.now() - startedAt);
  const finished: Run = {
    ...begun,
    endTime: new Date(started + durationMs).toISOString(),
    durationMs,
    ...outcome,
    ...(isSlow({ ...outcome, durationMs }, options.budgets) ? { slow: true } : {}),
  };
  const recordError = await recorder.end(finished, deletedUsers, options.stop);
  if (recordError) options.onUnrecorded?.(finished, deletedUsers);
  return recordError ? { ...finished, recorded: false, recordError } : { ...finished, recorded: true };
}

function isSlow(
  { status, durationMs, actions }: Pick<Run, 'status' | 'actions'> & { durationMs: number },
  budgets?: Budgets,
) {
  if (status !== 'Succeeded' || budgets === undefined) return false;
  const { runMs = Infinity, stepMs = Infinity } = budgets;
  return durationMs > runMs || actions.some((action) => action.durationMs > stepMs);
}

/** The ledger of one run. */
export function ledgerOf(
  ledger: Pick<Ledger, 'add'>,
  { id: runId, connection }: Pick<Run, 'id' | 'connection'>,
  log: Pick<RunLog, 'warn'> | undefined,
  now: () => number = Date.now,
): RunLedger {
  return {
    add: (userId) =>
      ledger.add({ userId, runId, connection, resourceId: resourceOf(userId), madeAt: new Date(now()).toISOString() }),
    onFailure: (userId, error) => {
      const reason = isAppError(error) ? error.message : 'the reason is unknown';
      log?.warn(`User ${userId} of run ${runId} could not be written to the ledger: ${reason}`);
    },
  };
}
