/** The error codes of the functions' answers, each with its HTTP status. The table in docs/http-api.md explains them; a test compares the two. */
export const ANSWERED_CODES = {
  InvalidRequest: 400,
  UnknownConnection: 400,
  InvalidTeamsToken: 400,
  InvalidToken: 401,
  ScopeNotAllowed: 403,
  ExpiryNotAllowed: 403,
  ScopeMissing: 403,
  UserNotFound: 404,
  NoIdentity: 404,
  RunNotFound: 404,
  NotFound: 404,
  NotEnabled: 404,
  RunEnded: 409,
  TooManyDevices: 409,
  LengthRequired: 411,
  RequestTooLarge: 413,
  Throttled: 429,
  TooManyRuns: 429,
  TooManyCalls: 429,
  Misconfigured: 500,
  InternalError: 500,
  ConnectionDenied: 502,
  ApiVersionNotSupported: 502,
  ServiceUnavailable: 502,
  StorageUnavailable: 503,
  IssuerUnavailable: 503,
  LastRunFailed: 503,
  NoRecentRun: 503,
  Stopped: 503,
  ServiceTimeout: 504,
} as const;

/** The scope (delegated permission) that a token of a signed-in caller must have. `ScopeMissing` names it. */
export const REQUIRED_SCOPE = 'Token.Self';

/** Error codes that appear only in runs, in logs and in the command. */
export type InternalCode =
  | 'ClockSkew'
  | 'FunctionForbidden'
  | 'FunctionKeyDenied'
  | 'FunctionNotFound'
  | 'FunctionUnavailable'
  | 'OtherConnection';

export type ErrorCode = keyof typeof ANSWERED_CODES | InternalCode;

/** One entry of an error's `details`: what is wrong, and with which input (`target`). */
export interface ErrorDetail {
  code: string;
  message: string;
  target?: string;
}

/** ACS's own error code and correlation vector, for Azure support. */
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
  /** The error that was caught. It is only logged, never part of an answer. */
  cause?: unknown;
}

const BRAND = Symbol.for('acs-identity-functions.AppError');

/**
 * The app's only error class. It is created where the cause is known, and turned into an HTTP answer in one place (`http/errorAnswer.ts`). `message` is
 * shown to callers, so it never contains a key, a token or a connection string.
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

/** Is it an {@link AppError}? True also for one of another copy of this class: each chunk of the bundle may have its own. */
export function isAppError(error: unknown): error is AppError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** The error for a setting that is missing or malformed. It names the setting, never its value. */
export function misconfigured(setting: string, whatToDo: string): AppError {
  return new AppError(500, 'Misconfigured', `Setting '${setting}' ${whatToDo}`, { target: setting });
}

/** An entry of a setting for a message: quoted if it looks like a name. Other text is not shown, because it may be a pasted secret. */
export function entryOfSetting(entry: string): string {
  return /^[A-Za-z][\w.-]{0,23}$/.test(entry) ? `'${entry}'` : 'an entry that is not a name (not shown)';
}

/** Maximum number of details of an error. */
export const MAX_DETAILS = 50;

/** An error with these details. Its message is that of the first one, with the number of details. */
export function errorOfDetails(status: number, code: ErrorCode, details: readonly ErrorDetail[]): AppError {
  const [first] = details;
  const count =
    details.length > MAX_DETAILS
      ? `more than ${MAX_DETAILS} invalid fields`
      : `${details.length} invalid fields in all`;
  const more = details.length > 1 ? ` (${count}, see details)` : '';
  return new AppError(status, code, `${first?.message ?? 'The request is invalid.'}${more}`, {
    target: first?.target,
    details: details.slice(0, MAX_DETAILS),
  });
}
