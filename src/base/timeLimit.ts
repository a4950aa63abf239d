/** Thrown by {@link withLimit} when the time was up. */
export class LimitReached extends Error {
  constructor(readonly limitMs: number) {
    super(`no answer within ${limitMs} ms`);
    this.name = 'LimitReached';
  }
}

/**
 * Runs `work` with a signal that aborts after `limitMs` or when `parent` aborts, and settles then even if `work` ignores it.
 * Rejects with {@link LimitReached}, or with the parent's reason.
 */
export async function withLimit<T>(
  limitMs: number,
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
  const timer = setTimeout(() => stop(new LimitReached(limitMs)), Math.max(0, limitMs));
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } catch (error) {
    // whatever the aborted work threw, the reason is the limit or the parent
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onParent);
  }
}

/** A signal that aborts `ms` after `signal` does, until it is released: `signal` outlives the step. */
export function delayed(
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
