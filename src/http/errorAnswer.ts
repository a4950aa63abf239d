import type { HttpResponseInit } from '@azure/functions';
import { AppError, isAppError } from '../base/errors';

/** The error to answer with: the one that was thrown, or `InternalError`, whose cause goes to the log only. */
export function toAppError(thrown: unknown, invocationId: string): AppError {
  if (isAppError(thrown)) return thrown;
  return new AppError(
    500,
    'InternalError',
    `Something went wrong here. The log has the cause under invocation ${invocationId}.`,
    {
      cause: thrown,
    },
  );
}

/** An error as Azure services answer it: `{ error: { code, message, target?, details?, innererror? } }`. */
export function errorAnswer(error: AppError): HttpResponseInit {
  const { code, message, target, details, innererror, retryAfterSeconds } = error;
  return {
    status: error.status,
    headers: {
      'x-ms-error-code': code,
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    jsonBody: {
      error: {
        code,
        message,
        ...(target === undefined ? {} : { target }),
        ...(details === undefined ? {} : { details }),
        ...(innererror === undefined ? {} : { innererror }),
      },
    },
  };
}
