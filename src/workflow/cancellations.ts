/** The runs of this process that can be cancelled, by id. */
const running = new Map<string, AbortController>();

/** Lets a run be cancelled until it ends. */
export function beginCancellation(runId: string): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  running.set(runId, controller);
  return { signal: controller.signal, end: () => void running.delete(runId) };
}

/** Cancels a run if this process runs it. */
export function cancelHere(runId: string): void {
  running.get(runId)?.abort();
}
