import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { settingOf } from './hostSettings';
import type { Answer, Call, LoadedApp, LogEntry, MessageFromApp, MessageToApp } from './ipc';
import { LONGEST_DELAY_MS, waitUntil } from './waiting';

export interface AppProcessOptions {
  workerFile: string;
  appDirectory: string;
  env: NodeJS.ProcessEnv;
  /** Takes what the app logs through its context. */
  onLog: (entry: LogEntry) => void;
  /** Takes each line that the app writes to stdout or stderr. */
  onWritten: (line: string, isError: boolean) => void;
}

export const PROCESS_ENDED: Answer = { failure: { message: "The app's process ended before it answered." } };
const TIMED_OUT: Answer = {
  failure: { message: 'The function ran longer than functionTimeout of host.json allows.', isTimeout: true },
};

/** Of stderr, to tell why a process ended. */
const KEPT_ERROR_LINES = 30;
const ERROR_LINE = /^\[?(Uncaught )?\w*(Error|Exception|Rejection)\b/;
/** After the exit: output may stay open for longer, held by a process that the app started. */
const LAST_OUTPUT_MS = 50;

/** What `languageWorkers__node__arguments` asks for, as on the real host. Source maps are always on: stack traces then point into the TypeScript source. */
function nodeArgumentsOf(env: NodeJS.ProcessEnv): string[] {
  const given = settingOf(env, 'languageWorkers__node__arguments')?.trim().split(/\s+/) ?? [];
  return [...new Set(['--enable-source-maps', ...given])].filter((argument) => argument !== '');
}

/** One process with the app in it: worker.ts. */
export class AppProcess {
  /** What the app registered; `undefined` if the process ended before. */
  readonly loaded: Promise<LoadedApp | undefined>;
  /** Why the process ended, after its output was read. Its calls have failed by then. */
  readonly ended: Promise<string>;

  private readonly child: ChildProcess;
  private readonly finishCall = new Map<string, (answer: Answer) => void>();
  private readonly errorLines: string[] = [];

  /** @param onExit is called as soon as the process has ended, before its output was read */
  constructor(options: AppProcessOptions, onExit: () => void) {
    this.child = fork(options.workerFile, [options.appDirectory], {
      env: options.env,
      execArgv: nodeArgumentsOf(options.env),
      // Keeps the bytes of bodies as they are.
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child.once('exit', onExit);
    this.readOutput(options);
    this.loaded = this.readMessages(options);
    this.ended = this.untilEnded();
  }

  async invoke(call: Call, timeoutMs: number): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.finishCall.set(call.id, resolve));
    const finish = (answer: Answer): void => this.finishCall.get(call.id)?.(answer);
    const timer = setTimeout(() => finish(TIMED_OUT), Math.min(timeoutMs, LONGEST_DELAY_MS));
    this.send({ type: 'invoke', ...call }, () => finish(PROCESS_ENDED));

    const answer = await answered;
    clearTimeout(timer);
    this.finishCall.delete(call.id);
    return answer;
  }

  /** Waits for running calls, then asks the app to end, and kills it if that takes too long. */
  async end(stopGraceMs: number, terminateGraceMs: number): Promise<void> {
    await waitUntil(() => this.hasEnded() || this.finishCall.size === 0, stopGraceMs);
    this.send({ type: 'terminate' });
    await waitUntil(() => this.hasEnded(), terminateGraceMs);
    this.kill();
    await this.ended;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private send(message: MessageToApp, onFailure?: () => void): void {
    this.child.send(message, (error) => {
      if (error) onFailure?.();
    });
  }

  private readOutput({ onWritten }: AppProcessOptions): void {
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new Error('The process was forked without pipes.');
    createInterface(stdout).on('line', (line) => onWritten(line, false));
    createInterface(stderr).on('line', (line) => {
      if (line.trim() !== '') this.errorLines.push(line);
      if (this.errorLines.length > KEPT_ERROR_LINES) this.errorLines.shift();
      onWritten(line, true);
    });
  }

  private readMessages({ onLog }: AppProcessOptions): Promise<LoadedApp | undefined> {
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve(undefined));
      this.child.on('message', (message: MessageFromApp) => {
        if (message.type === 'log') onLog(message);
        else if (message.type === 'loaded') resolve(message);
        else if (message.type === 'answer') this.finishCall.get(message.id)?.(message);
      });
    });
  }

  private async untilEnded(): Promise<string> {
    const [code, signal] = (await once(this.child, 'exit')) as [number | null, NodeJS.Signals | null];
    await sleep(LAST_OUTPUT_MS);
    for (const finish of this.finishCall.values()) finish(PROCESS_ENDED);
    const error = this.errorLines.findLast((line) => ERROR_LINE.test(line)) ?? this.errorLines.at(-1) ?? '';
    return `${signal ?? `exit code ${code}`} ${error}`;
  }
}
