import type { HostedFunction } from './functionTable';

/** How a host is stopped: SIGTERM, as Azure does when it moves the app; SIGINT, as Ctrl+C does under `func`. */
export type StopSignal = 'SIGTERM' | 'SIGINT';

export interface FunctionsHostOptions {
  appDirectory: string;
  /** Default 7071; 0 = any free port. */
  port?: number;
  /** On top of process.env; wins over local.settings.json, without a warning. */
  environment?: Record<string, string | undefined>;
  /** Default <appDirectory>/local.settings.json; `false`: no file is read. */
  settingsFile?: string | false;
  /** Default: worker.js next to the built host. */
  workerFile?: string;
  /** Takes the console's lines; default: stdout. */
  log?: (line: string) => void;
  /** Load the app again when its files change? Default true. */
  watch?: boolean;
  /** What the app needs and is still starting: the port opens, and timers start, only after it. */
  openWhen?: Promise<unknown>;
  /** For running invocations; default: 30000 at SIGTERM, 2000 at SIGINT. */
  stopGraceMs?: number;
  /** After that, for the app's appTerminate hooks; default 5000. */
  terminateGraceMs?: number;
}

export interface FunctionsHost {
  readonly url: string;
  readonly port: number;
  /** As loaded last. */
  readonly functions: HostedFunction[];
  /** Its exit code: 0 after it was stopped, 1 after it ended by itself. */
  readonly ended: Promise<number>;
  /**
   * Closes the port and idle connections, waits for running invocations, then runs the app's appTerminate hooks. A second
   * call ends the app at once. Default: SIGTERM.
   */
  stop(signal?: StopSignal): Promise<void>;
}

export const DEFAULT_PORT = 7071;
export const DEFAULT_STOP_GRACE_MS: Record<StopSignal, number> = { SIGTERM: 30_000, SIGINT: 2000 };
export const DEFAULT_TERMINATE_GRACE_MS = 5000;
