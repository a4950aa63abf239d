import type { IdentityActions } from '../identity/identityTypes';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { delayedSignal, withTimeout } from '../base/timeout';
import type { Action, Run, RunError, RunRequest, RunStatus } from '../runs/run';
import type { TraceContext } from '../base/traceContext';
import { runStep, skippedAction, skipReason } from './runStep';
import { RunUsers, type RunLedger } from './runUsers';
import type { StepContext, Workflow, WorkflowState } from './step';

export interface EngineOptions {
  workflow: Workflow;
  actions: IdentityActions;
  /** Delete the users that the steps left. Default: `actions`. */
  cleanupActions?: IdentityActions | undefined;
  request: RunRequest;
  clientTrackingId: string;
  /** Shows the app's own functions that a call belongs to this run; see `runMark.ts`. */
  runMark?: string | undefined;
  /** The run's trace. Each step is a span in it. */
  trace?: TraceContext | undefined;
  /** The enabled deeper checks, their calls, and how long ACS may accept a revoked token. */
  deeper?: Pick<StepContext, 'checks' | 'probes' | 'revocationWaitMs'> | undefined;
  /** Records users as soon as their ids are received. Default: they are not recorded. */
  ledger?: RunLedger | undefined;
  /** Gets the stack of an error that a step did not expect. */
  log?: Pick<RunLog, 'error'> | undefined;
  /** Aborts when the app is stopping. Then the run deletes its user and ends as `Aborted`. */
  stop?: AbortSignal | undefined;
  /** Aborts when somebody cancels the run. Then it deletes its user, with all the time that a cleanup has, and ends as `Aborted`. */
  cancel?: AbortSignal | undefined;
  /** For the times in records, in milliseconds since the epoch. Deadlines use `performance.now()`. */
  now?: () => number;
  limits?: { [name in keyof typeof LIMITS]?: number } | undefined;
  /** Called with the record of each step when it has ended. */
  onAction?: (action: Action) => void;
  /** Called when a step has ended, except the last one, with everything that the run has done so far. */
  onProgress?: (progress: Progress) => void;
}

/** The state of a run while it is running. */
export type Progress = Pick<Run, 'cleanup' | 'usersLeftBehind' | 'actions'>;

/** The result of a run. */
export interface Outcome extends Progress, Pick<Run, 'status' | 'error'> {
  /** Users of the run that are deleted and may still be in the ledger. */
  deletedUsers: string[];
}

/**
 * Runs a workflow's steps in order, each if its `runAfter` condition is satisfied. Then deletes the users of the run that still exist. If a step fails, the
 * run fails, even if a later step handles the failure. Never rejects.
 */
export async function runSteps(options: EngineOptions): Promise<Outcome> {
  const { workflow, now = Date.now } = options;
  const stop = firstOf(options.stop, options.cancel);
  const why = () =>
    options.stop?.aborted !== true && options.cancel?.aborted ? 'The run was cancelled' : 'The app was stopped';
  const limits = { ...LIMITS, ...options.limits };
  const state: WorkflowState = { request: options.request };
  const users = new RunUsers(options.ledger, workflow.steps.filter(({ makesUser }) => makesUser).length);
  const listening = new AbortController();
  const context: StepContext = {
    actions: options.actions,
    state,
    call: { clientTrackingId: options.clientTrackingId, runMark: options.runMark },
    trace: options.trace,
    now,
    userCreation: (answer) => users.trackCreation(answer),
    userDeleted: (id) => users.markDeleted(id),
    ...options.deeper,
  };

  const actions: Action[] = [];
  const deadline = performance.now() + limits.runMs;
  // timers are not exact to the millisecond
  const late = () => deadline - performance.now() < 5;
  for (const [index, step] of workflow.steps.entries()) {
    const reason = outOfTime(late(), stop, actions, why()) ?? runAfterError(step, actions);
    const action = reason
      ? skippedAction(step, reason, context)
      : await runStep(
          step,
          context,
          {
            ...limits,
            runLeftMs: deadline - performance.now(),
            stop,
            listenMs: limits.cleanupMs,
            listening: listening.signal,
          },
          options.log,
        );
    actions.push(action);
    if (step.makesUser) users.creatingStepEnded();
    if (index < workflow.steps.length - 1) options.onProgress?.({ ...users.state(), actions: [...actions] });
    options.onAction?.(action);
  }

  const isLate = late();
  await cleanUp(users, options, limits, listening);
  return { ...verdict(actions, isLate, why()), ...users.state(), actions, deletedUsers: users.deletedUsers() };
}

