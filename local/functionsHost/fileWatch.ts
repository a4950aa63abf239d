import { statSync } from 'node:fs';

const POLL_INTERVAL_MS = 300;

/**
 * Calls `onChange` when files have changed and then stayed the same for one interval, so that a build is complete.
 * It polls, because the change notifications of operating systems differ too much. End it with clearInterval.
 */
export function watchFiles(listFiles: () => string[], onChange: () => void): NodeJS.Timeout {
  const readState = (): string =>
    listFiles()
      .map((file) => `${file} ${statSync(file, { throwIfNoEntry: false })?.mtimeMs}`)
      .join();

  let reported = readState();
  let last = '';
  const poll = (): void => {
    const now = readState();
    const isStable = now === last;
    if (isStable && now !== reported) onChange();
    if (isStable) reported = now;
    last = now;
  };
  return setInterval(poll, POLL_INTERVAL_MS).unref();
}
