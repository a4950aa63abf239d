import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { AppError } from '../base/errors';
import { describeError, redactText, safeText } from '../base/redact';
import { errorAnswer, toAppError } from './errorAnswer';
import { readTraceparent } from '../base/traceContext';
import { readInput, type InputOf, type InputSpec } from './validate';

/** Request data that is not input, and a callback for attempts. A function may pass it to an action as its options. */
export interface Call {
  request: HttpRequest;
  context: InvocationContext;
  /** From `x-ms-client-tracking-id`. */
  clientTrackingId: string | undefined;
  /** The trace that the call is part of, as a W3C `traceparent`. */
  traceparent: string | undefined;
  /** Pass it to an action: failed attempts that were retried are reported to the caller in `x-ms-retry-history`. */
  onAttempt: (attempt: object) => void;
}

/** A handler with the schemas of its requests. The build reads them from the registered functions, and makes the OpenAPI document of them. */
export type DescribedHandler = HttpHandler & { readonly spec: InputSpec };

/** The handler of a function with several paths or methods. */
export type RoutedHandler = HttpHandler & { readonly routes: Record<string, DescribedHandler> };

const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/**
 * Makes a handler that never throws: request -> validated input -> `work` -> response; error -> Azure error body. Every answer has `x-ms-request-id` (the
 * invocation id) and `Cache-Control: no-store`.
 * @param authenticate checks the caller before anything else is read. `work` gets its result
 */
export function handle<S extends InputSpec, Caller = undefined>(
  spec: S,
  work: (input: InputOf<S>, call: Call, caller: Caller) => HttpResponseInit | Promise<HttpResponseInit>,
  authenticate?: (request: HttpRequest) => Promise<Caller>,
): DescribedHandler {
  const handler: HttpHandler = async (request, context) => {
    const attempts: object[] = [];
    let answer: HttpResponseInit;
    let clientTrackingId: string | undefined;
    try {
      clientTrackingId = trackingId(request);
      const caller = (await authenticate?.(request)) as Caller;
      const input = await readInput(spec, request);
      const call: Call = {
        request,
        context,
        clientTrackingId,
        traceparent: traceparent(request, context),
        onAttempt: (attempt) => attempts.push(attempt),
      };
      answer = await work(input, call, caller);
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
        // the answer itself reports the last attempt; those before it failed and were retried
        ...(attempts.length > 1 ? { 'x-ms-retry-history': asciiJson(attempts.slice(0, -1)) } : {}),
      },
    };
  };
  return Object.assign(handler, { spec });
}

/** 503 means "try again later", so it is only a warning. The stack is logged only if the error has a cause: the stack of the error itself shows nothing new. */
function logServerError(error: AppError, context: InvocationContext): void {
  const line = `${error.code}: ${error.cause === undefined ? safeText(error.message, 4_000) : describeError(error)}`;
  if (error.status === 503) context.warn(line);
  else context.error(line);
}

/**
 * Makes one handler of several, for a route that ends with optional parameters: `runs/{runId?}/{operation?}`. A key of `routes` is a method with the rest
 * of the path, in which the first parameter may be its name in braces: `GET`, `GET latest`, `GET {runId}`, `POST {runId}/cancel`.
 */
export function byRoute(
  [first, ...others]: readonly [string, ...string[]],
  routes: Record<string, DescribedHandler>,
): RoutedHandler {
  const notFound = handle({ ignoresQuery: true }, () =>
    Promise.reject(
      new AppError(
        404,
        'NotFound',
        `This path does not exist for this method. Available: ${Object.keys(routes).join(', ')}.`,
      ),
    ),
  );
  const handler: HttpHandler = (request, context) => {
    const method = request.method.toUpperCase();
    const value = request.params[first];
    const rest = others.flatMap((name) => request.params[name] ?? []).map((part) => `/${part}`);
    const key = (start: string) => `${method} ${start}${rest.join('')}`;
    const found = value === undefined ? routes[method] : (routes[key(value)] ?? routes[key(`{${first}}`)]);
    return (found ?? notFound)(request, context);
  };
  return Object.assign(handler, { routes });
}

/** The host's own span if it has one, else the caller's `traceparent`. A malformed value is ignored. */
function traceparent(request: HttpRequest, context: InvocationContext): string | undefined {
  return [context.traceContext?.traceParent, request.headers.get('traceparent')].find(
    (text): text is string => readTraceparent(text) !== undefined,
  );
}

function trackingId(request: HttpRequest): string | undefined {
  const value = request.headers.get('x-ms-client-tracking-id');
  if (value === null || value === '') return undefined;
  if (!PRINTABLE.test(value)) throw badTrackingId('must be 1 to 128 printable ASCII characters');
  // functions that start runs log it and keep it
  if (redactText(value) !== value) throw badTrackingId('looks like a key or a token. Send another id');
  return value;
}

const badTrackingId = (what: string) =>
  new AppError(400, 'InvalidRequest', `The header x-ms-client-tracking-id ${what}.`, {
    target: 'x-ms-client-tracking-id',
  });

/** JSON in ASCII, as a header value must be. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
