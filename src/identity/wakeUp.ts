import { setTimeout as sleep } from 'node:timers/promises';
import { foreignText } from './acsFailure';
import { unreachable } from './functionUrlFailures';
import { LIMITS } from '../base/limits';
import { withTimeout } from '../base/timeout';

export interface WakeUpOptions {
  /** Time for all requests, in milliseconds. */
  limitMs?: number;
  /** Timeout of one request, in milliseconds. */
  requestMs?: number;
}

/** The wait between two requests, in milliseconds. */
const WAIT_MS = 500;

/**
 * Calls the app's health function until the app answers, with any status. On a plan that scales to zero there may be no instance that serves HTTP when the
 * timer fires in another process. Until an instance is ready, the platform holds calls back, or answers 502 or 503 itself. createUser can't be retried
 * after such an answer, a call of the health function can. It gives up at once if a missing instance can't be the reason: the URL refuses connections or
 * is not found, or the platform answers another status. Returns the reason why the app did not answer, or `undefined` if it did. Never rejects.
 */
export async function wakeUp(
  baseUrl: string,
  signal: AbortSignal | undefined,
  { limitMs = LIMITS.wakeUpMs, requestMs = LIMITS.callMs }: WakeUpOptions = {},
): Promise<string | undefined> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { reason, mayBeCold } = await ask(baseUrl, Math.min(requestMs, deadline - performance.now()), signal);
    if (reason === undefined || !mayBeCold || signal?.aborted || performance.now() + WAIT_MS >= deadline) return reason;
    await sleep(WAIT_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

async function ask(
  baseUrl: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<{ reason?: string; mayBeCold?: boolean }> {
  try {
    return await withTimeout(limitMs, signal, async (abortSignal) => {
      const response = await fetch(`${baseUrl}/api/health`, { redirect: 'manual', signal: abortSignal });
      await response.body?.cancel();
      if (foreignText(response.headers.get('x-ms-request-id')) !== undefined) return {};
      return { reason: `the platform answers ${response.status}`, mayBeCold: response.status >= 500 };
    });
  } catch (thrown) {
    const { error, neverArrived } = unreachable(thrown, signal?.aborted === true);
    return { reason: error.message, mayBeCold: !neverArrived };
  }
}
