import { AppError } from '../base/errors';
import { TimeoutReached } from '../base/timeout';
import { USER_MAY_EXIST_DETAIL } from './identityTypes';

/** A failed call of a function URL. */
export interface Failed {
  error: AppError;
  /** The function can't have received the call. */
  neverArrived: boolean;
  /** The platform failed, not the function. */
  platformFailed: boolean;
  /** Only for createUser: the call may have created a user whose id was not received. */
  userMayExist: boolean;
}

const OFFLINE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** The error of a call while the app is being stopped. A run must not count it as a failure of ACS. */
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
  if (thrown instanceof TimeoutReached)
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

/** The system's error code. `fetch` throws only `fetch failed`; its cause has the code, or is an AggregateError if the host has several addresses. */
function causeCode(thrown: unknown): string {
  const cause = (thrown as { cause?: { code?: unknown; errors?: { code?: unknown }[] } } | undefined)?.cause;
  const code = cause?.code ?? cause?.errors?.[0]?.code;
  return typeof code === 'string' ? code : 'ConnectionFailed';
}
