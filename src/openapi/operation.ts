// What the OpenAPI document needs to know about an operation that is not in the registration of its function.
import type * as v from 'valibot';
import type { ANSWERED_CODES } from '../base/errors';
import type { AnswerHeader } from './headers';

export type AnsweredCode = keyof typeof ANSWERED_CODES;

/** An answer that is not an error of the app. */
export interface Answer {
  description: string;
  /** The schema of the body; missing if there is no body. */
  body?: v.GenericSchema;
  /** Default: `application/json`. */
  contentType?: string;
  headers?: readonly AnswerHeader[];
  /** Codes in the header `x-ms-error-code`, if the answer has one. */
  codes?: readonly string[];
}

export interface Operation {
  /** Never change it: generated clients name their methods after it. */
  operationId: string;
  tag: 'Identity' | 'People' | 'Runs' | 'Status';
  summary: string;
  description?: string;
  /** Its caller is a signed-in person: see src/auth. */
  isForSignedIn?: true;
  /** By HTTP status. */
  answers: Record<number, Answer>;
  /** Error codes, besides those that every function answers with. */
  errors?: readonly AnsweredCode[];
}

export const ACS_ERRORS = [
  'UnknownConnection',
  'Throttled',
  'Misconfigured',
  'ConnectionDenied',
  'ApiVersionNotSupported',
  'ServiceUnavailable',
  'Stopped',
  'ServiceTimeout',
] as const satisfies readonly AnsweredCode[];
export const LIMIT_ERRORS = ['ScopeNotAllowed', 'ExpiryNotAllowed'] as const satisfies readonly AnsweredCode[];
export const STORAGE_ERRORS = ['StorageUnavailable', 'Misconfigured'] as const satisfies readonly AnsweredCode[];
