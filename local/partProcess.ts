import type { PartMessage } from './forkedPart';

const stopLimitMs = 5000;

/**
 * Runs a part in this process, forked by forkedPart.ts. It lives as long as the channel to its parent is open: the parent decides when it stops, and it never
 * outlives the parent, however that ends. It must end by itself when `stop` is done, and is ended 5 s after the parent asked for it.
 */
export function runPart<Ready>(start: () => Promise<{ ready: Ready; stop: () => Promise<unknown> }>): void {
  // Ctrl+C goes to the whole group, but the app still needs its services while it stops.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const exitWhileStarting = (): void => process.exit(0);
  process.on('disconnect', exitWhileStarting);
  start().then(
    ({ ready, stop }) => {
      process.off('disconnect', exitWhileStarting);
      process.on('disconnect', () => {
        setTimeout(() => process.exit(0), stopLimitMs).unref();
        void stop();
      });
      process.send?.({ ready } satisfies PartMessage<Ready>);
    },
    (error: unknown) => process.send?.(failureOf(error), () => process.exit(1)),
  );
}

function failureOf(error: unknown): PartMessage<never> {
  const { message, code, port } = error as NodeJS.ErrnoException & { port?: number };
  return { failed: message, ...(code !== undefined && { code }), ...(port !== undefined && { port }) };
}
