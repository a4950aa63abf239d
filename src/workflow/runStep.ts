import { isAppError, type AppError } from '../base/errors';
import type { Attempt, CallOptions } from '../identity/identityTypes';
import { delayedSignal, TimeoutReached, withTimeout } from '../base/timeout';
import type { RunLog } from '../base/log';
import { describeError, redactText, safeText } from '../base/redact';
import { newSpanId, traceparentOf } from '../base/traceContext';
import { redactRecord, type RequestedScopes } from './redactRecord';
import { deeperChecks, deeperChecksMs } from './deeperChecks';
import type { Action, ActionStatus, CheckRecord, RunError } from '../runs/run';
import type { RunAfterStatus, Step, StepContext } from './step';

/** Time limits and signals of a step. */
export interface StepLimits {
  stepMs: number;
  /** Time left for the whole run, in milliseconds. */
  runLeftMs: number;
  /** How long a step that creates a user may continue after the app has begun to stop, in milliseconds. */
  terminateStepMs: number;
  /** How long the run may wait for the answer to createUser after the step has ended, in milliseconds. */
  listenMs: number;
  /** Aborts when the run waits no longer. */
  listening: AbortSignal;
  /** Aborts when the app stops. */
  stop: AbortSignal | undefined;
}

class CheckFailed extends Error {}

/** Why the `runAfter` condition of `step` is not satisfied; `undefined` if it is. */
export function skipReason(step: Step, statuses: ReadonlyMap<string, ActionStatus>): string | undefined {
  for (const [name, wanted] of Object.entries(step.runAfter)) {
    const actual = statuses.get(name);
    if (actual === undefined) {
      return `${step.name} is skipped: its 'runAfter' names ${name}, but no step of this name comes before it. Correct the name or the order of the steps.`;
    }
    if (!wanted.includes(actual as RunAfterStatus)) {
      return `${step.name} is skipped: its 'runAfter' condition for ${name} is not satisfied. Expected ${wanted.join(' or ')}, actual ${actual}.`;
    }
  }
  return undefined;
}

/** The record of a step that did not run. */
export function skippedAction(step: Step, reason: RunError, context: StepContext): Action {
  const time = new Date(context.now()).toISOString();
  return {
    name: step.name,
    status: 'Skipped',
    code: 'ActionSkipped',
    startTime: time,
    endTime: time,
    durationMs: 0,
    error: reason,
    correlation: { clientTrackingId: context.call.clientTrackingId ?? '' },
  };
}

/**
 * Runs one step with its timeout, checks its result, and returns its record. If it fails because of a defect in the code, the stack is logged. Never rejects.
 */
