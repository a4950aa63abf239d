import { setTimeout as sleepFor } from 'node:timers/promises';
import type { AcsFailure } from './acsFailure';
import type { Operation } from './acsErrors';
import type { AppError } from '../base/errors';
import type { RetryPolicy } from './identityActions';

/** Three repetitions, after 0.5, 1 and 2 s. */
export const DEFAULT_RETRY: RetryPolicy = { count: 3, delaysMs: [500, 1000, 2000] };

export const NO_RETRY: RetryPolicy = { count: 0, delaysMs: [] };

/**
 * May `operation` be sent again after `failure`? A user is created again only where ACS cannot have made one (without a token nothing was sent):
 * nothing could ever find the first. The other operations may be repeated whatever happened to the first request.
 */
export function mayRepeat(operation: Operation, failure: Pick<AcsFailure, 'kind' | 'status'>): boolean {
  const { kind, status = 0 } = failure;
  if (kind === 'refused' || kind === 'credential') return true;
  if (kind === 'http' && status === 429) return true;
  if (operation === 'createUser') return false;
  return kind === 'network' || (kind === 'http' && (status === 408 || status >= 500));
}

/** Time, chance and waiting, so that tests need none of them. */
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
 * How long to wait before repetition number `repetition` (from 0), in milliseconds, or undefined when it isn't worth it: no
 * repetition is left, or the wait would outlast `leftMs`. Waits have 25 % of jitter, and are never shorter than `retryAfterMs`.
 */
export function nextDelay(
  policy: RetryPolicy,
  repetition: number,
  leftMs: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | undefined {
  if (repetition >= policy.count) return undefined;
  const base = policy.delaysMs[Math.min(repetition, policy.delaysMs.length - 1)] ?? 0;
  const delay = Math.max(base * (0.75 + random() * 0.5), retryAfterMs ?? 0);
  return delay < leftMs ? delay : undefined;
}

/** An attempt that failed. */
export interface FailedAttempt {
  error: AppError;
  mayRepeat: boolean;
  /** How long the service wants callers to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/**
 * Makes an attempt, and repeats it as the policy allows, within `timeoutMs` in all. `unsentSignal` ends the waits between attempts.
 * @throws AppError the error of the last attempt
 */
export async function withRetries<T>(
  options: { retry?: RetryPolicy; timeoutMs: number; unsentSignal?: AbortSignal | undefined },
  { now, sleep, random }: RetryClock,
  attempt: (leftMs: () => number, repetition: number) => Promise<{ value: T } | FailedAttempt>,
): Promise<T> {
  const deadline = now() + options.timeoutMs;
  const leftMs = () => deadline - now();
  for (let repetition = 0; ; repetition += 1) {
    const outcome = await attempt(leftMs, repetition);
    if ('value' in outcome) return outcome.value;
    const { error, mayRepeat, retryAfterMs } = outcome;
    const delay = mayRepeat
      ? nextDelay(options.retry ?? DEFAULT_RETRY, repetition, leftMs(), retryAfterMs, random)
      : undefined;
    if (delay === undefined) throw error;
    await sleep(delay, options.unsentSignal).catch(() => {
      throw error;
    });
  }
}
