import { setTimeout as sleep } from 'node:timers/promises';
import { foreignText } from './acsFailure';
import { unreachable } from './functionUrlFailures';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';

export interface WakeUpOptions {
  /** How long the app may take in all, and for one request, in milliseconds. */
  limitMs?: number;
  requestMs?: number;
}

/** Between two requests, in milliseconds. */
const WAIT_MS = 500;

/**
 * Calls the app's health function until the app itself answers, whatever it answers. On a plan that scales to zero the instances that serve HTTP may be
 * gone when the timer fires in another process: until a new one is ready the platform holds calls back, or answers 502 or 503 for it. Creating a user can't be
 * repeated after such an answer; this can. It gives up at once where no instance can be what is missing: the address refuses, is not found, or the
 * platform answers otherwise. Returns why no answer of the app came, or `undefined`. Never rejects.
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
    return await withLimit(limitMs, signal, async (abortSignal) => {
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
