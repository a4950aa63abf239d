// Replaces `func start` on machines without Azure Functions Core Tools: it answers and logs as `func` does. It does not have:
// keys (every caller is accepted), cookies in answers, HTTP streaming, retries, input and output bindings, other triggers than
// HTTP and timer, stored state of timers (so nothing is past due), log levels of host.json, extension bundles, HTTPS, route
// defaults, and route constraints other than those in routes.ts. In callers.ts it is stricter than `func`: it refuses calls
// from pages of other sites.
import { join, resolve } from 'node:path';
import { timeSpanMs } from '../../src/base/schedule';
import { AppSupervisor } from './appSupervisor';
import { AppWatch } from './appWatch';
import { mainOf } from './entryFiles';
import { buildFunctionTable, type AppFunction } from './functionTable';
import { HostConsole } from './hostConsole';
import {
  DEFAULT_PORT,
  DEFAULT_STOP_GRACE_MS,
  DEFAULT_TERMINATE_GRACE_MS,
  type FunctionsHost,
  type FunctionsHostOptions,
  type StopSignal,
} from './hostOptions';
import { readJson, readLocalSettings, settingOf, type HostJson } from './hostSettings';
import { HttpServer } from './httpServer';
import { Invocations } from './invocations';
import type { LoadedApp, LogEntry } from './ipc';
import { answerRequest, type ServedApp } from './requestHandler';
import { Timers } from './timers';
import { waitUntil } from './waiting';

export type { FunctionsHost, FunctionsHostOptions, StopSignal };

const DEFAULT_FUNCTION_TIMEOUT = '00:30:00';
/** For the answers to the last calls to reach their callers. */
const LAST_ANSWERS_MS = 200;

