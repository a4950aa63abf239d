import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Call, FromApp, LoadedApp, LogEntry, ToApp } from './ipc';

type Output = { onLog: (entry: LogEntry) => void; onWritten: (line: string, isError: boolean) => void };
type Turns = { onLoaded: (app: LoadedApp) => void; onCrash: (message: string, isLast: boolean) => void };
type AppStart = { workerFile: string; appDirectory: string; env: NodeJS.ProcessEnv } & Output & Turns;
type AppProcess = ReturnType<typeof startProcess>;
const gone: Answer = { failure: { message: 'The process of the app has ended.' } };
const timedOut: Answer = { failure: { message: 'It took longer than functionTimeout.', isTimeout: true } };
export const longestDelayMs = 2 ** 31 - 1; // setTimeout treats a longer delay as 1 ms
/** Waits until something is so, but not longer than the limit. */
export async function until(isSo: () => boolean, limitMs: number): Promise<void> {
  for (const deadline = Date.now() + limitMs; !isSo() && Date.now() < deadline;) await sleep(20);
}

/** Starts one process with the app in it. `onExit` is called at once when it is gone. */
function startProcess({ workerFile, appDirectory, env, onLog, onWritten }: AppStart, onExit: () => void) {
  const stdio: ('ignore' | 'pipe' | 'ipc')[] = ['ignore', 'pipe', 'pipe', 'ipc'];
  const child = fork(workerFile, [appDirectory], { env, execArgv: [], serialization: 'advanced', stdio });
  const calls = new Map<string, (answer: Answer) => void>();
  const errorLines: string[] = [];
  child.once('exit', onExit);
  createInterface(child.stdout!).on('line', (line) => onWritten(line, false));
  createInterface(child.stderr!).on('line', (line) => {
    if (line.trim() && errorLines.push(line) > 30) errorLines.shift();
    onWritten(line, true);
  });
  const loaded = new Promise<LoadedApp | undefined>((resolve) => {
    child.once('exit', () => resolve(undefined));
    child.on('message', (message: FromApp) => {
      if (message.type === 'log') onLog(message);
      else if (message.type === 'loaded') resolve(message);
      else if (message.type === 'answer') calls.get(message.id)?.(message);
    });
  });
  /** Why it ended, when all that it wrote has been read; its calls have failed by then. */
  const ended = once(child, 'exit').then(async ([code, signal]: (number | string | null)[]) => {
    await sleep(50); // its output may stay open for longer, held by a process that it started
    for (const finish of calls.values()) finish(gone);
    const error = errorLines.findLast((line) => /^\[?(Uncaught )?\w*(Error|Exception|Rejection)\b/.test(line));
    return `${signal ?? `exit code ${code}`} ${error ?? errorLines.at(-1) ?? ''}`;
  });
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const send = (message: ToApp, failed?: () => void): unknown => child.send(message, (error) => error && failed?.());
  async function invoke(call: Call, timeoutMs: number): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => calls.set(call.id, resolve));
    const timer = setTimeout(() => calls.get(call.id)?.(timedOut), Math.min(timeoutMs, longestDelayMs));
    send({ type: 'invoke', ...call }, () => calls.get(call.id)?.(gone));
    const answer = await answered;
    clearTimeout(timer);
    calls.delete(call.id);
    return answer;
  }
  /** Lets calls in flight finish, then asks the app to end, and kills it if that takes too long. */
  async function end(stopGraceMs: number, terminateGraceMs: number): Promise<void> {
    await until(() => isGone() || calls.size === 0, stopGraceMs);
    send({ type: 'terminate' });
    await until(isGone, terminateGraceMs);
    child.kill('SIGKILL');
    await ended;
  }
  return { loaded, ended, invoke, end, kill: () => child.kill('SIGKILL') };
}

/** Follows a process that ends by itself with a new one, until it does so 3 times without a call that succeeds in between. */
export function superviseApp(start: AppStart) {
  const processes = new Set<AppProcess>();
  let current: AppProcess;
  let crashes = 0;
  let isStopping = false;
  /** The process that takes calls, once it can; `undefined` if no process will. Each process has a new promise. */
  let awaited = launch();
  async function launch(): Promise<AppProcess | undefined> {
    const app = startProcess(start, () => {
      processes.delete(app);
      if (app === current && !isStopping) awaited = recover(app);
    });
    processes.add((current = app));
    const content = await app.loaded; // `undefined` if it ended before
    if (content && app === current) start.onLoaded(content);
    return app;
  }
  async function recover(app: AppProcess): Promise<AppProcess | undefined> {
    const isLast = ++crashes === 3;
    const what = `The app has crashed (${crashes} of 3 times in a row): ${await app.ended}`;
    start.onCrash(`${what}\n${isLast ? 'The host ends.' : 'Restarting the app.'}`, isLast);
    return isLast || isStopping ? undefined : app === current ? launch() : app;
  }
  function replace(): AppProcess {
    const old = current;
    awaited = launch();
    return old;
  }
  /** Waits while the app starts, restarts or reloads. */
  async function ready(): Promise<AppProcess | undefined> {
    let [seen, app]: [unknown?, AppProcess?] = [];
    for (; seen !== awaited; app = await (seen = awaited));
    return app;
  }
  async function invoke(call: Call, timeoutMs: number): Promise<Answer> {
    const app = await ready();
    const answer = (await app?.invoke(call, timeoutMs)) ?? gone;
    if (app === current && !answer.failure) crashes = 0;
    // Only the end of its process ends a handler that hangs.
    if (app === current && answer.failure?.isTimeout) replace().kill();
    return answer;
  }
  async function end(terminateGraceMs: number): Promise<void> {
    isStopping = true;
    await Promise.all([...processes].map((app) => app.end(0, terminateGraceMs)));
  }
  return { ready, invoke, replace, end };
}