export async function runStep(
  step: Step,
  context: StepContext,
  limits: StepLimits,
  log?: Pick<RunLog, 'error'>,
): Promise<Action> {
  const { state, now } = context;
  const started = now();
  const startedAt = performance.now();
  const attempts: Attempt[] = [];
  const spanId = context.trace && newSpanId();
  const limitMs = Math.min(step.timeoutMs ?? limits.stepMs, limits.runLeftMs);
  let inputs: unknown;
  let outputs: unknown;
  let failure: unknown;
  const stop: { signal: AbortSignal | undefined; release?: () => void } = step.makesUser
    ? delayedSignal(limits.stop, limits.terminateStepMs)
    : { signal: limits.stop };
  try {
    const asked = step.inputs(state);
    const tokenScopes = { ...state.request, ...asked } as RequestedScopes;
    inputs = redactRecord(asked, tokenScopes);
    const output = await withTimeout(limitMs, stop.signal, (signal) => {
      const call: CallOptions = {
        ...context.call,
        ...(context.trace && spanId ? { traceparent: traceparentOf({ ...context.trace, spanId }) } : {}),
        signal: step.makesUser ? limits.listening : signal,
        timeoutMs: limitMs,
        ...(step.makesUser ? { listenMs: limitMs + limits.listenMs, beforeSendSignal: signal } : {}),
        onAttempt: (attempt) => attempts.push(attempt),
      };
      if (step.retry) call.retry = step.retry;
      return step.execute({ ...context, call });
    });
    outputs = redactRecord(step.outputs?.(output, state), tokenScopes);
    const problems = (step.checks?.(output, context) ?? []).filter((problem) => problem !== undefined);
    if (problems.length > 0) failure = new CheckFailed(`Check failed: ${problems.join('; ')}.`);
  } catch (thrown) {
    failure = thrown;
  } finally {
    stop.release?.();
  }

  const durationMs = Math.round(performance.now() - startedAt);
  let checks: CheckRecord[] = [];
  if (failure === undefined && step.deeperChecks !== undefined) {
    const checksMs = Math.min(deeperChecksMs(context), limits.runLeftMs - durationMs);
    try {
      checks = await withTimeout(checksMs, limits.stop, (signal) =>
        deeperChecks(step.deeperChecks ?? [], context, signal),
      );
      const failedChecks = checks.filter(({ status }) => status === 'Failed');
      if (failedChecks.length > 0) failure = new CheckFailed(failedChecks.map(sentence).join(' '));
    } catch (thrown) {
      failure = thrown instanceof TimeoutReached ? new CheckFailed('The deeper checks took too long.') : thrown;
    }
  }
  const last = attempts.at(-1);
  const verdict = failure === undefined ? undefined : judge(failure, limits.stop, limitMs, last);
  if (verdict?.error.code === 'InternalError' && isDefect(failure)) {
    const id = context.call.clientTrackingId ?? '';
    log?.error(`${step.name} threw an error (clientTrackingId=${id}): ${describeError(failure)}`);
  }
  const retries = attempts.slice(0, -1);
  return {
    name: step.name,
    status: verdict?.status ?? 'Succeeded',
    code: verdict?.code ?? step.successCode,
    startTime: new Date(started).toISOString(),
    endTime: new Date(started + durationMs).toISOString(),
    durationMs,
    ...(verdict ? { error: verdict.error } : {}),
    ...(inputs === undefined ? {} : { inputs }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(checks.length > 0 ? { checks } : {}),
    ...(retries.length > 0 ? { retryHistory: retries } : {}),
    correlation: {
      ...(last ? { actionTrackingId: last.clientRequestId } : {}),
      clientTrackingId: context.call.clientTrackingId ?? '',
      ...(last?.serviceRequestId === undefined ? {} : { serviceRequestId: last.serviceRequestId }),
      ...(spanId === undefined ? {} : { spanId }),
    },
  };
}

const sentence = ({ name, message }: CheckRecord) => `Check ${name} failed: ${redactText(message ?? '')}.`;

/** An error that nobody expected. An `AppError` was created where its reason is known, so its stack shows nothing new, unless it has a cause. */
const isDefect = (failure: unknown): boolean => !isAppError(failure) || failure.cause !== undefined;

/** The cause of an `InternalError`, for its message. Messages of other errors name their cause themselves. */
function causeOf({ code, cause }: AppError): string {
  return code === 'InternalError' && cause instanceof Error ? ` ${cause.name}: ${safeText(cause.message, 1_000)}` : '';
}

function judge(
  failure: unknown,
  stop: AbortSignal | undefined,
  limitMs: number,
  last: Attempt | undefined,
): { status: ActionStatus; code: string; error: RunError } {
  if (stop?.aborted || (isAppError(failure) && failure.code === 'Stopped')) {
    const message = `The step was stopped because the app was stopped.${last?.error ? ` ${last.error.message}` : ''}`;
    return { status: 'Aborted', code: 'ActionAborted', error: { code: 'ActionAborted', message } };
  }
  if (failure instanceof TimeoutReached) {
    const message = `The step did not end within ${limitMs / 1000} s${last?.error ? `. Last error: ${last.error.message}` : '.'}`;
    return { status: 'TimedOut', code: 'ActionTimedOut', error: { code: 'ActionTimedOut', message } };
  }
  if (failure instanceof CheckFailed) {
    return {
      status: 'Failed',
      code: 'CheckFailed',
      error: { code: 'CheckFailed', message: redactText(failure.message) },
    };
  }
  if (isAppError(failure)) {
    return {
      status: 'Failed',
      code: last?.code ?? failure.code,
      error: { code: failure.code, message: redactText(failure.message) + causeOf(failure) },
    };
  }
  const message = failure instanceof Error ? safeText(failure.message, 1_000) : 'The step failed.';
  return { status: 'Failed', code: 'InternalError', error: { code: 'InternalError', message } };
}
