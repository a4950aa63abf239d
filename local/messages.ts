/** The run, the check or the call was made and failed. */
export const FAILED = 1;
/** It could not be made: the command line, a setting or a file is wrong. */
export const COULD_NOT_RUN = 2;

/** Ends the command with this message, without a stack. The message names what to do and holds no key, token or connection string. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: typeof FAILED | typeof COULD_NOT_RUN = COULD_NOT_RUN,
  ) {
    super(message);
  }
}

/** The message of an unknown error, or the thrown value as text. */
export function messageOf(error: unknown): string {
  return hasProperty(error, 'message') && typeof error.message === 'string' ? error.message : String(error);
}

/** A system error's code, like ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return hasProperty(error, 'code') && typeof error.code === 'string' ? error.code : undefined;
}

/** The port of a "port is taken" error, or undefined for any other error. */
export function takenPort(error: unknown): number | undefined {
  if (codeOf(error) !== 'EADDRINUSE') return undefined;
  return hasProperty(error, 'port') && typeof error.port === 'number' ? error.port : undefined;
}

/** Not `instanceof Error`: that is false for the built-in modules' errors where code runs in a context of its own, as under Jest. */
function hasProperty<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === 'object' && value !== null && name in value;
}

/**
 * Turns "port is taken" into a message that names the port, what it was for and a command with other ports. Other errors are returned
 * as they are.
 */
export function explainTakenPort(error: unknown, what: string, command: string): unknown {
  const port = takenPort(error);
  if (port === undefined) return error;
  return new CommandError(
    `Port ${port}, for ${what}, is taken by another process (an earlier start that still runs?).\n` +
      `Stop that process, or use other ports (0 = any free one; storage then keeps its data in memory):\n  ${command}`,
    FAILED,
  );
}
