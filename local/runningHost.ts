/** A Functions host that answers: `func` or local/functionsHost. */
export interface RunningHost {
  url: string;
  port: number;
  functions: readonly { name: string }[];
  /** Its exit code, when it ends by itself or is stopped. */
  ended: Promise<number>;
  /** Lets calls in flight finish; a second call ends it at once. */
  stop(): Promise<void>;
}
