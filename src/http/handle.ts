import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { AppError } from '../base/errors';
import { describeError, redactText, safeText } from '../base/redact';
import { errorAnswer, toAppError } from './errorAnswer';
import { readTraceparent } from '../base/traceContext';
import { readInput, type InputOf, type InputSpec } from './validate';

/** What a request carries besides its input, and where its retries are recorded. */
export interface Call {
  request: HttpRequest;
  context: InvocationContext;
  /** From `x-ms-client-tracking-id`. */
  clientTrackingId: string | undefined;
  /** The trace that the call is part of. */
  traceparent: string | undefined;
  /** Give it to an action: attempts that had to be repeated are reported to the caller in `x-ms-retry-history`. */
  onAttempt: (attempt: object) => void;
}

const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/**
 * Makes a handler that never throws: request -> validated input -> `work` -> response, errors -> Azure error body.
 * Every answer carries `x-ms-request-id` (the invocation id) and is never cached.
 */
export function handle<S extends InputSpec>(
  spec: S,
  work: (input: InputOf<S>, call: Call) => Promise<HttpResponseInit>,
): HttpHandler {
  return async (request, context) => {
    const attempts: object[] = [];
    let answer: HttpResponseInit;
    let clientTrackingId: string | undefined;
    try {
      clientTrackingId = trackingId(request);
      const input = await readInput(spec, request);
      answer = await work(input, {
        request,
        context,
        clientTrackingId,
        traceparent: traceparent(request, context),
        onAttempt: (attempt) => attempts.push(attempt),
      });
    } catch (thrown) {
      const error = toAppError(thrown, context.invocationId);
      if (error.status >= 500) logServerError(error, context);
      answer = errorAnswer(error);
    }
    const clientRequestId = request.headers.get('x-ms-client-request-id');
    return {
      ...answer,
      headers: {
        'Cache-Control': 'no-store',
        ...(answer.headers as Record<string, string> | undefined),
        'x-ms-request-id': context.invocationId,
        ...(clientRequestId !== null && PRINTABLE.test(clientRequestId)
          ? { 'x-ms-client-request-id': clientRequestId }
          : {}),
        ...(clientTrackingId === undefined ? {} : { 'x-ms-client-tracking-id': clientTrackingId }),
        // the last attempt is the answer itself; those before it were repeated
        ...(attempts.length > 1 ? { 'x-ms-retry-history': asciiJson(attempts.slice(0, -1)) } : {}),
      },
    };
  };
}

/** What is asked for again in a while is a warning. The stack is logged only if the error has a cause: otherwise it shows nothing new. */
function logServerError(error: AppError, context: InvocationContext): void {
  const line = `${error.code}: ${error.cause === undefined ? safeText(error.message, 4_000) : describeError(error)}`;
  if (error.status === 503) context.warn(line);
  else context.error(line);
}

/** One function for several things: picks the handler by method and, where a key has it, the value of a route parameter. */
export function byRoute(parameter: string, handlers: Record<string, HttpHandler>): HttpHandler {
  const nothingHere = handle({ ignoresQuery: true }, () =>
    Promise.reject(
      new AppError(
        404,
        'NotFound',
        `There is nothing at this address for this method. There is: ${Object.keys(handlers).join(', ')}.`,
      ),
    ),
  );
  return (request, context) => {
    const value = request.params[parameter];
    const method = request.method.toUpperCase();
    const handler =
      value === undefined ? handlers[method] : (handlers[`${method} ${value}`] ?? handlers[`${method} {${parameter}}`]);
    return (handler ?? nothingHere)(request, context);
  };
}

/** The host's own span where it makes one, or else the caller's; what is malformed is no trace. */
function traceparent(request: HttpRequest, context: InvocationContext): string | undefined {
  return [context.traceContext?.traceParent, request.headers.get('traceparent')].find(
    (text): text is string => readTraceparent(text) !== undefined,
  );
}

function trackingId(request: HttpRequest): string | undefined {
  const value = request.headers.get('x-ms-client-tracking-id');
  if (value === null || value === '') return undefined;
  if (!PRINTABLE.test(value)) throw badTrackingId('must be 1 to 128 printable ASCII characters');
  if (redactText(value) !== value)
    throw badTrackingId('looks like a key or a token, and would be logged: send another id');
  return value;
}

const badTrackingId = (what: string) =>
  new AppError(400, 'InvalidRequest', `The header x-ms-client-tracking-id ${what}.`, {
    target: 'x-ms-client-tracking-id',
  });

/** JSON that may stand in a header. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
