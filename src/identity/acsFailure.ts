import { STATUS_CODES } from 'node:http';
import { isAppError } from '../base/errors';
import { TimeoutReached } from '../base/timeout';
import { safeText } from '../base/redact';

/** Maximum lengths of texts that come from ACS or from a function URL, in characters. A message of ACS may have up to 1 MB. */
export const FOREIGN_TEXT = { message: 1_000, word: 100 } as const;

/** Why one request to ACS failed, independent of the SDK's error classes. Its texts are cut, in one line and redacted. */
export interface AcsFailure {
  /**
   * `refused`: ACS can't have received the request; `network`: it may have; `timeout`: no answer in time; `http`: an error answer;
   * `credential`: no Entra ID token; `stopped`: the caller gave up; `incomplete`: a success whose response lacks a required field;
   * `unexpected`: a defect of this app or of the SDK.
   */
  kind: 'refused' | 'network' | 'timeout' | 'http' | 'credential' | 'stopped' | 'incomplete' | 'unexpected';
  /** The HTTP status by name, or the system's error code. */
  code: string;
  status?: number;
  /** ACS's own error code, message and target. */
  acsCode?: string | undefined;
  acsMessage?: string | undefined;
  acsTarget?: string | undefined;
  msCv?: string | undefined;
  /** It happened before the request was sent. */
  isUnsent?: boolean;
  /** The delay that ACS asks for, in milliseconds. */
  retryAfterMs?: number | undefined;
  cause: unknown;
}

/** ACS reported success, but its response lacks a required field. */
export class IncompleteAnswer extends Error {}

interface SdkError {
  name?: string;
  code?: unknown;
  statusCode?: unknown;
  message?: unknown;
  details?: { error?: { code?: unknown; message?: unknown; target?: unknown } };
  response?: { headers?: { get(name: string): string | undefined }; bodyAsText?: string | null };
  cause?: unknown;
  errors?: unknown;
}

/** A text from outside, cut, in one line and redacted; `undefined` if it is empty or not a string. */
export function foreignText(value: unknown, maxLength: number = FOREIGN_TEXT.word): string | undefined {
  return typeof value === 'string' && value !== '' ? safeText(value, maxLength) : undefined;
}

/** Connection errors after which ACS cannot have received the request: nobody listened, or there was no such host. */
const REFUSED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * The failure that an error thrown by the SDK means. `answerStatus`: the HTTP status that was received before, if any. `now` is in milliseconds since the
 * epoch.
 */
export function classifyAcsError(error: unknown, answerStatus?: number, now: number = Date.now()): AcsFailure {
  if (error instanceof TimeoutReached) return { kind: 'timeout', code: 'Timeout', cause: error };
  if (isAppError(error)) return { kind: 'stopped', code: error.code, cause: error };
  const sdk = (typeof error === 'object' && error !== null ? error : {}) as SdkError;
  if (sdk.name === 'AbortError') return { kind: 'stopped', code: 'Cancelled', cause: error };
  const name = foreignText(sdk.name) ?? '';
  if (/Credential|Authentication/.test(name)) return { kind: 'credential', code: name, cause: error };
  if (typeof sdk.statusCode === 'number') return failureOfHttpAnswer(sdk, sdk.statusCode, now, error);
  if (sdk.name === 'RestError') {
    const code = foreignText(sdk.code) ?? 'ConnectionFailed';
    if (code === 'PARSE_ERROR') return { kind: 'incomplete', code, cause: error };
    return { kind: REFUSED.has(code) ? 'refused' : 'network', code, cause: error };
  }
  // the SDK reads required fields of a success without checking that they exist
  const isFieldMissing = sdk.name === 'TypeError' && isSuccess(answerStatus);
  if (error instanceof IncompleteAnswer || isFieldMissing)
    return { kind: 'incomplete', code: 'UnexpectedAnswer', cause: error };
  return { kind: 'unexpected', code: 'InternalError', cause: error };
}

const isSuccess = (status = 0) => status >= 200 && status < 300;

/** The failure that an error of a request for an Entra ID token means. Nothing has been sent to ACS yet. */
export function entraTokenFailure(error: unknown): AcsFailure {
  const code = error instanceof TimeoutReached ? 'Timeout' : foreignText((error as SdkError | undefined)?.name);
  return { kind: 'credential', code: code ?? 'NoToken', isUnsent: true, cause: error };
}

function failureOfHttpAnswer(sdk: SdkError, status: number, now: number, cause: unknown): AcsFailure {
  const headers = sdk.response?.headers;
  const body = sdk.details?.error;
  return {
    kind: isSuccess(status) ? 'incomplete' : 'http',
    code: statusName(status),
    status,
    // only a code inside the error body is ACS's own; sdk.code may be the SDK's
    acsCode: foreignText(body?.code),
    acsMessage: foreignText(body?.message, FOREIGN_TEXT.message),
    acsTarget: foreignText(body?.target),
    msCv: foreignText(headers?.get('ms-cv')),
    retryAfterMs: retryAfter(headers, now),
    cause,
  };
}

/** `Retry-After` in seconds or as a date, or Azure's variants in milliseconds. */
function retryAfter(headers: { get(name: string): string | undefined } | undefined, now: number): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const value = headers?.get(name);
    if (value !== undefined && /^\d{1,9}$/.test(value)) return Number(value);
  }
  const value = headers?.get('retry-after');
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** An HTTP status as Logic Apps writes it in `code`: 503 is `ServiceUnavailable`. */
export function statusName(status: number): string {
  return STATUS_CODES[status]?.replace(/[^A-Za-z]/g, '') ?? String(status);
}
