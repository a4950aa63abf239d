import { AppError } from '../src/base/errors';

/** What arrives within this time of the first is the same Ctrl+C: a terminal sends it to every process of the group, and a parent passes it on. */
const SAME_MS = 700;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Ctrl+C and its like: the first asks for an end, the second is one. */
export interface Interruption {
  /** Aborts at the first. */
  signal: AbortSignal;
  /** The exit code after an interruption, 128 + the signal's number; `undefined` if there was no interruption. */
  exitCode(): number | undefined;
  /** From now on they end the process as usual. */
  release(): void;
}

/** @param onFirst called once, to print what is still done */
export function watchInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController();
  let firstAt: number | undefined;
  let exitCode: number | undefined;
  const interrupt = (code: number) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_MS) process.exit(code);
      return;
    }
    firstAt = performance.now();
    exitCode = code;
    onFirst();
    controller.abort(new AppError(503, 'Stopped', 'It was interrupted.'));
  };
  const listeners = Object.entries(SIGNALS).map(([name, code]) => [name, () => interrupt(code)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  // Whoever started this is gone, however it ended: then nobody waits any more.
  const onDisconnect = () => interrupt(SIGNALS.SIGTERM);
  process.on('disconnect', onDisconnect);
  process.channel?.unref();
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => {
      for (const [name, listener] of listeners) process.off(name, listener);
      process.off('disconnect', onDisconnect);
    },
  };
}
