import type { IdentityActions } from '../identity/identityActions';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { delayed, withLimit } from '../base/timeLimit';
import type { Action, Run, RunError, RunRequest, RunStatus } from '../runs/run';
import type { TraceContext } from '../base/traceContext';
import { runStep, skippedAction, skipReason } from './runStep';
import { RunUsers, type RunLedger } from './runUsers';
import type { StepContext, Workflow, WorkflowState } from './step';

export interface EngineOptions {
  workflow: Workflow;
  actions: IdentityActions;
  /** Deletes at the end what steps left; default: `actions`. */
  cleanupActions?: IdentityActions | undefined;
  request: RunRequest;
  clientTrackingId: string;
  /** Shows the app's own functions that a call belongs to this run. */
  runMark?: string | undefined;
  /** Each step is a span of its own in it. */
  trace?: TraceContext | undefined;
  /** Deeper checks, what they ask with, and how long a revoked token may go on being accepted. */
  deeper?: Pick<StepContext, 'checks' | 'probes' | 'revocationWaitMs'> | undefined;
  /** Where users are recorded as soon as ACS names them; default: nowhere. */
  ledger?: RunLedger | undefined;
  /** Aborts when the app is stopping: the run ends Aborted, and the user it made is deleted first. */
  stop?: AbortSignal | undefined;
  /** For the times in records, in milliseconds since the epoch; deadlines are measured by a clock that is never set. */
  now?: () => number;
  limits?: { [name in keyof typeof LIMITS]?: number } | undefined;
  /** Called with each step when it ended. */
  onAction?: (action: Action) => void;
  /** Called with what the run has done so far, each time that a step ended and others follow. */
  onProgress?: (progress: Progress) => void;
}

/** What a run has done so far. */
export type Progress = Pick<Run, 'cleanup' | 'usersLeftBehind' | 'actions'>;

/** How a run ended. */
export interface Outcome extends Progress, Pick<Run, 'status' | 'error'> {
  /** Users of the run that are deleted and that the ledger still has. */
  deletedUsers: string[];
}

/**
 * Runs a workflow's steps in order, each if its `runAfter` lets it, and deletes at the end what is left of the run's users.
 * A failure stays the run's verdict, also when a later step handled it. Never rejects.
 */
export async function runSteps(options: EngineOptions): Promise<Outcome> {
  const { workflow, stop, now = Date.now } = options;
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
    userCreation: (answer) => users.creation(answer),
    userDeleted: (id) => users.deleted(id),
    ...options.deeper,
  };

  const actions: Action[] = [];
  const deadline = performance.now() + limits.runMs;
  // timers are not exact to the millisecond
  const late = () => deadline - performance.now() < 5;
  for (const [index, step] of workflow.steps.entries()) {
    const reason = outOfTime(late(), stop, actions) ?? runAfterError(step, actions);
    const action = reason
      ? skippedAction(step, reason, context)
      : await runStep(step, context, {
          ...limits,
          runLeftMs: deadline - performance.now(),
          stop,
          listenMs: limits.cleanupMs,
          listening: listening.signal,
        });
    actions.push(action);
    if (step.makesUser) users.creatingStepEnded();
    if (index < workflow.steps.length - 1) options.onProgress?.({ ...users.state(), actions: [...actions] });
    options.onAction?.(action);
  }

  const isLate = late();
  await cleanUp(users, options, limits, listening);
  return { ...verdict(actions, isLate), ...users.state(), actions, deletedUsers: users.toStrike() };
}

function outOfTime(late: boolean, stop: AbortSignal | undefined, actions: readonly Action[]): RunError | undefined {
  if (stop?.aborted || actions.some(isAborted))
    return { code: 'RunAborted', message: 'The app was stopped before this step.' };
  if (late) return { code: 'RunTimedOut', message: 'The time for the whole run was up before this step.' };
  return undefined;
}

function runAfterError(step: Workflow['steps'][number], actions: readonly Action[]): RunError | undefined {
  const message = skipReason(step, new Map(actions.map(({ name, status }) => [name, status])));
  return message === undefined ? undefined : { code: 'ActionConditionFailed', message };
}

const isAborted = ({ status }: Action) => status === 'Aborted';

function verdict(actions: readonly Action[], late: boolean): { status: RunStatus; error?: RunError } {
  const first = actions.find(({ status }) => status !== 'Succeeded');
  if (first === undefined) return { status: 'Succeeded' };
  // a step that failed before the app was stopped stays the verdict
  if (isAborted(first) || first.error?.code === 'RunAborted')
    return { status: 'Aborted', error: { code: 'RunAborted', message: `The app was stopped during ${first.name}.` } };
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
 * Deletes the users that no step deleted, and waits for the answer to a request to create one that is still in flight. Users that can't be deleted
 * in this time are recorded once more where that failed before. Then the waiting ends; what is being recorded is waited for, but not for long when the
 * app is stopping.
 */
async function cleanUp(
  users: RunUsers,
  { actions, cleanupActions = actions, clientTrackingId, stop }: EngineOptions,
  limits: Record<keyof typeof LIMITS, number>,
  listening: AbortController,
): Promise<void> {
  const limitMs = stop?.aborted ? limits.terminateMs : limits.cleanupMs;
  // when the app is stopped, also meanwhile, there is little time left
  const { signal, release } = delayed(stop, limits.terminateMs);
  const untilStopped = (work: Promise<void>) => withLimit(LIMITS.runMs, signal, () => work).catch(() => undefined);
  const deadline = performance.now() + limitMs;
  const tried = new Set<string>();
  const deleteNew = async () => {
    const found = users.left().filter((userId) => !tried.has(userId));
    await Promise.allSettled(
      found.map(async (userId) => {
        tried.add(userId);
        const leftMs = deadline - performance.now();
        await withLimit(leftMs, signal, (abortSignal) =>
          cleanupActions.deleteUser({ userId }, { signal: abortSignal, timeoutMs: leftMs, clientTrackingId }),
        ).catch((error: unknown) => {
          // the run made it on this connection: a step deleted it, though its answer was lost
          if (!isAppError(error) || error.code !== 'UserNotFound') throw error;
        });
        users.deleted(userId);
      }),
    );
  };
  const before = users.left().length;
  await Promise.all([
    deleteNew(),
    before > 0 ? untilStopped(users.recorded()) : undefined,
    withLimit(limitMs, signal, () => users.heard()).catch(() => undefined),
  ]);
  // those that ACS named meanwhile
  await deleteNew();
  if (users.left().length > 0) await untilStopped(users.recorded());
  users.stopListening();
  listening.abort(new AppError(503, 'Stopped', 'The run has ended.'));
  await untilStopped(users.settled());
  release?.();
}
