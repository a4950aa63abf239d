import type { StopSignal } from './functionsHost/host';

/** A Functions host that answers: `func` or local/functionsHost. */
export interface RunningHost {
  url: string;
  port: number;
  functions: readonly { name: string }[];
  /** Its exit code, when it ends by itself or is stopped. */
  ended: Promise<number>;
  /** Lets running invocations finish, longer at SIGTERM (the default) than at SIGINT; a second call ends it at once. */
  stop(signal?: StopSignal): Promise<void>;
}
