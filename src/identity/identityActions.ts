/** What an ACS user access token may be for. */
import type { Scope } from '../base/settings';

/** What a caller asks of tokens. */
export interface TokenRequest {
  scopes?: readonly Scope[] | undefined;
  createTokenWithScopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
}

/** An ACS user access token. `expiresOn` is RFC 3339 UTC with milliseconds and `Z`. */
export interface AccessToken {
  token: string;
  expiresOn: string;
}

/** A new ACS user, with a token when one was asked for. Field names are those of the ACS REST API. */
export interface CreatedUser {
  identity: { id: string };
  accessToken?: AccessToken;
}

/** What is known of one request to ACS, or of one call to a function URL. */
export interface Attempt {
  /** RFC 3339 UTC. */
  startTime: string;
  endTime: string;
  /** The HTTP status by name (`OK`, `ServiceUnavailable`), or what happened instead of an answer (`ECONNREFUSED`, `Timeout`). */
  code: string;
  /** What was sent as `x-ms-client-request-id`. */
  clientRequestId: string;
  /** ACS's `MS-CV`, or a function's invocation id. */
  serviceRequestId?: string;
  error?: { code: string; message: string };
}

/** How often and after which waits a failed attempt is repeated, if it may be repeated at all. */
export interface RetryPolicy {
  /** Repetitions at the most. */
  count: number;
  /** The wait before each repetition, in milliseconds; the last one counts for all after it. */
  delaysMs: readonly number[];
}

/** How an action is to be called. */
export interface CallOptions {
  /** Cuts everything short. */
  signal?: AbortSignal | undefined;
  /** How much time there is for all attempts and the waits between them, in milliseconds. */
  timeoutMs?: number;
  /**
   * createUser only: how long the attempt in flight may go on in all, in milliseconds, when that is longer than `timeoutMs`: an answer that
   * comes late names a user that must be deleted.
   */
  listenMs?: number | undefined;
  /**
   * createUser only: ends what comes before the request to create the user is sent (an Entra ID token, the wait before a repetition), when no user
   * can exist yet; default: `signal`.
   */
  unsentSignal?: AbortSignal | undefined;
  /** Shows the functions of this app that the call belongs to a run; see `runMark`. */
  runMark?: string | undefined;
  retry?: RetryPolicy;
  clientTrackingId?: string | undefined;
  /** W3C Trace Context; carried into the calls, so that they are parts of the caller's trace. */
  traceparent?: string | undefined;
  /** Called after every attempt, in order, also after the successful one. */
  onAttempt?: (attempt: Attempt) => void;
}

/**
 * The identity actions of ACS. Two implementations: on an ACS connection, and over the URLs of this app's functions.
 * Every method rejects with an `AppError`.
 */
export interface IdentityActions {
  /** @param input.createTokenWithScopes - if absent or empty, no token is issued. */
  createUser(
    input: { createTokenWithScopes?: readonly Scope[] | undefined; expiresInMinutes?: number | undefined },
    options?: CallOptions,
  ): Promise<CreatedUser>;
  issueToken(
    input: { userId: string; scopes: readonly Scope[]; expiresInMinutes?: number | undefined },
    options?: CallOptions,
  ): Promise<AccessToken>;
  revokeTokens(input: { userId: string }, options?: CallOptions): Promise<void>;
  deleteUser(input: { userId: string }, options?: CallOptions): Promise<void>;
}

/** The header that carries `CallOptions.runMark` to the functions of this app. */
export const RUN_MARK_HEADER = 'x-acs-identity-run';

/** An error detail with this target has, as its message, the id of a user that was made although the action failed. */
export const STRAY_USER_TARGET = 'identity.id';

/** The error detail of a failed `createUser` after which ACS may have made a user whose id was not received. */
export const USER_MAY_EXIST_DETAIL = {
  code: 'UserMayExist',
  message: 'ACS may have made a user whose id was not received. It cannot be found, because ACS lists no users.',
  target: 'identity',
} as const;
