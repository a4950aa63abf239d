import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { resolve } from 'node:path';

export const COMMAND = resolve(__dirname, '../bin/acs-identity-emulator.mjs');
const running = new Set<ChildProcessWithoutNullStreams>();

export interface Started {
  child: ChildProcessWithoutNullStreams;
  output: () => { out: string; err: string };
  /** The exit code. */
  ended: Promise<number | null>;
  /** Resolves to stdout when that matches; rejects when it can no more. */
  until: (pattern: RegExp) => Promise<string>;
}

/** The command, as `npm run emulator` starts it; {@link endStarted} ends it. */
export function start(args: string[], cwd?: string): Started {
  const child = spawn(process.execPath, [COMMAND, ...args], { ...(cwd === undefined ? {} : { cwd }) });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const until = async (pattern: RegExp): Promise<string> => {
    const over = ended.then(() => 'ended');
    while (!pattern.test(out)) {
      const state = await Promise.race([over, new Promise((done) => setTimeout(done, 20))]);
      if (state === 'ended' && !pattern.test(out)) throw new Error(`It ended: ${err}`);
    }
    return out;
  };
  return { child, output: () => ({ out, err }), ended, until };
}

export function endStarted(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}
