import { randomUUID } from 'node:crypto';
import type { CommunicationAccessToken } from '@azure/communication-identity';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withTimeout } from '../base/timeout';
import { appErrorOfFailure, type Operation } from './acsErrors';
import {
  classifyAcsError,
  entraTokenFailure,
  foreignText,
  IncompleteAnswer,
  statusName,
  type AcsFailure,
} from './acsFailure';
import type { Connection } from './connections';
import {
  STRAY_USER_TARGET,
  type AccessToken,
  type CallOptions,
  type CreatedUser,
  type IdentityActions,
  type TokenRequest,
} from './identityTypes';
import { isUserId } from './identityTypes';
import { isRetryable, SYSTEM_CLOCK, withRetries, type RetryClock } from './retries';

export interface AcsActionsOptions {
  /** Called when a call has ended, with all its attempts; for health. `error` is `undefined` if the call succeeded. */
  onOutcome?: (connection: string, error: AppError | undefined) => void;
  /** Checks a request for a token against the operator's limits, and fills in the lifetime. @throws AppError 403 */
  enforceLimits?: <T extends TokenRequest>(input: T) => T;
  clock?: RetryClock;
  /** Timeout of one request to ACS, except createUser, in milliseconds. */
  callMs?: number;
  /** Timeout of one request for an Entra ID token, in milliseconds. */
  entraTokenMs?: number;
  /** Aborts every operation except createUser: its answer has the id that is needed to delete the user. */
  stop?: AbortSignal;
}

/** The options that every method of the SDK accepts. */
interface SdkOptions {
  abortSignal: AbortSignal;
  requestOptions: { customHeaders: Record<string, string> };
  onResponse: (response: { status: number; headers: { get(name: string): string | undefined } }) => void;
}

/** The identity actions on an ACS connection. Uses the published SDK; timeouts and retries are our own, because they depend on the operation. */
export class AcsActions implements IdentityActions {
  constructor(
    private readonly connection: Connection,
    private readonly options: AcsActionsOptions = {},
  ) {}

  async createUser(
    input: Parameters<IdentityActions['createUser']>[0],
    options: CallOptions = {},
  ): Promise<CreatedUser> {
    const { client } = this.connection;
    const request = this.withinLimits(input);
    const scopes = request.createTokenWithScopes ?? [];
    const created = await this.call('createUser', options, async (sdk) => {
      if (scopes.length === 0) return { id: requireUserId((await client.createUser(sdk)).communicationUserId) };
      const answer = await client.createUserAndToken([...scopes], { ...sdk, ...lifetime(request.expiresInMinutes) });
      return { id: requireUserId(answer.user.communicationUserId), answer };
    });
    const identity = { id: created.id };
    if (created.answer === undefined) return { identity };
    if (isToken(created.answer)) return { identity, accessToken: accessToken(created.answer) };
    // the user exists: without its id nobody could ever delete it
    throw new AppError(
      502,
      'ServiceUnavailable',
      'ACS created a user, but its response lacks the requested token. Issue a token to this user, or delete the user.',
      {
        details: [{ code: 'UserWithoutToken', message: created.id, target: STRAY_USER_TARGET }],
      },
    );
  }

  async issueToken(
    input: Parameters<IdentityActions['issueToken']>[0],
    options: CallOptions = {},
  ): Promise<AccessToken> {
    const request = this.withinLimits(input);
    return this.call('issueToken', options, async (sdk) =>
      accessToken(
        await this.connection.client.getToken(user(input), [...request.scopes], {
          ...sdk,
          ...lifetime(request.expiresInMinutes),
        }),
      ),
    );
  }

  async revokeTokens(input: { userId: string }, options: CallOptions = {}): Promise<void> {
    await this.call('revokeTokens', options, (sdk) => this.connection.client.revokeTokens(user(input), sdk));
  }

  async deleteUser(input: { userId: string }, options: CallOptions = {}): Promise<void> {
    await this.call('deleteUser', options, (sdk) => this.connection.client.deleteUser(user(input), sdk));
  }

  /** Exchanges a Teams user's Entra ID token for an ACS token. @throws AppError `InvalidTeamsToken` among others */
  async exchangeTeamsToken(
    input: { token: string; appId: string; userId: string },
    options: CallOptions = {},
  ): Promise<AccessToken> {
    return this.call('exchangeTeamsToken', options, async (sdk) =>
      accessToken(
        await this.connection.client.getTokenForTeamsUser({
          ...sdk,
          teamsUserAadToken: input.token,
          clientId: input.appId,
          userObjectId: input.userId,
        }),
      ),
    );
  }

  private withinLimits<T extends TokenRequest>(input: T): T {
    return this.options.enforceLimits?.(input) ?? input;
  }

