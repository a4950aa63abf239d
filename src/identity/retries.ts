import { setTimeout as sleepFor } from 'node:timers/promises';
import type { AcsFailure } from './acsFailure';
import type { Operation } from './acsErrors';
import type { AppError } from '../base/errors';
import type { RetryPolicy } from './identityTypes';

/** Three retries, after 0.5, 1 and 2 s. */
export const DEFAULT_RETRY: RetryPolicy = { count: 3, delaysMs: [500, 1000, 2000] };

export const NO_RETRY: RetryPolicy = { count: 0, delaysMs: [] };

/**
 * May `operation` be sent again after `failure`?
 * - Every operation: if ACS did not receive the request (nobody listened, or there was no Entra ID token) or refused it with 429.
 * - Every operation except createUser: also if the connection broke, or ACS answered 408 or 5xx. After such a failure of createUser a user may exist,
 *   and nobody could find it, because ACS lists no users.
 * - Never: after our own timeout (10 s of the action's 25 s: another one would use up the rest), after a stop, after an incomplete answer, after an
 *   unexpected error, and after other 4xx answers, because the next answer would be the same.
 */
export function isRetryable(operation: Operation, failure: Pick<AcsFailure, 'kind' | 'status'>): boolean {
  const { kind, status = 0 } = failure;
  if (kind === 'refused' || kind === 'credential') return true;
  if (kind === 'http' && status === 429) return true;
  if (operation === 'createUser') return false;
  return kind === 'network' || (kind === 'http' && (status === 408 || status >= 500));
}

/** Time, randomness and sleeping, as parameters, so that tests don't wait. */
export interface RetryClock {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** 0 ≤ x < 1 */
  random: () => number;
}

export const SYSTEM_CLOCK: RetryClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleepFor(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

/**
 * How long to wait before the next retry, in milliseconds, after `retryCount` retries. `undefined` if no retry is left or the wait would take longer
 * than `leftMs`. A wait has 25 % of jitter, and is never shorter than `retryAfterMs`.
 */
export function nextDelay(
  policy: RetryPolicy,
  retryCount: number,
  leftMs: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | undefined {
  if (retryCount >= policy.count) return undefined;
  const base = policy.delaysMs[Math.min(retryCount, policy.delaysMs.length - 1)] ?? 0;
  const delay = Math.max(base * (0.75 + random() * 0.5), retryAfterMs ?? 0);
  return delay < leftMs ? delay : undefined;
}

/** An attempt that failed. */
export interface FailedAttempt {
  error: AppError;
  isRetryable: boolean;
  /** How long the service asks callers to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/**
 * Calls `attempt`, and again as the policy allows, within `timeoutMs` in all. `beforeSendSignal` ends the waits between attempts.
 * @throws AppError the error of the last attempt
 */
export async function withRetries<T>(
  options: { retry?: RetryPolicy; timeoutMs: number; beforeSendSignal?: AbortSignal | undefined },
  { now, sleep, random }: RetryClock,
  attempt: (leftMs: () => number, retryCount: number) => Promise<{ value: T } | FailedAttempt>,
): Promise<T> {
  const deadline = now() + options.timeoutMs;
  const leftMs = () => deadline - now();
  for (let retryCount = 0; ; retryCount += 1) {
    const outcome = await attempt(leftMs, retryCount);
    if ('value' in outcome) return outcome.value;
    const { error, isRetryable, retryAfterMs } = outcome;
    const delay = isRetryable
      ? nextDelay(options.retry ?? DEFAULT_RETRY, retryCount, leftMs(), retryAfterMs, random)
      : undefined;
    if (delay === undefined) throw error;
    await sleep(delay, options.beforeSendSignal).catch(() => {
      throw error;
    });
  }
}
