import type { IdentityActions } from '../identity/identityActions';
import { LIMITS, withLimit } from '../limits';
import type { Action, Cleanup, Run, RunError, RunRequest, RunStatus } from './runRecord';
import type { TraceContext } from '../traceContext';
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
  /** Each step is a span of its own in it. */
  trace?: TraceContext | undefined;
  /** Deeper checks, what they ask with, and how long a revoked token may go on being accepted. */
  deeper?: Pick<StepContext, 'checks' | 'probes' | 'revocationWaitMs'> | undefined;
  /** Where users are written down as soon as they are there; default: nowhere. */
  ledger?: RunLedger | undefined;
  /** Aborts when the app is stopping: the run ends Aborted, and the user it made is deleted first. */
  stop?: AbortSignal | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  limits?: { [name in keyof typeof LIMITS]?: number } | undefined;
  /** Told of each step when it ended. */
  onAction?: (action: Action) => void;
}

/** How a run ended. */
export type Outcome = Pick<Run, 'status' | 'cleanup' | 'usersLeftBehind' | 'error' | 'actions'>;

/**
 * Runs a workflow's steps in order, each if its `runAfter` lets it, and deletes at the end what is left of the run's users.
 * A failure stays the run's verdict, also when a later step handled it. Never rejects.
 */
export async function runSteps(options: EngineOptions): Promise<Outcome> {
  const { workflow, stop, now = Date.now } = options;
  const limits = { ...LIMITS, ...options.limits };
  const state: WorkflowState = { request: options.request };
  const users = new RunUsers(options.ledger);
  const context: StepContext = {
    actions: options.actions,
    state,
    call: { clientTrackingId: options.clientTrackingId },
    trace: options.trace,
    now,
    userMade: (id) => users.made(id),
    userDeleted: (id) => users.deleted(id),
    ...options.deeper,
  };

  const actions: Action[] = [];
  const deadline = now() + limits.runMs;
  // timers are not exact to the millisecond
  const late = () => deadline - now() < 5;
  for (const step of workflow.steps) {
    const reason = outOfTime(late(), stop) ?? runAfterFault(step, actions);
    const action = reason
      ? skippedAction(step, reason, context)
      : await runStep(step, context, { ...limits, runLeftMs: deadline - now(), stop });
    actions.push(action);
    // a process that dies from here on leaves a user that is written down
    await users.written();
    options.onAction?.(action);
  }

  const cleanup = await deleteUsers(users, options, stop?.aborted ? limits.terminateMs : limits.cleanupMs);
  await users.written();
  return { ...verdict(actions, late(), stop), ...cleanup, actions };
}

function outOfTime(late: boolean, stop: AbortSignal | undefined): RunError | undefined {
  if (stop?.aborted) return { code: 'RunAborted', message: 'The app was stopped before this step.' };
  if (late) return { code: 'RunTimedOut', message: 'The time for the whole run was up before this step.' };
  return undefined;
}

function runAfterFault(step: Workflow['steps'][number], actions: readonly Action[]): RunError | undefined {
  const message = skipReason(step, new Map(actions.map(({ name, status }) => [name, status])));
  return message === undefined ? undefined : { code: 'ActionConditionFailed', message };
}

function verdict(
  actions: readonly Action[],
  late: boolean,
  stop: AbortSignal | undefined,
): { status: RunStatus; error?: RunError } {
  const first = actions.find(({ status }) => status !== 'Succeeded');
  if (first === undefined) return { status: 'Succeeded' };
  if (stop?.aborted)
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

/** Deletes the users that no step deleted. They outlive the run only when ACS can't be reached for all of `limitMs`. */
async function deleteUsers(
  users: RunUsers,
  { actions, cleanupActions = actions, clientTrackingId }: EngineOptions,
  limitMs: number,
): Promise<{ cleanup: Cleanup; usersLeftBehind?: string[] }> {
  if (users.none) return { cleanup: 'NotNeeded' };
  await Promise.allSettled(
    users.left().map(async (userId) => {
      await withLimit(limitMs, undefined, (signal) =>
        cleanupActions.deleteUser({ userId }, { signal, timeoutMs: limitMs, clientTrackingId }),
      );
      users.deleted(userId);
    }),
  );
  const usersLeftBehind = users.left();
  return usersLeftBehind.length === 0 ? { cleanup: 'Clean' } : { cleanup: 'Pending', usersLeftBehind };
}
