import { setTimeout as sleep } from 'node:timers/promises';

/** HTTP statuses of transient errors: the same request may succeed a moment later. */
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
/** Codes of transient network errors: of Node.js and, if it has none, of the SDK. */
const TRANSIENT_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'REQUEST_SEND_ERROR']);
/** The wait before each retry, in milliseconds: 3.4 s in all. */
const WAITS_MS = [200, 400, 800, 1_000, 1_000];
/** If nothing listens at the address, more retries would rarely help, and the caller is waiting. */
const RETRIES_WHEN_REFUSED = 2;

/**
 * Calls `work`, and again after a transient error, until a retry would start after `until` (a time of `performance.now()`).
 * @throws the last error of `work`
 */
export async function retryTransient<T>(work: () => Promise<T>, until: number, signal: AbortSignal): Promise<T> {
  for (let retryCount = 0; ; retryCount += 1) {
    try {
      return await work();
    } catch (error) {
      const waitMs = retryWaitMs(retryCount, error);
      if (waitMs === undefined || performance.now() + waitMs >= until) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

/** How long to wait before the next retry, in milliseconds, with 25 % of jitter; `undefined` if there is none. */
function retryWaitMs(retryCount: number, error: unknown): number | undefined {
  const { statusCode, code = '' } = error as { statusCode?: number; code?: string };
  const isTransient = statusCode === undefined ? TRANSIENT_CODES.has(code) : TRANSIENT_STATUSES.has(statusCode);
  if (!isTransient && !(code === 'ECONNREFUSED' && retryCount < RETRIES_WHEN_REFUSED)) return undefined;
  const waitMs = WAITS_MS[retryCount];
  return waitMs === undefined ? undefined : Math.max(waitMs * (0.75 + Math.random() * 0.5), retryAfterMs(error));
}

function retryAfterMs(error: unknown): number {
  const { response } = error as { response?: { headers?: { get(name: string): string | undefined } } };
  const seconds = Number(response?.headers?.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
