import { setTimeout as sleep } from 'node:timers/promises';

/** HTTP statuses of a storage that may answer the same request well a moment later. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** The same for what the network reports: codes of Node.js, and of the SDK where Node.js gives none. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'REQUEST_SEND_ERROR']);
/** Before each repetition, in milliseconds: 3.4 s in all. */
const WAITS_MS = [200, 400, 800, 1_000, 1_000];
/** Where nothing listens it takes longer than all waits until something does: what waits for storage goes on without it. */
const REPEATS_WHEN_REFUSED = 2;

/**
 * Does `work`, and again while it fails with what may pass. A wait that would outlast `until` (of `performance.now()`) is not begun.
 * @throws what `work` threw last
 */
export async function repeatPassing<T>(work: () => Promise<T>, until: number, signal: AbortSignal): Promise<T> {
  for (let repetition = 0; ; repetition += 1) {
    try {
      return await work();
    } catch (error) {
      const waitMs = waitBefore(repetition, error);
      if (waitMs === undefined || performance.now() + waitMs >= until) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

/** How long to wait before repetition number `repetition` (from 0), with 25 % of jitter; `undefined`: it is not worth it. */
function waitBefore(repetition: number, error: unknown): number | undefined {
  const { statusCode, code = '' } = error as { statusCode?: number; code?: string };
  const mayPass = statusCode === undefined ? BROKEN.has(code) : PASSING.has(statusCode);
  if (!mayPass && !(code === 'ECONNREFUSED' && repetition < REPEATS_WHEN_REFUSED)) return undefined;
  const waitMs = WAITS_MS[repetition];
  return waitMs === undefined ? undefined : Math.max(waitMs * (0.75 + Math.random() * 0.5), retryAfterMs(error));
}

function retryAfterMs(error: unknown): number {
  const { response } = error as { response?: { headers?: { get(name: string): string | undefined } } };
  const seconds = Number(response?.headers?.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
