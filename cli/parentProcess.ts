const LOOK_MS = 250;

/**
 * Ends this process, as SIGTERM does, when the process that started it is gone. npm passes a signal on to the shell in which it runs
 * a command, and many shells end without passing it on. Without npm nothing is watched: a script may start a command and leave it.
 */
export function endWithParent(environment: NodeJS.ProcessEnv): void {
  if (environment['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(looking);
    // Windows has no signal that a process could send to itself and handle
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(143);
  }, LOOK_MS);
  looking.unref();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
