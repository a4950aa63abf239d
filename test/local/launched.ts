import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 20_000;
const launched: ChildProcess[] = [];

export interface Launched {
  child: ChildProcess;
  /** The exit code, when the last process that holds this output has ended: children of the child too. */
  ended: Promise<number | null>;
  /** All of stdout and stderr so far. */
  output: () => string;
  /** Resolves when the output matches. Rejects with the output when it doesn't in time, or can no more. */
  until: (expected: RegExp) => Promise<RegExpMatchArray>;
}

/** Runs a Node.js program, with this Node.js or another; {@link endLaunched} ends it. */
export function launch(
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
  node: string = process.execPath,
): Launched {
  const child = spawn(node, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  launched.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  let isOver = false;
  const ended = new Promise<number | null>((done) => {
    child.once('close', (code) => {
      isOver = true;
      done(code);
    });
  });
  const until = async (expected: RegExp): Promise<RegExpMatchArray> => {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const match = expected.exec(output);
      if (match !== null) return match;
      if (isOver || Date.now() > deadline) throw new Error(`There was no ${String(expected)} in:\n${output}`);
      await sleep(20);
    }
  };
  return { child, ended, output: () => output, until };
}

export function endLaunched(): void {
  for (const child of launched.splice(0)) child.kill('SIGKILL');
}
