// Replaces `func start` on machines without Azure Functions Core Tools: it answers and logs as they do. It has no
// keys (nobody is asked for one), cookies in answers, HTTP streaming, retries, input and output bindings, triggers but HTTP
// and timer, stored state of timers (so nothing is past due), log levels of host.json, extension bundles or HTTPS; it
// knows no route defaults and no constraints but those in routes.ts. In callers.ts it is stricter than `func`: it refuses
// pages of other sites.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { superviseApp, until } from './appProcess';
import { scriptsOf, watchFiles } from './fileWatch';
import { functionTable, type AppFunction } from './functionTable';
import { parseTimeSpanMs, readJson, readLocalSettings, settingOf, type HostJson } from './hostSettings';
import { createHttpServer, type ServedApp } from './httpServer';
import type { HostedFunction } from './hostedFunction';
import type { Answer, LoadedApp, LogEntry } from './ipc';
import { createTimers } from './timers';

export type { HostedFunction };

export interface FunctionsHostOptions {
  appDirectory: string;
  port?: number; // default 7071; 0 = any free one
  environment?: Record<string, string | undefined>; // on top of process.env; wins over local.settings.json
  settingsFile?: string | false; // default <appDirectory>/local.settings.json; `false`: no file is read
  workerFile?: string; // default: worker.js next to the built host
  log?: (line: string) => void; // takes the console's lines; default: stdout
  watch?: boolean; // default true
  openWhen?: Promise<unknown>; // what the app needs and is still starting: the port opens, and timers start, only then
  stopGraceMs?: number; // for running invocations; default: 30000 at SIGTERM, 2000 at SIGINT
  terminateGraceMs?: number; // default 5000, after that, for the app's appTerminate hooks
}

/** How a host is stopped: SIGTERM, as Azure does when it moves the app; SIGINT, as Ctrl+C does under `func`. */
export type StopSignal = 'SIGTERM' | 'SIGINT';
const defaultStopGraceMs = { SIGTERM: 30_000, SIGINT: 2000 };

type RunningHost = Readonly<{ url: string; port: number; functions: HostedFunction[] }>;
/**
 * `ended`: its exit code, when it was stopped (0) or has ended by itself (1). `stop` (default: SIGTERM) closes the port and idle
 * connections, waits for running invocations, then runs the app's appTerminate hooks. A second `stop` ends the app at once.
 */
export type FunctionsHost = RunningHost & { readonly ended: Promise<number>; stop(signal?: StopSignal): Promise<void> };
const programmatic = 'This function was programmatically called via the host APIs.';

