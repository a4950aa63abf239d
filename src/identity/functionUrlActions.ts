import { randomUUID } from 'node:crypto';
import { AppError, type ErrorDetail, type InnerError } from '../errors';
import { LIMITS, LimitReached, withLimit } from '../limits';
import { statusName } from './acsFailure';
import type { AccessToken, Attempt, CallOptions, CreatedUser, IdentityActions } from './identityActions';
import { DEFAULT_RETRY, nextDelay, SYSTEM_CLOCK, type RetryClock } from './retries';

export interface FunctionUrlOptions {
  /** Where the app is, without a trailing slash: `https://NAME.azurewebsites.net`. */
  baseUrl: string;
  /** A key that opens the action functions; sent as `x-functions-key`, never in a URL. */
  key: string | undefined;
  /** Where the key came from, for the message when it is refused; default: the app's own setting. */
  keySetting?: string;
  /** The app's connection to use; none: its default. */
  connection: string | undefined;
  clock?: RetryClock;
}

/** What came back, or did not, from one call of a function. */
interface Answer {
  status: number;
  body: unknown;
  /** Attempts that the function itself had to repeat. */
  innerAttempts: Attempt[];
  requestId: string | undefined;
  /** The app wrote this answer: it has the app's own error body or success. */
  fromApp: boolean;
}

const OFFLINE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * The identity actions over the URLs of a function app, so that routes, keys and input checks are tested too.
 * What the functions repeat themselves is not repeated here: their attempts come back in a header and are reported as ours.
 * Repeated are calls that never reached the app, and, except creating a user, those that the platform refused for it.
 */
export class FunctionUrlActions implements IdentityActions {
  constructor(private readonly options: FunctionUrlOptions) {}

  async createUser(
    input: Parameters<IdentityActions['createUser']>[0],
    options: CallOptions = {},
  ): Promise<CreatedUser> {
    const { createTokenWithScopes, expiresInMinutes } = input;
    return (await this.call('POST', 'users', { createTokenWithScopes, expiresInMinutes }, options)) as CreatedUser;
  }

  async issueToken(
    input: Parameters<IdentityActions['issueToken']>[0],
    options: CallOptions = {},
  ): Promise<AccessToken> {
    const { userId, scopes, expiresInMinutes } = input;
    return (await this.call(
      'POST',
      `users/${encodeURIComponent(userId)}/tokens`,
      { scopes, expiresInMinutes },
      options,
    )) as AccessToken;
  }

  async revokeTokens({ userId }: { userId: string }, options: CallOptions = {}): Promise<void> {
    await this.call('DELETE', `users/${encodeURIComponent(userId)}/tokens`, undefined, options);
  }

  async deleteUser({ userId }: { userId: string }, options: CallOptions = {}): Promise<void> {
    await this.call('DELETE', `users/${encodeURIComponent(userId)}`, undefined, options);
  }

  private async call(
    method: 'POST' | 'DELETE',
    path: string,
    body: object | undefined,
    options: CallOptions,
  ): Promise<unknown> {
    const { now, sleep, random } = this.options.clock ?? SYSTEM_CLOCK;
    const policy = options.retry ?? DEFAULT_RETRY;
    const deadline = now() + (options.timeoutMs ?? LIMITS.stepMs);
    const repeatable = method === 'DELETE' || path !== 'users';
    for (let repetition = 0; ; repetition += 1) {
      const outcome = await this.attempt(method, path, body, options, deadline - now());
      if ('value' in outcome) return outcome.value;
      if (method === 'DELETE' && repetition > 0 && outcome.error.code === 'UserNotFound') return undefined;
      const repeat = outcome.neverArrived || (repeatable && outcome.platformFailed);
      const delay = repeat ? nextDelay(policy, repetition, deadline - now(), undefined, random) : undefined;
      if (delay === undefined) throw outcome.error;
      await sleep(delay, options.signal).catch(() => {
        throw outcome.error;
      });
    }
  }

