import inspector from 'node:inspector';

/** The process before this one ends 7 s after a reload at the latest; see `DEFAULT_STOP_GRACE_MS` and `DEFAULT_TERMINATE_GRACE_MS`. */
const TRIES = 5;
const BETWEEN_TRIES_MS = 2000;

/**
 * Opens the port of `--inspect` if Node.js could not, because the process before this one still has it: after a reload, that one first
 * answers its last calls. Node.js reports each attempt that fails.
 */
export function openDebugPort(): void {
  const argument = process.execArgv.find((text) => text.startsWith('--inspect'));
  if (argument === undefined || inspector.url() !== undefined) return;
  const host = /=(.+):\d+$/.exec(argument)?.[1] ?? '127.0.0.1';
  let tries = 0;
  const timer = setInterval(() => {
    tries += 1;
    inspector.open(process.debugPort, host);
    if (inspector.url() !== undefined || tries === TRIES) clearInterval(timer);
  }, BETWEEN_TRIES_MS).unref();
}
