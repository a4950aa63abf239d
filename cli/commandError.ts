import { isAppError } from '../src/base/errors';
import { redactText } from '../src/base/redact';

/** The run, the check or the call was made, and did not pass. */
export const FAILED = 1;
/** It could not be made: the command line, a setting, or a file is wrong. */
export const COULD_NOT_RUN = 2;

/** An end of the command that is told in one message. The message says what to do, and holds no key or token. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: typeof FAILED | typeof COULD_NOT_RUN = COULD_NOT_RUN,
  ) {
    super(message);
  }
}

/** What may be said of anything that was thrown: redacted, in one line, with the code of an error of the app. */
export function sayError(error: unknown): string {
  if (isAppError(error)) {
    const details = (error.details ?? []).map(({ target, message }) => `\n  ${target ? `${target}: ` : ''}${message}`);
    return redactText(`${error.code}: ${error.message}${details.join('')}`);
  }
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') {
    return redactText(error.message);
  }
  return 'an unknown error';
}
