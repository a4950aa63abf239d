/** Thrown by {@link withTimeout} when the time is up. */
export class TimeoutReached extends Error {
  constructor(readonly timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'TimeoutReached';
  }
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs`, or when `parent` aborts. Then it rejects with {@link TimeoutReached} or the parent's reason,
 * even if `work` ignores the signal.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted();
  const controller = new AbortController();
  let stop: (reason: Error) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = (reason) => {
      controller.abort(reason);
      reject(reason);
    };
  });
  const onParent = () => stop(parent?.reason as Error);
  parent?.addEventListener('abort', onParent, { once: true });
  const timer = setTimeout(() => stop(new TimeoutReached(timeoutMs)), Math.max(0, timeoutMs));
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } catch (error) {
    // what aborted work throws is unspecific: the reason is the timeout or the parent's
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onParent);
  }
}

/** A signal that aborts `ms` milliseconds after `signal` does. Call `release` when it is no longer needed: it removes the listener from `signal`. */
export function delayedSignal(
  signal: AbortSignal | undefined,
  ms: number,
): { signal: AbortSignal | undefined; release?: () => void } {
  if (signal === undefined) return { signal };
  const later = new AbortController();
  const abort = () => setTimeout(() => later.abort(signal.reason), ms).unref();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { signal: later.signal, release: () => signal.removeEventListener('abort', abort) };
}