/**
 * Resolves when the app is loaded and the port is open, which comes last, as on the real host.
 * @throws an error with code EADDRINUSE and `port` if the port is taken; an error if the app keeps crashing and its files are
 *   not watched; what `openWhen` rejects with
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const host = new LocalFunctionsHost(options);
  await host.start();
  return {
    url: host.url,
    port: host.port,
    get functions() {
      return host.functions;
    },
    ended: host.ended,
    stop: (signal = 'SIGTERM') => host.stop(signal),
  };
}

class LocalFunctionsHost {
  port = 0;
  url = '';
  readonly ended: Promise<number>;

  private readonly appDirectory: string;
  private readonly hostJsonFile: string;
  private readonly console: HostConsole;
  private readonly invocations: Invocations;
  private readonly timers: Timers;
  private readonly watch: AppWatch;
  private readonly served: ServedApp;
  private readonly server: HttpServer;

  private environment: NodeJS.ProcessEnv;
  private app!: AppSupervisor;
  private opened!: Promise<void>;
  /** What was loaded last. It is served once the port is open. */
  private loaded: LoadedApp | undefined;
  private isOpen = false;
  private stopping: Promise<void> | undefined;
  private resolveEnded!: (exitCode: number) => void;

  constructor(private readonly options: FunctionsHostOptions) {
    this.ended = new Promise((done) => (this.resolveEnded = done));
    this.appDirectory = resolve(options.appDirectory);
    this.hostJsonFile = join(this.appDirectory, 'host.json');
    this.console = new HostConsole(options.log ?? ((line) => void process.stdout.write(`${line}\n`)));

    const settingsFile = (options.settingsFile ?? join(this.appDirectory, 'local.settings.json')) || undefined;
    const given = { ...process.env, ...options.environment };
    const warn = (message: string): void => this.console.report(message);
    const { values, host: hostPart } = readLocalSettings(
      settingsFile ?? '',
      process.env,
      options.environment ?? {},
      warn,
    );
    this.environment = { ...given, ...values };

    this.invocations = new Invocations(this.console, (call) => this.app.invoke(call, this.functionTimeoutMs()));
    this.timers = new Timers(
      (...call) => this.invocations.invoke(...call),
      (message) => this.console.report(message, true),
    );
    this.watch = new AppWatch(
      { appDirectory: this.appDirectory, hostJsonFile: this.hostJsonFile, settingsFile },
      options.watch !== false,
      () => void this.app.reload().end(this.stopGraceMs('SIGINT'), this.terminateGraceMs()),
      () => this.console.report('local.settings.json has changed. Restart the host to use the new settings.', true),
    );
    this.served = {
      hostPart,
      hidesHomePage: settingOf(this.environment, 'AzureWebJobsDisableHomepage') === 'true',
      hostJson: {},
      functions: [],
      ready: () => this.isReady(),
      invoke: (entry, input) => this.invocations.invoke(entry, input),
      startFunction: (entry) => this.startFunction(entry),
    };
    this.server = new HttpServer((request, response) => answerRequest(this.served, request, response));
  }

  get functions(): AppFunction[] {
    return this.served.functions ?? [];
  }

  async start(): Promise<void> {
    await this.choosePort();
    this.environment = {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      ...this.environment,
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      WEBSITE_HOSTNAME: `localhost:${this.port}`,
      AzureWebJobsScriptRoot: this.appDirectory,
    };
    this.app = new AppSupervisor({
      workerFile: this.options.workerFile ?? join(__dirname, 'worker.js'),
      appDirectory: this.appDirectory,
      env: this.environment,
      onLog: (entry) => this.onLog(entry),
      onWritten: (line, isError) => this.console.report(line, isError),
      onLoaded: (content) => this.onLoaded(content),
      onCrash: (message, isLast) => this.onCrash(message, isLast),
    });
    this.opened = this.open();
    try {
      await this.opened;
    } catch (error) {
      await (this.stopping ??= this.shutDown(1, 'SIGINT'));
      throw error;
    }
    await this.stopping;
  }

  async stop(signal: StopSignal): Promise<void> {
    if (this.stopping) void this.app.end(0).then(() => this.server.closeAllConnections());
    await (this.stopping ??= this.shutDown(0, signal));
  }

  /** The app's environment names the port, so a free one is taken before the app starts. Requests wait until the app is ready. */
  private async choosePort(): Promise<void> {
    this.port = this.options.port ?? this.served.hostPart.LocalHttpPort ?? DEFAULT_PORT;
    if (this.port === 0) this.port = await this.server.listen(0);
    this.url = `http://localhost:${this.port}`;
  }

  private async open(): Promise<void> {
    const [app] = await Promise.all([this.app.ready(), this.options.openWhen]);
    if (!app && !this.watch.isOn)
      throw new Error('The app crashed each time that it was started. The lines above show why.');
    if (!this.server.isListening) await this.server.listen(this.port);
    this.isOpen = true;
    if (this.loaded) this.serve(this.loaded);
  }

  private async isReady(): Promise<boolean> {
    try {
      await this.opened;
      return (await this.app.ready()) !== undefined;
    } catch {
      return false;
    }
  }

  private onLoaded(content: LoadedApp): void {
    this.loaded = content;
    if (this.isOpen) this.serve(content);
  }

  /** Answers from now on with what was loaded. */
  private serve({ main, functions, error }: LoadedApp): void {
    if (error !== undefined) this.console.report(`The app could not be loaded: ${error}`, true);
    try {
      this.served.hostJson = readJson(this.hostJsonFile) as HostJson;
      this.served.functions = buildFunctionTable(functions, this.served.hostJson, this.url, this.environment);
    } catch (reason) {
      this.served.functions = undefined;
      this.console.report(`The host could not start: ${(reason as Error).message}`, true);
    }
    this.console.showFunctions(this.served.functions, error !== undefined || this.served.functions === undefined);
    this.timers.schedule(this.stopping ? [] : this.functions);
    if (!this.stopping) this.watch.start(main);
  }

  private startFunction(entry: AppFunction): void {
    void this.invocations.invoke(entry, entry.type === 'timer' ? this.timers.input(entry) : undefined);
  }

  /** A function's log line after the end of its call is dropped, as on the real host. */
  private onLog(entry: LogEntry): void {
    const { category, invocationId } = entry;
    const isLate = category === 'user' && Boolean(invocationId) && !this.invocations.isRunning(invocationId ?? '');
    if (!isLate) this.console.showLogEntry(entry);
  }

  private onCrash(message: string, isLast: boolean): void {
    const lastRemark = this.watch.isOn ? 'The app starts again when one of its files changes.' : 'The host stops.';
    this.console.report(`${message}\n${isLast ? lastRemark : 'Restarting the app.'}`, true);
    if (!isLast || this.stopping) return;
    if (!this.watch.isOn) {
      this.stopping = this.shutDown(1, 'SIGINT');
      return;
    }
    this.timers.schedule([]);
    // an app that crashes while it is loaded has not reported its entry file
    this.watch.start(this.loaded?.main ?? mainOf(this.appDirectory));
  }

  private async shutDown(exitCode: number, signal: StopSignal): Promise<void> {
    this.server.close();
    this.timers.schedule([]);
    this.watch.stop();

    const isIdle = (): boolean => this.invocations.count === 0 && this.server.openCount === 0;
    await waitUntil(isIdle, this.stopGraceMs(signal));
    await this.app.end(this.terminateGraceMs());
    await waitUntil(isIdle, LAST_ANSWERS_MS);
    this.server.closeAllConnections();
    this.resolveEnded(exitCode);
  }

  private stopGraceMs(signal: StopSignal): number {
    return this.options.stopGraceMs ?? DEFAULT_STOP_GRACE_MS[signal];
  }

  private terminateGraceMs(): number {
    return this.options.terminateGraceMs ?? DEFAULT_TERMINATE_GRACE_MS;
  }

  private functionTimeoutMs(): number {
    return timeSpanMs(this.served.hostJson.functionTimeout ?? DEFAULT_FUNCTION_TIMEOUT) ?? Infinity;
  }
}
