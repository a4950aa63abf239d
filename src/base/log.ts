/** The log methods that code about workflow runs uses. An `InvocationContext` has them. HTTP handlers use their context directly. */
export interface RunLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
