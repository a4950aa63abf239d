import { randomUUID } from 'node:crypto';
import { AppError, type ErrorCode } from '../base/errors';
import { LIMITS } from '../base/limits';
import { TimeoutReached, withTimeout } from '../base/timeout';
import { foreignText, statusName } from './acsFailure';
import { attemptsOf, errorFields, readBody } from './functionAnswer';
import { stopping, unreachable, withUserMayExist, type Failed } from './functionUrlFailures';
import { isUserId } from './identityTypes';
import {
  RUN_MARK_HEADER,
  type AccessToken,
  type Attempt,
  type CallOptions,
  type CreatedUser,
  type IdentityActions,
} from './identityTypes';
import { SYSTEM_CLOCK, withRetries, type RetryClock } from './retries';

export interface FunctionUrlOptions {
  /** The app's URL without a trailing slash: `https://NAME.azurewebsites.net`. */
  baseUrl: string;
  /** A key of the action functions. It is sent as `x-functions-key`, never in a URL. */
  key: string | undefined;
  /** The setting that has the key, for the message when the key is refused. Default: the app's own setting. */
  keySetting?: string;
  /** The app's connection to use. Default: the app's default connection. */
  connection: string | undefined;
  /** Is `baseUrl` this app itself? If its URL has answered before and now refuses connections, the app is being stopped. */
  isOwnApp?: boolean;
  clock?: RetryClock;
}

/** URLs that have answered a call of this process. */
const answeredUrls = new Set<string>();

/** The answer to one call of a function. */
interface Answer {
  status: number;
  body: unknown;
  isEmpty: boolean;
  /** Failed attempts that the function itself retried. */
  innerAttempts: Attempt[];
  requestId: string | undefined;
  /** The app wrote this answer: it has the app's own error body or success. */
  fromApp: boolean;
}

/**
 * The identity actions over the URLs of a function app, so that routes, keys and input checks are tested too.
 * A call is retried if it never reached the app and, except createUser, if the platform failed instead of the app. If the app itself answers with an
 * error, the call is not retried, because the function has already retried it: its attempts come back in a header and are reported as ours.
 */
export class FunctionUrlActions implements IdentityActions {
  constructor(private readonly options: FunctionUrlOptions) {}

  async createUser(
    input: Parameters<IdentityActions['createUser']>[0],
    options: CallOptions = {},
  ): Promise<CreatedUser> {
    const { createTokenWithScopes, expiresInMinutes } = input;
    const created = await this.call('POST', 'users', { createTokenWithScopes, expiresInMinutes }, options);
    if (isUserId((created as Partial<CreatedUser> | undefined)?.identity?.id)) return created as CreatedUser;
    throw withUserMayExist(new AppError(502, 'FunctionUnavailable', 'The answer of createUser lacks the user id.'));
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
    const createsUser = method === 'POST' && path === 'users';
    const retries = {
      ...options,
      timeoutMs: options.timeoutMs ?? LIMITS.stepMs,
      beforeSendSignal: options.beforeSendSignal ?? options.signal,
    };
    return withRetries(retries, this.options.clock ?? SYSTEM_CLOCK, async (leftMs, retryCount) => {
      const limitMs = createsUser ? Math.max(leftMs(), options.listenMs ?? 0) : leftMs();
      const outcome = await this.attempt(method, path, body, options, limitMs);
      if ('value' in outcome) return outcome;
      const { neverArrived, platformFailed, userMayExist } = outcome;
      // an earlier attempt deleted the user, but its answer was lost
      if (method === 'DELETE' && retryCount > 0 && outcome.error.code === 'UserNotFound') return { value: undefined };
      const failure = createsUser && userMayExist ? withUserMayExist(outcome.error) : outcome.error;
      return {
        error: this.isStopping(outcome) ? stopping(outcome.error) : failure,
        isRetryable: neverArrived || (!createsUser && platformFailed),
      };
    });
  }

  /** While an app that is being stopped ends its invocations, Azure and the Functions host refuse new connections. */
  private isStopping({ neverArrived }: Failed): boolean {
    return this.options.isOwnApp === true && neverArrived && answeredUrls.has(this.options.baseUrl);
  }

  private async attempt(
    method: string,
    path: string,
    body: object | undefined,
    options: CallOptions,
    limitMs: number,
  ): Promise<{ value: unknown } | Failed> {
    const clientRequestId = randomUUID();
    const startTime = new Date().toISOString();
    const report = (code: string, requestId: string | undefined, error?: AppError) =>
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
      answer = await withTimeout(limitMs, options.signal, (signal) =>
        this.send(method, path, body, options, clientRequestId, signal),
      );
    } catch (thrown) {
      const stopped = options.signal?.aborted === true;
      const { code, error, neverArrived } = unreachable(thrown, stopped);
      report(code, undefined, error);
      const platformFailed = !stopped && !(thrown instanceof TimeoutReached);
      return { error, neverArrived, platformFailed, userMayExist: !neverArrived };
    }
    answeredUrls.add(this.options.baseUrl);
    for (const inner of answer.innerAttempts) options.onAttempt?.(inner);
    if (answer.status >= 200 && answer.status < 300 && answer.fromApp) {
      report(statusName(answer.status), answer.requestId);
      return { value: answer.body };
    }
    const error = errorOf(answer, this.options.keySetting ?? 'WORKFLOW_FUNCTION_KEY');
    report(statusName(answer.status), answer.requestId, error);
    // the app's own answers state whether a user may exist
    const isUnclear = !answer.fromApp && (answer.status >= 500 || answer.status < 300);
    return {
      error,
      neverArrived: false,
      platformFailed: !answer.fromApp && answer.status >= 500,
      userMayExist: isUnclear,
    };
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
    if (options.runMark !== undefined) headers[RUN_MARK_HEADER] = options.runMark;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(`${baseUrl}/api/${path}${query}`, {
      method,
      headers,
      redirect: 'error',
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { json, isEmpty } = await readBody(response);
    const requestId = foreignText(response.headers.get('x-ms-request-id'));
    return {
      status: response.status,
      body: json,
      isEmpty,
      innerAttempts: attemptsOf(response.headers.get('x-ms-retry-history')),
      requestId,
      // a success that lacks a required field did not come from the app
      fromApp: requestId !== undefined && (json !== undefined || !response.ok || response.status === 204),
    };
  }
}

/** The error in the app's answer or, if the platform answered, what its status means. The host refuses a key with an empty 401. */
function errorOf({ status, body, isEmpty, fromApp }: Answer, keySetting: string): AppError {
  const error = fromApp ? errorFields(body) : undefined;
  // the app may be a newer version, with a code that is not in the list
  if (error !== undefined) return new AppError(status, error.code as ErrorCode, error.message, error.more);
  if (status === 401 && isEmpty) {
    return new AppError(
      status,
      'FunctionKeyDenied',
      `The platform refuses the function key. Check ${keySetting}: a host key (default) opens every action function.`,
    );
  }
  if (status === 401 || status === 403) {
    return new AppError(
      status,
      'FunctionForbidden',
      `The platform refuses the call (${status}) before it looks at the key. Check the app's access restrictions and its App Service Authentication, and whether the app is stopped.`,
    );
  }
  if (status === 404)
    return new AppError(status, 'FunctionNotFound', 'There is no such function at this URL, or it is disabled.');
  if (status >= 200 && status < 300)
    return new AppError(
      502,
      'FunctionUnavailable',
      'The answer at the function URL is not from this app. Check the URL.',
    );
  return new AppError(status, 'FunctionUnavailable', `The platform answered ${status} instead of the function.`);
}
