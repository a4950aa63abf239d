import { builtFile, forkPart } from '../forkedPart';

export interface SignInOptions {
  /** 0 = any free one. */
  port: number;
  /** The front ends' origins: each may redirect to `ORIGIN/` and call the service from a page. */
  origins: readonly string[];
}

export interface RunningSignIn {
  port: number;
  /** Settles when the service has ended, whoever ended it. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the local sign-in service on 127.0.0.1 in a process of its own. Its errors and warnings go to stderr.
 * @throws an error with code EADDRINUSE and `port` when the port is taken; CommandError when it cannot start
 */
export async function startSignIn(options: SignInOptions): Promise<RunningSignIn> {
  const file = builtFile('signIn/signInProcess.js');
  const { ready: port, ...part } = await forkPart<number>('The local sign-in service', file, options, {
    showErrors: true,
  });
  return { port, ...part };
}
