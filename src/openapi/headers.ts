// The headers of requests and answers, for the OpenAPI document.

/** Headers that every function takes. */
export const REQUEST_HEADERS = {
  'x-ms-client-tracking-id': {
    description: 'An id of the caller, without a token or key. It is kept with a run and returned.',
    schema: { type: 'string', maxLength: 128, pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]{0,126}[\\x21-\\x7e])?$' },
    example: 'release-42',
  },
  'x-ms-client-request-id': { description: 'Returned unchanged.', schema: { type: 'string' } },
  traceparent: {
    description: 'W3C Trace Context. It is passed on to ACS; a run is one trace.',
    schema: { type: 'string' },
    example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
} as const;

const text = { type: 'string' } as const;

/** Headers that every answer has or may have. */
export const ANSWER_HEADERS = {
  'x-ms-request-id': {
    description: 'The invocation id, as in the log.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  'x-ms-client-request-id': { description: 'The value of the request, unchanged.', schema: text },
  'x-ms-client-tracking-id': {
    description: 'The value of the request, unchanged. If the request for a run had none, the id of the run.',
    schema: text,
  },
  'x-ms-retry-history': {
    description: 'Failed attempts that were repeated, as JSON.',
    schema: text,
  },
} as const;

/** Headers of some answers. */
export const MORE_ANSWER_HEADERS = {
  'Retry-After': {
    description: 'Seconds to wait before the next request.',
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': {
    description: 'Why the token was refused (RFC 6750).',
    schema: text,
  },
  Location: { description: 'The path of the run.', required: true, schema: text },
  'x-ms-workflow-run-id': { description: 'The id of the run.', required: true, schema: text },
  'x-ms-workflow-run-status': { description: 'The status of the run.', required: true, schema: text },
  'x-ms-workflow-run-recorded': {
    description: '`false` if the run could not be saved to the history.',
    schema: { type: 'string', enum: ['false'] },
  },
  ETag: { description: 'For `If-None-Match`.', required: true, schema: text },
  'Cache-Control': { description: 'How long the answer may be kept.', required: true, schema: text },
} as const;

export type AnswerHeader = keyof typeof MORE_ANSWER_HEADERS;
