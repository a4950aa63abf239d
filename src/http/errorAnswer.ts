import type { HttpResponseInit } from '@azure/functions';
import { AppError, isAppError, REQUIRED_SCOPE, type ErrorCode } from '../base/errors';

/** The error to answer with: `thrown` if it is an AppError, else `InternalError` with `thrown` as its cause, which is only logged. */
export function toAppError(thrown: unknown, invocationId: string): AppError {
  if (isAppError(thrown)) return thrown;
  return new AppError(
    500,
    'InternalError',
    `Something went wrong in this app. The log has the cause under invocation ${invocationId}.`,
    {
      cause: thrown,
    },
  );
}

/** The answer for an error, in the form that Azure services use: `{ error: { code, message, target?, details?, innererror? } }`. */
export function errorAnswer(error: AppError): HttpResponseInit {
  const { code, message, target, details, innererror, retryAfterSeconds } = error;
  return {
    status: error.status,
    headers: {
      'x-ms-error-code': code,
      ...challengeOf(code, message),
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

/** What a client must do about its token (RFC 6750, section 3). The description may have neither quotes nor other characters than ASCII. */
function challengeOf(code: ErrorCode, message: string): Record<string, string> {
  const description = message.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, ' ');
  if (code === 'InvalidToken') {
    return { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${description}"` };
  }
  if (code === 'ScopeMissing') {
    return { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${REQUIRED_SCOPE}"` };
  }
  return {};
}
