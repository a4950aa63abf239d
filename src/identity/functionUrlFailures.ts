import { AppError } from '../base/errors';
import { LimitReached } from '../base/timeLimit';
import { USER_MAY_EXIST_DETAIL } from './identityActions';

/** A call that did not succeed. */
export interface Failed {
  error: AppError;
  /** The function can't have received the call. */
  neverArrived: boolean;
  /** The platform failed before or instead of the function. */
  platformFailed: boolean;
  /** If the call was to create a user: it may have, though the answer doesn't name one. */
  userMayExist: boolean;
}

const OFFLINE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** Not a failure of ACS: the run must not count it as one. */
export const stopping = (cause: AppError) =>
  new AppError(
    503,
    'Stopped',
    'The app refuses new connections at its own URL, where it answered before: it is being stopped.',
    { cause },
  );

export const withUserMayExist = ({ status, code, message, target, innererror, cause }: AppError) =>
  new AppError(status, code, `${message} ${USER_MAY_EXIST_DETAIL.message}`, {
    target,
    innererror,
    cause,
    details: [USER_MAY_EXIST_DETAIL],
  });

export function unreachable(
  thrown: unknown,
  stopped: boolean,
): { code: string; error: AppError; neverArrived: boolean } {
  if (stopped)
    return {
      code: 'Cancelled',
      error: new AppError(503, 'Stopped', 'The call was stopped before the function answered.'),
      neverArrived: false,
    };
  if (thrown instanceof LimitReached)
    return {
      code: 'Timeout',
      error: new AppError(504, 'ServiceTimeout', 'The function did not answer in time.'),
      neverArrived: false,
    };
  const code = causeCode(thrown);
  const error = new AppError(502, 'FunctionUnavailable', `The function app can't be reached at its URL (${code}).`, {
    cause: thrown,
  });
  return { code, error, neverArrived: OFFLINE.has(code) };
}

/** The message of fetch is only `fetch failed`, and its cause has the reason; several addresses make an AggregateError of it. */
function causeCode(thrown: unknown): string {
  const cause = (thrown as { cause?: { code?: unknown; errors?: { code?: unknown }[] } } | undefined)?.cause;
  const code = cause?.code ?? cause?.errors?.[0]?.code;
  return typeof code === 'string' ? code : 'ConnectionFailed';
}
