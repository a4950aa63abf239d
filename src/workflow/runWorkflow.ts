import { isAppError } from '../base/errors';
import type { Ledger } from '../runs/ledger';
import type { RunStore } from '../runs/runStore';
import type { IdentityActions } from '../identity/identityActions';
import { runSteps, type EngineOptions } from './engine';
import { newRunId } from '../runs/runId';
import { traceContextOf } from '../base/traceContext';
import type { RunLog } from '../base/log';
import type { Action, Run, RunRequest, Trigger } from '../runs/run';
import { RunRecorder } from './runRecorder';
import type { RunLedger } from './runUsers';
import type { Workflow } from './step';
import { resourceOf } from '../identity/userId';

export interface RunOptions {
  workflow: Workflow;
  actions: IdentityActions;
  cleanupActions?: IdentityActions | undefined;
  /** Wakes up what the steps will call, within a limit of its own, before the first of them. Returns why it could not; the run goes on all the same. */
  wakeUp?: ((signal: AbortSignal | undefined) => Promise<string | undefined>) | undefined;
  store: Pick<RunStore, 'save'>;
  /** Where users are recorded; if `undefined`, they are not recorded. */
  ledger?: Pick<Ledger, 'add'> | undefined;
  /** Makes the mark that shows the app's own functions that a call belongs to the run. */
  runMark?: ((runId: string) => string) | undefined;
  log?: Pick<RunLog, 'warn'> | undefined;
  /** Called with a run that could not be recorded at its end, and with its users that no longer exist. */
  onUnrecorded?: (run: Run, deletedUsers: readonly string[]) => void;
  request: RunRequest;
  trigger: Trigger;
  connection: string;
  target: Run['target'];
  deeper?: EngineOptions['deeper'];
  /** Default: the run's id, as in Logic Apps. */
  clientTrackingId?: string | undefined;
  /** The trace that the run is part of; if `undefined`, it starts a new one. */
  traceparent?: string | undefined;
  stop?: AbortSignal | undefined;
  now?: () => number;
  /** When the run begins, for its id and its record; default: `now`. */
  startedAt?: number;
  limits?: EngineOptions['limits'];
  onAction?: (action: Action) => void;
}

/**
 * Runs the workflow once: recorded when it starts, when steps end and when it ended, without waiting for any write but the last. A history that
 * can't be written stops nothing: the run goes on, deletes its user, and has `recorded: false`. Never rejects.
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
  const recorder = new RunRecorder(store);
  // what is true of a process that dies during the first step
  const makesUser = workflow.steps.some((step) => step.makesUser);
  recorder.begin({ ...begun, cleanup: makesUser ? 'Unknown' : 'NotNeeded', actions: [] });
  const asleep = await options.wakeUp?.(options.stop);
  if (asleep !== undefined && options.stop?.aborted !== true)
    options.log?.warn(`Run ${id}: the app did not answer at its own URL before the first step: ${asleep}.`);
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
    stop: options.stop,
    now,
    limits: options.limits,
    onProgress: (progress) => recorder.progress({ ...begun, ...progress }),
    ...(options.onAction ? { onAction: options.onAction } : {}),
  });
  const durationMs = Math.round(performance.now() - startedAt);
  const finished: Run = { ...begun, endTime: new Date(started + durationMs).toISOString(), durationMs, ...outcome };
  const recordError = await recorder.end(finished, deletedUsers, options.stop);
  if (recordError) options.onUnrecorded?.(finished, deletedUsers);
  return recordError ? { ...finished, recorded: false, recordError } : { ...finished, recorded: true };
}

/** The ledger as one run writes into it. */
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
      const reason = isAppError(error) ? error.message : 'for a reason that is not known';
      log?.warn(`User ${userId} of run ${runId} could not be written to the ledger: ${reason}`);
    },
  };
}
