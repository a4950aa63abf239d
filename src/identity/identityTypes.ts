// The types of the identity actions, and the names and the form of user ids that their callers and implementations share.
import type * as v from 'valibot';
import type { Scope } from '../base/settings';
import type * as outputs from './outputs';

/** What a caller asks for when it asks for a token. */
export interface TokenRequest {
  scopes?: readonly Scope[] | undefined;
  createTokenWithScopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
}

/** An ACS user access token. `expiresOn` is RFC 3339 UTC with milliseconds and `Z`. */
export type AccessToken = v.InferOutput<typeof outputs.accessToken>;

/** A new ACS user, with a token if one was requested. Field names are those of the ACS REST API. */
export type CreatedUser = v.InferOutput<typeof outputs.createdUser>;

/** The record of one request to ACS, or of one call to a function URL. */
export type Attempt = v.InferOutput<typeof outputs.attempt>;

/** How often a failed attempt is retried, and after which waits, if it is retryable at all. */
export interface RetryPolicy {
  /** Maximum number of retries. */
  count: number;
  /** The wait before each retry, in milliseconds; the last one is used for all further retries. */
  delaysMs: readonly number[];
}

/** Options of a call of an action. */
export interface CallOptions {
  /** Aborts the call. */
  signal?: AbortSignal | undefined;
  /** Time for all attempts and the waits between them, in milliseconds. */
  timeoutMs?: number;
  /**
   * createUser only: time for the attempt that is in flight, in milliseconds, if that is longer than `timeoutMs`. A late answer still has the id of a
   * user that must be deleted.
   */
  listenMs?: number | undefined;
  /**
   * Aborts the work before a request is sent: getting an Entra ID token, waiting between attempts. Default: `signal`. createUser needs both: before the
   * request is sent no user can exist, afterwards its answer is worth waiting for.
   */
  beforeSendSignal?: AbortSignal | undefined;
  /** Shows the functions of this app that the call belongs to a run; see `runMark`. */
  runMark?: string | undefined;
  retry?: RetryPolicy;
  /**
   * `x-ms-client-tracking-id`. Only `FunctionUrlActions` sends it, to the functions of an app. `AcsActions` ignores it: ACS has no such header.
   */
  clientTrackingId?: string | undefined;
  /** W3C Trace Context. It is sent with every request, so that requests are part of the caller's trace. */
  traceparent?: string | undefined;
  /** Called after each attempt, including the successful one, in order. */
  onAttempt?: (attempt: Attempt) => void;
}

/**
 * The identity actions of ACS. There are two implementations: `AcsActions` calls ACS, `FunctionUrlActions` calls this app's functions by URL.
 * Every method rejects with an `AppError`.
 */
export interface IdentityActions {
  /** @param input.createTokenWithScopes - if missing or empty, no token is issued */
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

/** An error detail with this target has the id of a user as its message: the user was created although the action failed. */
export const STRAY_USER_TARGET = 'identity.id';

/** The error detail of a failed `createUser` after which a user may exist whose id was not received. */
export const USER_MAY_EXIST_DETAIL = {
  code: 'UserMayExist',
  message: "ACS may have made a user whose id was not received. It can't be found, because ACS lists no users.",
  target: 'identity',
} as const;

/** The id of the ACS resource in a user id (`8:acs:RESOURCE_USER`), in lower case; empty if it is not a user id. */
export function resourceOf(userId: string): string {
  return /^8:[a-z-]*acs:([^_]*)_/i.exec(userId)?.[1]?.toLowerCase() ?? '';
}

/** Can this be the id of a user? Any other text could not be used to delete the user, and does not fit into a table key. */
export const isUserId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
