import { safeText } from '../base/redact';
import { stopSignal } from '../base/stop';
import { TimeoutReached, withTimeout } from '../base/timeout';

/** The answer of a receiver, or why there is none. Contains no part of its address. */
export type Delivery =
  | { kind: 'delivered'; status: number; body: string }
  /** It may accept the same request later. */
  | { kind: 'later'; reason: string; retryAfterMs?: number; status?: number; body?: string }
  /** It refuses, and would again. */
  | { kind: 'refused'; reason: string; status: number; body: string }
  /** 410: it does not exist any more. */
  | { kind: 'gone'; reason: string; status: number; body: string };

/** Statuses after which the same request may succeed. */
const TEMPORARY = new Set([408, 425, 429]);
const BODY_LENGTH = 200;
const MAX_BODY_BYTES = 4_096;

/** Sends one request within `limitMs`. Follows no redirection, because the address is a secret. Never rejects. */
export async function deliver(
  url: string,
  request: { method: 'GET' } | { method: 'POST'; contentType: string; body: string },
  limitMs: number,
): Promise<Delivery> {
  try {
    const { response, body } = await withTimeout(Math.ceil(limitMs), stopSignal, async (signal) => {
      const response = await fetch(url, {
        method: request.method,
        redirect: 'manual',
        headers: {
          'user-agent': 'acs-identity-functions',
          ...(request.method === 'POST' ? { 'content-type': request.contentType } : {}),
        },
        ...(request.method === 'POST' ? { body: request.body } : {}),
        signal,
      });
      return { response, body: safeText(await beginningOf(response), BODY_LENGTH) };
    });
    const { status } = response;
    if (status >= 200 && status < 300) return { kind: 'delivered', status, body };
    const reason = `the receiver answered ${status}`;
    if (status === 410) return { kind: 'gone', reason, status, body };
    if (TEMPORARY.has(status) || status >= 500) {
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      return { kind: 'later', reason, status, body, ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}) };
    }
    return { kind: 'refused', reason, status, body };
  } catch (error) {
    return { kind: 'later', reason: reasonOf(error, limitMs) };
  }
}

/** Errors of fetch name the address only in their text, so only their code is used. */
function reasonOf(error: unknown, limitMs: number): string {
  if (error instanceof TimeoutReached) return `the receiver did not answer within ${limitMs / 1000} s`;
  if (stopSignal.aborted) return 'the app is being stopped';
  const code = (error as { cause?: { code?: unknown } }).cause?.code;
  return `the receiver can't be reached (${typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? code : 'no answer'})`;
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    text += decoder.decode(next.value as Uint8Array, { stream: true });
    if (text.length > MAX_BODY_BYTES) break;
  }
  await reader?.cancel();
  return text;
}
