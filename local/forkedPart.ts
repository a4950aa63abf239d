import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { CommandError, FAILED } from './messages';

/** What a forked part sends to its parent, once: what it says when it is ready, or why it cannot start. */
export type PartMessage<Ready> = { ready: Ready } | { failed: string; code?: string; port?: number };

export interface ForkedPart<Ready> {
  ready: Ready;
  /** Settles when the process has ended, whoever ended it. */
  ended: Promise<void>;
  /** Lets the process end by itself; a second call ends it at once. */
  stop(): Promise<void>;
}

const stopLimitMs = 10_000;

/** Where `npm run build` puts a process's file: the same for this file's source and for its built copy. */
export function builtFile(name: string): string {
  const isBuilt = /[\\/]\.local[\\/]build$/.test(__dirname);
  return isBuilt ? resolve(__dirname, name) : resolve(__dirname, '../.local/build', name);
}

/**
 * Starts a part in a process of its own (see partProcess.ts), which ends with this one.
 * @param name for messages
 * @throws an error with code EADDRINUSE and `port` when a port is taken; CommandError when it cannot start
 */
export async function forkPart<Ready>(
  name: string,
  file: string,
  options: object,
  { env = process.env, showErrors = false }: { env?: NodeJS.ProcessEnv; showErrors?: boolean } = {},
): Promise<ForkedPart<Ready>> {
  const child = fork(file, [JSON.stringify(options)], {
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  if (showErrors) child.stderr?.pipe(process.stderr, { end: false });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const errorOutput: Buffer[] = [];
  child.stderr?.on('data', (data: Buffer) => errorOutput.push(data));
  const ready = await new Promise<Ready>((done, fail) => {
    child.once('message', (message: PartMessage<Ready>) => {
      if ('ready' in message) done(message.ready);
      else if (message.code === 'EADDRINUSE') fail(Object.assign(new Error(message.failed), message));
      else fail(new CommandError(`${name} could not start: ${message.failed}`, FAILED));
    });
    child.once('error', fail);
    child.once('exit', (code) => {
      const output = Buffer.concat(errorOutput).toString().trim();
      fail(new CommandError(`${name} could not start (exit code ${code ?? 'none'}). ${output}`.trim(), FAILED));
    });
  }).catch(async (error: unknown) => {
    child.kill('SIGKILL');
    await ended;
    throw error;
  });
  let stopping = false;
  return {
    ready,
    ended,
    stop: () => {
      if (stopping) child.kill('SIGKILL');
      else if (child.connected) child.disconnect();
      stopping = true;
      const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      return ended.finally(() => clearTimeout(limit));
    },
  };
}