/**
 * Resolves when the app is loaded and the port is open, which comes last, as on the real host. Throws with code EADDRINUSE and
 * `port` when the port is taken; when the app keeps crashing; what `openWhen` rejects with.
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { terminateGraceMs = 5000, workerFile = join(__dirname, 'worker.js') } = options;
  const stopGraceMs = (signal: StopSignal): number => options.stopGraceMs ?? defaultStopGraceMs[signal];
  const write = options.log ?? ((line: string) => void process.stdout.write(`${line}\n`));
  const [red, plain] = process.stdout.isTTY && !process.env['NO_COLOR'] ? ['\u001B[31m', '\u001B[0m'] : ['', ''];
  /** Writes as `func` does: the time, in UTC, before every line of a message. */
  const report = (message: string, isError = false): void => {
    const lines = message.split(/\r?\n/).map((line) => (isError ? red + line + plain : line));
    for (const line of lines) write(`[${new Date().toISOString()}] ${line}`);
  };
  const appDirectory = resolve(options.appDirectory);
  const hostJsonFile = join(appDirectory, 'host.json');
  const settingsFile = (options.settingsFile ?? join(appDirectory, 'local.settings.json')) || '';
  const given = { ...process.env, ...options.environment };
  const { values, host } = readLocalSettings(settingsFile, given, report);
  const hidesHomepage = settingOf({ ...given, ...values }, 'AzureWebJobsDisableHomepage') === 'true';
  const served: ServedApp = { host, hidesHomepage, hostJson: {}, functions: [], ready, invoke };
  const timers = createTimers(invoke, report);
  const inFlight = new Set<unknown>(); // ids of calls, and answers to requests
  const watches: NodeJS.Timeout[] = [];
  let shownList = '';
  let loaded: LoadedApp | undefined; // what was loaded last; it is served once the port is open
  let isOpen = false;
  let stopping: Promise<void> | undefined;
  let end: (exitCode: number) => void;
  const ended = new Promise<number>((done) => (end = done));
  const server = createHttpServer(served);
  server.on('request', (_, answer) => inFlight.add(answer) && answer.once('close', () => inFlight.delete(answer)));
  const listen = (at: number): Promise<unknown> => once(server.listen(at, '127.0.0.1'), 'listening');
  const wantedPort = options.port ?? host.LocalHttpPort ?? 7071;
  // The app's environment names the port, so a free one is taken before the app starts; calls to it wait.
  if (wantedPort === 0) await listen(0);
  const port = wantedPort || (server.address() as AddressInfo).port;
  const url = `http://localhost:${port}`;
  const fixed = { AZURE_FUNCTIONS_ENVIRONMENT: 'Development', WEBSITE_HOSTNAME: `localhost:${port}` };
  const env = { FUNCTIONS_WORKER_RUNTIME: 'node', ...given, ...values, ...fixed, AzureWebJobsScriptRoot: appDirectory };
  const app = superviseApp({ workerFile, appDirectory, env, onLog, onWritten: report, onLoaded, onCrash });
  const opened = open();
  async function open(): Promise<void> {
    const [isReady] = await Promise.all([app.ready(), options.openWhen]);
    if (!isReady) throw new Error('The app crashed again and again while it started; why is in the log.');
    if (!server.listening) await listen(port);
    isOpen = true;
    if (loaded) serve(loaded);
  }
  function ready(): Promise<object | undefined> {
    return opened.then(app.ready).catch(() => undefined);
  }
  function onLog({ level, category, message, invocationId = '' }: LogEntry): void {
    // What functions log is shown from information on, but not after their end; what the platform logs from warning on.
    const isLate = category === 'user' && invocationId !== '' && !inFlight.has(invocationId);
    const least = category === 'user' ? 'information' : 'warning';
    if ([least, 'warning', 'error', 'critical'].includes(level) && !isLate) report(message, level !== 'information');
  }
  function onLoaded(content: LoadedApp): void {
    loaded = content;
    if (isOpen) serve(content);
  }
  function serve({ main, functions, error }: LoadedApp): void {
    if (error) report(`The app could not be loaded: ${error}`, true);
    try {
      served.hostJson = readJson(hostJsonFile) as HostJson;
      served.functions = functionTable(functions, served.hostJson, url, env);
    } catch (error) {
      served.functions = undefined;
      report(`The host could not start: ${(error as Error).message}`, true);
    }
    showFunctions(served.functions ?? []);
    timers.schedule(stopping ? [] : (served.functions ?? []));
    if (stopping || options.watch === false || watches.length > 0) return;
    const reload = (): void => void app.replace().end(stopGraceMs('SIGINT'), terminateGraceMs);
    const reportUnused = (): void => report('local.settings.json changed: restart to apply.', true);
    watches.push(watchFiles(() => [hostJsonFile, ...scriptsOf(appDirectory, main)], reload));
    if (settingsFile) watches.push(watchFiles(() => [settingsFile], reportUnused));
  }
  function showFunctions(functions: AppFunction[]): void {
    const at = ({ trigger, methods, url }: AppFunction) => (methods ? `[${methods.join(',')}] ${url}` : trigger.type);
    const lines = ['', 'Functions:', '', ...functions.flatMap((entry) => [`\t${entry.name}: ${at(entry)}`, ''])];
    for (const { name, disabled } of functions) if (disabled) lines.push(`Function ${name} is disabled.`);
    if (lines.join() !== shownList) lines.forEach((line) => write(line));
    shownList = lines.join();
    for (const { name, error } of functions) if (error) report(`The '${name}' function is in error: ${error}`, true);
  }
  async function invoke(entry: AppFunction, input?: object, reason = programmatic, details?: string): Promise<Answer> {
    const id = randomUUID();
    const name = `Functions.${entry.name}`;
    const startedAt = performance.now();
    report(`Executing '${name}' (Reason='${reason}', Id=${id})${details ? `\nTrigger Details: ${details}` : ''}`);
    inFlight.add(id);
    const error = entry.error ?? (entry.type === 'http' && !input ? 'An HTTP function needs a request.' : undefined);
    const timeoutMs = parseTimeSpanMs(served.hostJson.functionTimeout ?? '00:30:00') ?? Infinity;
    const call = { id, functionId: entry.id, input: input ?? timers.input(entry) };
    const answer = error ? { failure: { message: error } } : await app.invoke(call, timeoutMs);
    inFlight.delete(id);
    const { failure } = answer;
    const end = `Id=${id}, Duration=${Math.round(performance.now() - startedAt)}ms`;
    report(`Executed '${name}' (${failure ? 'Failed' : 'Succeeded'}, ${end})`, Boolean(failure));
    const exception = `Exception while executing function: ${name}. Result: Failure\nException: ${failure?.message}`;
    if (failure) report(`${exception}\nStack: ${failure.stack ?? ''}`, true);
    return answer;
  }
  function onCrash(message: string, isLast: boolean): void {
    report(message, true);
    if (isLast) stopping ??= shutDown(1, 'SIGINT');
  }
  async function shutDown(exitCode: number, signal: StopSignal): Promise<void> {
    // Like Kestrel: idle connections are closed now, the others after their answer.
    server.close();
    for (const answer of inFlight) if (answer instanceof ServerResponse) answer.shouldKeepAlive = false;
    timers.schedule([]);
    watches.forEach((watching) => clearInterval(watching));
    await until(() => inFlight.size === 0, stopGraceMs(signal));
    await app.end(terminateGraceMs);
    await until(() => inFlight.size === 0, 200);
    server.closeAllConnections();
    end(exitCode);
  }
  async function stop(signal: StopSignal = 'SIGTERM'): Promise<void> {
    if (stopping) void app.end(0).then(() => server.closeAllConnections());
    await (stopping ??= shutDown(0, signal));
  }
  await opened.catch(async (error: unknown) => {
    await (stopping ??= shutDown(1, 'SIGINT'));
    throw error;
  });
  await stopping;
  const current = { get: () => served.functions ?? [] };
  return Object.defineProperty({ url, port, ended, stop, functions: [] }, 'functions', current);
}
