/** Codes that functions answer with, each with its HTTP status. The table in the README explains them; a test compares the two. */
export const ANSWERED_CODES = {
  InvalidRequest: 400,
  UnknownConnection: 400,
  InvalidTeamsToken: 400,
  ScopeNotAllowed: 403,
  ExpiryNotAllowed: 403,
  UserNotFound: 404,
  RunNotFound: 404,
  NotFound: 404,
  LengthRequired: 411,
  RequestTooLarge: 413,
  Throttled: 429,
  TooManyRuns: 429,
  Misconfigured: 500,
  InternalError: 500,
  ConnectionDenied: 502,
  ApiVersionNotSupported: 502,
  ServiceUnavailable: 502,
  StorageUnavailable: 503,
  LastRunFailed: 503,
  NoRecentRun: 503,
  Stopped: 503,
  ServiceTimeout: 504,
} as const;

/** Codes that appear in runs, in logs and in the command only. */
export type InternalCode =
  | 'ClockSkew'
  | 'FunctionForbidden'
  | 'FunctionKeyDenied'
  | 'FunctionNotFound'
  | 'FunctionUnavailable'
  | 'OtherConnection';

export type ErrorCode = keyof typeof ANSWERED_CODES | InternalCode;

/** One entry of an error's `details`: which input it is about and what to do. */
export interface ErrorDetail {
  code: string;
  message: string;
  target?: string;
}

/** What ACS reported, for its support: its error code and its correlation vector. */
export interface InnerError {
  code?: string;
  'ms-cv'?: string;
}

export interface AppErrorOptions {
  target?: string | undefined;
  details?: ErrorDetail[] | undefined;
  innererror?: InnerError | undefined;
  /** Seconds a caller should wait before it tries again; becomes the `Retry-After` header. */
  retryAfterSeconds?: number | undefined;
  /** What was caught. It goes to the log only, never into an answer. */
  cause?: unknown;
}

const BRAND = Symbol.for('acs-identity-functions.AppError');

/**
 * The one error class: made where the cause is known, turned into an HTTP answer in one place.
 * `message` is shown to callers, so it never holds a key, a token or a connection string.
 */
export class AppError extends Error {
  readonly [BRAND] = true;
  readonly target: string | undefined;
  readonly details: ErrorDetail[] | undefined;
  readonly innererror: InnerError | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.target = options.target;
    this.details = options.details;
    this.innererror = options.innererror;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** True for an {@link AppError}, also one made by another copy of this file (the bundle has chunks). */
export function isAppError(error: unknown): error is AppError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** A setting that is missing or malformed. Names the setting, never its value. */
export function misconfigured(setting: string, whatToDo: string): AppError {
  return new AppError(500, 'Misconfigured', `Setting '${setting}' ${whatToDo}`, { target: setting });
}

/** An entry of a setting as it may be shown: quoted if it is a short name, else described, since it may be a pasted secret. */
export function entryOfSetting(entry: string): string {
  return /^[A-Za-z][\w.-]{0,23}$/.test(entry) ? `'${entry}'` : 'an entry that is not a name (not shown)';
}

/** An error lists no more details than this. */
export const MAX_DETAILS = 50;

/** An error with these details and the message of the first. */
export function errorOfDetails(status: number, code: ErrorCode, details: readonly ErrorDetail[]): AppError {
  const [first] = details;
  const count =
    details.length > MAX_DETAILS
      ? `more than ${MAX_DETAILS} invalid fields`
      : `${details.length} invalid fields in all`;
  const more = details.length > 1 ? ` (${count}, see details)` : '';
  return new AppError(status, code, `${first?.message ?? 'The request is not valid.'}${more}`, {
    target: first?.target,
    details: details.slice(0, MAX_DETAILS),
  });
}
