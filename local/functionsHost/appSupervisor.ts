import { AppProcess, PROCESS_ENDED, type AppProcessOptions } from './appProcess';
import type { Answer, Call, LoadedApp } from './ipc';

export interface AppSupervisorOptions extends AppProcessOptions {
  /** Called each time that a process has loaded the app. */
  onLoaded: (app: LoadedApp) => void;
  /** Called each time that a process ended by itself. After the last crash no process follows, until {@link AppSupervisor.reload}. */
  onCrash: (message: string, isLast: boolean) => void;
}

const MAX_CRASHES_IN_A_ROW = 3;

/** Keeps a process with the app running. It gives up after 3 crashes without a call that succeeds in between, until the app has changed. */
export class AppSupervisor {
  private readonly processes = new Set<AppProcess>();
  private current!: AppProcess;
  /** The process that takes calls, once it is loaded; `undefined` if there will be none. Each process has a new promise. */
  private upcoming: Promise<AppProcess | undefined>;
  private crashesInARow = 0;
  private isStopping = false;

  constructor(private readonly options: AppSupervisorOptions) {
    this.upcoming = this.launch();
  }

  /** Waits while the app starts, restarts or reloads. `undefined` if it has crashed too often. */
  async ready(): Promise<AppProcess | undefined> {
    for (;;) {
      const awaited = this.upcoming;
      const app = await awaited;
      // Meanwhile another process may have taken its place.
      if (awaited === this.upcoming) return app;
    }
  }

  async invoke(call: Call, timeoutMs: number): Promise<Answer> {
    const app = await this.ready();
    const answer = (await app?.invoke(call, timeoutMs)) ?? PROCESS_ENDED;
    if (app === this.current) {
      if (!answer.failure) this.crashesInARow = 0;
      // A handler that does not return can only be ended with its process.
      else if (answer.failure.isTimeout) this.replace().kill();
    }
    return answer;
  }

  /** Starts a changed app: a new process for the calls from now on. @returns the old one, which may still run */
  reload(): AppProcess {
    this.crashesInARow = 0;
    return this.replace();
  }

  private replace(): AppProcess {
    const old = this.current;
    this.upcoming = this.launch();
    return old;
  }

  async end(terminateGraceMs: number): Promise<void> {
    this.isStopping = true;
    await Promise.all([...this.processes].map((app) => app.end(0, terminateGraceMs)));
  }

  private async launch(): Promise<AppProcess | undefined> {
    const app = new AppProcess(this.options, () => {
      this.processes.delete(app);
      if (app === this.current && !this.isStopping) this.upcoming = this.recover(app);
    });
    this.processes.add(app);
    this.current = app;

    const content = await app.loaded;
    if (content && app === this.current) this.options.onLoaded(content);
    return app;
  }

  private async recover(crashed: AppProcess): Promise<AppProcess | undefined> {
    this.crashesInARow += 1;
    const isLast = this.crashesInARow === MAX_CRASHES_IN_A_ROW;
    const count = `${this.crashesInARow} of ${MAX_CRASHES_IN_A_ROW} times in a row`;
    const reason = await crashed.ended;
    // If a reload came in between, `upcoming` is its process, and this crash is not the last.
    const isCurrent = crashed === this.current;
    this.options.onCrash(`The app has crashed (${count}): ${reason}`, isLast && isCurrent);

    if (isLast || this.isStopping) return undefined;
    return crashed === this.current ? this.launch() : undefined;
  }
}
