import { randomUUID } from 'node:crypto';
import type { CommunicationAccessToken } from '@azure/communication-identity';
import { AppError, isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';
import { meaningOf, type Operation } from './acsErrors';
import { acsFailure, foreignText, statusName, tokenFailure, type AcsFailure } from './acsFailure';
import type { Connection } from './connections';
import {
  STRAY_USER_TARGET,
  type AccessToken,
  type CallOptions,
  type CreatedUser,
  type IdentityActions,
  type TokenRequest,
} from './identityActions';
import { mayRepeat, SYSTEM_CLOCK, withRetries, type RetryClock } from './retries';

export interface AcsActionsOptions {
  /** Called when a call has ended; for health. `error` is `undefined` if the call succeeded. */
  onOutcome?: (connection: string, error: AppError | undefined) => void;
  /** Applies the operator's limits to what is asked of tokens. @throws AppError 403 */
  enforceLimits?: <T extends TokenRequest>(input: T) => T;
  clock?: RetryClock;
  /** The limit of one request that may be repeated, in milliseconds. */
  callMs?: number;
  /** The limit of one request for an Entra ID token, in milliseconds. */
  tokenMs?: number;
  /** Cuts every operation that may be asked for again; creating a user goes on, so that its id is heard. */
  stop?: AbortSignal;
}

/** What the SDK takes with every call. */
interface SdkOptions {
  abortSignal: AbortSignal;
  requestOptions: { customHeaders: Record<string, string> };
  onResponse: (response: { status: number; headers: { get(name: string): string | undefined } }) => void;
}

/** A success that lacks what it must have. */
class IncompleteAnswer extends Error {}

/** The identity actions on an ACS connection, by the published SDK, with limits and retries that know the operation. */
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
    const asked = this.withinLimits(input);
    const scopes = asked.createTokenWithScopes ?? [];
    const made = await this.call('createUser', options, async (sdk) => {
      if (scopes.length === 0) return { id: required((await client.createUser(sdk)).communicationUserId) };
      const answer = await client.createUserAndToken([...scopes], { ...sdk, ...lifetime(asked.expiresInMinutes) });
      return { id: required(answer.user.communicationUserId), answer };
    });
    const identity = { id: made.id };
    if (made.answer === undefined) return { identity };
    if (isToken(made.answer)) return { identity, accessToken: accessToken(made.answer) };
    // the user is there all the same: its id must not be lost, or nobody could ever delete it
    throw new AppError(
      502,
      'ServiceUnavailable',
      'ACS made a user, but not the token that was asked for. Issue one to this user, or delete it.',
      {
        details: [{ code: 'UserWithoutToken', message: made.id, target: STRAY_USER_TARGET }],
      },
    );
  }

  async issueToken(
    input: Parameters<IdentityActions['issueToken']>[0],
    options: CallOptions = {},
  ): Promise<AccessToken> {
    const asked = this.withinLimits(input);
    return this.call('issueToken', options, async (sdk) =>
      accessToken(
        await this.connection.client.getToken(user(input), [...asked.scopes], {
          ...sdk,
          ...lifetime(asked.expiresInMinutes),
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
      unsentSignal: (isCreation ? callOptions.unsentSignal : undefined) ?? callOptions.signal ?? stop,
    };
    try {
      const value = await withRetries(options, clock, async (leftMs, repetition) => {
        const outcome = await this.attempt(operation, options, leftMs, send);
        if ('value' in outcome) return outcome;
        const { failure, error } = outcome;
        // an earlier try did it, though its answer was lost
        const isDone = operation === 'deleteUser' && repetition > 0 && error.code === 'UserNotFound';
        if (isDone) return { value: undefined as T };
        return { error, mayRepeat: mayRepeat(operation, failure), retryAfterMs: failure.retryAfterMs };
      });
      onOutcome?.(this.connection.name, undefined);
      return value;
    } catch (error) {
      if (isAppError(error)) onOutcome?.(this.connection.name, error);
      throw error;
    }
  }

  /** One request: sent, timed, reported. The token comes first: without one nothing is sent, so that a user can't be made unheard. */
  private async attempt<T>(
    operation: Operation,
    options: CallOptions,
    leftMs: () => number,
    send: (sdk: SdkOptions) => Promise<T>,
  ): Promise<{ value: T } | { failure: AcsFailure; error: AppError }> {
    const clientRequestId = randomUUID();
    const startTime = new Date().toISOString();
    let code = '';
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
      if (signIn) {
        await withLimit(Math.min(leftMs(), this.options.tokenMs ?? LIMITS.tokenMs), options.unsentSignal, signIn);
      }
      isSent = true;
      // creating a user can't be repeated, so nothing is won by giving up on it early
      const limitMs =
        operation === 'createUser'
          ? Math.max(leftMs(), options.listenMs ?? 0)
          : Math.min(leftMs(), this.options.callMs ?? LIMITS.callMs);
      const value = await withLimit(limitMs, options.signal, (signal) =>
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
            serviceRequestId = foreignText(headers.get('ms-cv'));
          },
        }),
      );
      report();
      return { value };
    } catch (thrown) {
      const stopped = (isSent ? options.signal : options.unsentSignal)?.aborted === true;
      const sort = isSent ? acsFailure : tokenFailure;
      const failure: AcsFailure = stopped
        ? { kind: 'stopped', code: 'Cancelled', isUnsent: !isSent, cause: thrown }
        : sort(thrown);
      const error = meaningOf(failure, operation, this.connection);
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
function required(value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value)) return value;
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
