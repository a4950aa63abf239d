import { isAppError } from '../src/base/errors';
import { redactText } from '../src/base/redact';

export { COULD_NOT_RUN, CommandError, FAILED } from '../local/messages';

/** What may be shown of anything that was thrown: redacted, with the code and the details of an error of the app. */
export function errorText(error: unknown): string {
  if (isAppError(error)) {
    const details = (error.details ?? []).map(({ target, message }) => `\n  ${target ? `${target}: ` : ''}${message}`);
    return redactText(`${error.code}: ${error.message}${details.join('')}`);
  }
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') {
    return redactText(error.message);
  }
  return 'an unknown error';
}
