/** Where lines about runs go: the invocation's context, at the level that fits. */
export interface RunLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