  private async attempt(
    method: string,
    path: string,
    body: object | undefined,
    options: CallOptions,
    leftMs: number,
  ): Promise<{ value: unknown } | { error: AppError; neverArrived: boolean; platformFailed: boolean }> {
    const clientRequestId = randomUUID();
    const startTime = new Date().toISOString();
    const tell = (code: string, requestId: string | undefined, error?: AppError) =>
      options.onAttempt?.({
        startTime,
        endTime: new Date().toISOString(),
        code,
        clientRequestId,
        ...(requestId === undefined ? {} : { serviceRequestId: requestId }),
        ...(error ? { error: { code: error.code, message: error.message } } : {}),
      });
    let answer: Answer;
    try {
      answer = await withLimit(leftMs, options.signal, (signal) =>
        this.send(method, path, body, options, clientRequestId, signal),
      );
    } catch (thrown) {
      const stopped = options.signal?.aborted === true;
      const { code, error, neverArrived } = unreachable(thrown, stopped);
      tell(code, undefined, error);
      return { error, neverArrived, platformFailed: !stopped && !(thrown instanceof LimitReached) };
    }
    for (const inner of answer.innerAttempts) options.onAttempt?.(inner);
    if (answer.status >= 200 && answer.status < 300 && answer.fromApp) {
      tell(statusName(answer.status), answer.requestId);
      return { value: answer.body };
    }
    const error = errorOf(answer, this.options.keySetting ?? 'WORKFLOW_FUNCTION_KEY');
    tell(statusName(answer.status), answer.requestId, error);
    return { error, neverArrived: false, platformFailed: !answer.fromApp && answer.status >= 500 };
  }

  private async send(
    method: string,
    path: string,
    body: object | undefined,
    options: CallOptions,
    clientRequestId: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { baseUrl, key, connection } = this.options;
    const query = connection === undefined ? '' : `?connection=${encodeURIComponent(connection)}`;
    const headers: Record<string, string> = { accept: 'application/json', 'x-ms-client-request-id': clientRequestId };
    if (key !== undefined) headers['x-functions-key'] = key;
    if (options.clientTrackingId !== undefined) headers['x-ms-client-tracking-id'] = options.clientTrackingId;
    if (options.traceparent !== undefined) headers['traceparent'] = options.traceparent;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(`${baseUrl}/api/${path}${query}`, {
      method,
      headers,
      redirect: 'error',
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const requestId = response.headers.get('x-ms-request-id') ?? undefined;
    return {
      status: response.status,
      body: parse(text),
      innerAttempts: attemptsOf(response.headers.get('x-ms-retry-history')),
      requestId,
      fromApp: requestId !== undefined,
    };
  }
}

function unreachable(thrown: unknown, stopped: boolean): { code: string; error: AppError; neverArrived: boolean } {
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

/** fetch says `fetch failed` and keeps the reason in its cause; several addresses make an AggregateError of it. */
function causeCode(thrown: unknown): string {
  const cause = (thrown as { cause?: { code?: unknown; errors?: { code?: unknown }[] } } | undefined)?.cause;
  const code = cause?.code ?? cause?.errors?.[0]?.code;
  return typeof code === 'string' ? code : 'ConnectionFailed';
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function attemptsOf(header: string | null): Attempt[] {
  const list = header === null ? undefined : parse(header);
  return Array.isArray(list) ? (list as Attempt[]).slice(0, 10) : [];
}

/** The error that the app answered, or, where the platform answered with an empty body, what that means. */
function errorOf({ status, body, fromApp }: Answer, keySetting: string): AppError {
  const error = (
    body as
      | {
          error?: {
            code?: unknown;
            message?: unknown;
            target?: string;
            details?: ErrorDetail[];
            innererror?: InnerError;
          };
        }
      | undefined
  )?.error;
  if (fromApp && typeof error?.code === 'string') {
    const message = typeof error.message === 'string' ? error.message : error.code;
    return new AppError(status, error.code, message, {
      target: error.target,
      details: error.details,
      innererror: error.innererror,
    });
  }
  if (status === 401 || status === 403) {
    return new AppError(
      status,
      'FunctionKeyDenied',
      `The platform refuses the function key. Check ${keySetting}: a host key (default) opens every action function.`,
    );
  }
  if (status === 404)
    return new AppError(status, 'FunctionNotFound', 'There is no such function at this URL, or it is disabled.');
  if (status >= 200 && status < 300)
    return new AppError(502, 'FunctionUnavailable', 'Something else than this app answered at the function URL.');
  return new AppError(status, 'FunctionUnavailable', `The function failed without an answer of its own (${status}).`);
}