const firstOf = (one: AbortSignal | undefined, other: AbortSignal | undefined) =>
  one && other ? AbortSignal.any([one, other]) : (one ?? other);

function outOfTime(
  late: boolean,
  stop: AbortSignal | undefined,
  actions: readonly Action[],
  why: string,
): RunError | undefined {
  if (stop?.aborted || actions.some(isAborted)) return { code: 'RunAborted', message: `${why} before this step.` };
  if (late) return { code: 'RunTimedOut', message: 'The time for the whole run was up before this step.' };
  return undefined;
}

function runAfterError(step: Workflow['steps'][number], actions: readonly Action[]): RunError | undefined {
  const message = skipReason(step, new Map(actions.map(({ name, status }) => [name, status])));
  return message === undefined ? undefined : { code: 'ActionConditionFailed', message };
}

const isAborted = ({ status }: Action) => status === 'Aborted';

function verdict(actions: readonly Action[], late: boolean, why: string): { status: RunStatus; error?: RunError } {
  const first = actions.find(({ status }) => status !== 'Succeeded');
  if (first === undefined) return { status: 'Succeeded' };
  // if a step failed before the app was stopped, the run failed
  if (isAborted(first) || first.error?.code === 'RunAborted')
    return { status: 'Aborted', error: { code: 'RunAborted', message: `${why} during ${first.name}.` } };
  if (late && first.status !== 'Failed') {
    return {
      status: 'TimedOut',
      error: { code: 'RunTimedOut', message: `The time for the whole run was up in ${first.name}.` },
    };
  }
  return {
    status: first.status === 'TimedOut' ? 'TimedOut' : 'Failed',
    error: {
      code: first.status === 'TimedOut' ? 'ActionTimedOut' : 'ActionFailed',
      message: `${first.name} ${first.status === 'TimedOut' ? 'timed out' : 'failed'}: ${first.error?.code ?? first.code}: ${first.error?.message ?? ''}`,
    },
  };
}

/**
 * Deletes the users that no step deleted, and waits for the answer to a createUser request that is still in flight. Users that can't be deleted in time are
 * written to the ledger once more if that failed before. Finally waits for writes to the ledger that are in flight; if the app is stopping, not for long.
 */
async function cleanUp(
  users: RunUsers,
  { actions, cleanupActions = actions, clientTrackingId, stop }: EngineOptions,
  limits: Record<keyof typeof LIMITS, number>,
  listening: AbortController,
): Promise<void> {
  const limitMs = stop?.aborted ? limits.terminateMs : limits.cleanupMs;
  // if the app stops during the cleanup, little time is left
  const { signal, release } = delayedSignal(stop, limits.terminateMs);
  const untilStopped = (work: Promise<void>) => withTimeout(LIMITS.runMs, signal, () => work).catch(() => undefined);
  const deadline = performance.now() + limitMs;
  const tried = new Set<string>();
  const deleteNew = async () => {
    const found = users.left().filter((userId) => !tried.has(userId));
    await Promise.allSettled(
      found.map(async (userId) => {
        tried.add(userId);
        const leftMs = deadline - performance.now();
        await withTimeout(leftMs, signal, (abortSignal) =>
          cleanupActions.deleteUser({ userId }, { signal: abortSignal, timeoutMs: leftMs, clientTrackingId }),
        ).catch((error: unknown) => {
          // the user was created on this connection, so a step has deleted it, but the answer was lost
          if (!isAppError(error) || error.code !== 'UserNotFound') throw error;
        });
        users.markDeleted(userId);
      }),
    );
  };
  const before = users.left().length;
  await Promise.all([
    deleteNew(),
    before > 0 ? untilStopped(users.retryLedgerWrites()) : undefined,
    withTimeout(limitMs, signal, () => users.creationsSettled()).catch(() => undefined),
  ]);
  // users whose ids were received meanwhile
  await deleteNew();
  if (users.left().length > 0) await untilStopped(users.retryLedgerWrites());
  users.stopListening();
  listening.abort(new AppError(503, 'Stopped', 'The run has ended.'));
  await untilStopped(users.ledgerWritesSettled());
  release?.();
}