  private async call<T>(
    operation: Operation,
    callOptions: CallOptions,
    send: (sdk: SdkOptions) => Promise<T>,
  ): Promise<T> {
    const { clock = SYSTEM_CLOCK, stop, onOutcome } = this.options;
    const isCreation = operation === 'createUser';
    const options = {
      ...callOptions,
      timeoutMs: callOptions.timeoutMs ?? LIMITS.actionMs,
      signal: callOptions.signal ?? (isCreation ? undefined : stop),
      beforeSendSignal: (isCreation ? callOptions.beforeSendSignal : undefined) ?? callOptions.signal ?? stop,
    };
    try {
      const value = await withRetries(options, clock, async (leftMs, retryCount) => {
        const outcome = await this.attempt(operation, options, leftMs, send);
        if ('value' in outcome) return outcome;
        const { failure, error } = outcome;
        // an earlier attempt deleted the user, but its answer was lost
        const isDone = operation === 'deleteUser' && retryCount > 0 && error.code === 'UserNotFound';
        if (isDone) return { value: undefined as T };
        return { error, isRetryable: isRetryable(operation, failure), retryAfterMs: failure.retryAfterMs };
      });
      onOutcome?.(this.connection.name, undefined);
      return value;
    } catch (error) {
      if (isAppError(error)) onOutcome?.(this.connection.name, error);
      throw error;
    }
  }

  /**
   * Sends one request, with a timeout, and reports it to `onAttempt`. The Entra ID token is fetched first, outside the SDK: if that fails, it is certain
   * that nothing was sent and no user was created.
   */
  private async attempt<T>(
    operation: Operation,
    options: CallOptions,
    leftMs: () => number,
    send: (sdk: SdkOptions) => Promise<T>,
  ): Promise<{ value: T } | { failure: AcsFailure; error: AppError }> {
    const clientRequestId = randomUUID();
    const startTime = new Date().toISOString();
    let code = '';
    let answerStatus: number | undefined;
    let serviceRequestId: string | undefined;
    const report = (error?: AppError) =>
      options.onAttempt?.({
        startTime,
        endTime: new Date().toISOString(),
        code,
        clientRequestId,
        ...(serviceRequestId === undefined ? {} : { serviceRequestId }),
        ...(error ? { error: { code: error.code, message: error.message } } : {}),
      });
    let isSent = false;
    try {
      const { signIn } = this.connection;
      const entraTokenMs = Math.min(leftMs(), this.options.entraTokenMs ?? LIMITS.entraTokenMs);
      if (signIn) await withTimeout(entraTokenMs, options.beforeSendSignal, signIn);
      isSent = true;
      // createUser can't be retried after a timeout, so it gets all the time that is left
      const limitMs =
        operation === 'createUser'
          ? Math.max(leftMs(), options.listenMs ?? 0)
          : Math.min(leftMs(), this.options.callMs ?? LIMITS.callMs);
      const value = await withTimeout(limitMs, options.signal, (signal) =>
        send({
          abortSignal: signal,
          requestOptions: {
            customHeaders: {
              'x-ms-client-request-id': clientRequestId,
              ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
            },
          },
          onResponse: ({ status, headers }) => {
            code = statusName(status);
            answerStatus = status;
            serviceRequestId = foreignText(headers.get('ms-cv'));
          },
        }),
      );
      report();
      return { value };
    } catch (thrown) {
      const stopped = (isSent ? options.signal : options.beforeSendSignal)?.aborted === true;
      const failure: AcsFailure = stopped
        ? { kind: 'stopped', code: 'Cancelled', isUnsent: !isSent, cause: thrown }
        : isSent
          ? classifyAcsError(thrown, answerStatus)
          : entraTokenFailure(thrown);
      const error = appErrorOfFailure(failure, operation, this.connection);
      code = failure.code;
      serviceRequestId = failure.msCv ?? serviceRequestId;
      report(error);
      return { failure, error };
    }
  }
}

const user = ({ userId }: { userId: string }) => ({ communicationUserId: userId });

const lifetime = (minutes: number | undefined) => (minutes === undefined ? {} : { tokenExpiresInMinutes: minutes });

/** The user id of an answer. It goes into logs and run records, so text that can't be an id is refused. */
function requireUserId(value: unknown): string {
  if (isUserId(value)) return value;
  throw new IncompleteAnswer('the answer lacks the user id');
}

function isToken(value: Partial<CommunicationAccessToken>): value is CommunicationAccessToken {
  return (
    typeof value.token === 'string' &&
    value.token !== '' &&
    value.expiresOn instanceof Date &&
    !Number.isNaN(value.expiresOn.getTime())
  );
}

function accessToken(value: Partial<CommunicationAccessToken>): AccessToken {
  if (!isToken(value)) throw new IncompleteAnswer('the answer lacks the token or its expiry');
  return { token: value.token, expiresOn: value.expiresOn.toISOString() };
}
