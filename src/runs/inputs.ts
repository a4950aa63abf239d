import * as v from 'valibot';
import { connectionName, expiresInMinutes, nonEmptyScopes, optionalField, scopeList } from '../identity/inputs';
import { isRunId, RUN_ID, runIdPrefix } from './runId';
import { RUN_STATUSES, STATISTICS_WINDOWS } from './values';

export type StatisticsWindow = (typeof STATISTICS_WINDOWS)[number];

const wholeNumber = (min: number, max: number, description: string) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,7}$/, `must be a whole number from ${min} to ${max}.`),
    v.transform(Number),
    v.minValue(min, `must be a whole number from ${min} to ${max}.`),
    v.maxValue(max, `must be a whole number from ${min} to ${max}.`),
    // for a caller it is a number
    v.metadata({ type: 'integer', minimum: min, maximum: max, pattern: undefined, description }),
  );

const time = v.pipe(
  v.string(),
  v.check(
    (value) =>
      /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(value) &&
      !Number.isNaN(Date.parse(value)),
    'must be a time such as 2026-01-31T12:00:00Z, or a date.',
  ),
  v.transform((value) => Date.parse(value)),
  v.check((ms) => runIdPrefix(ms).length === 20, 'is out of range.'),
  v.metadata({ type: 'string', examples: ['2026-01-31T12:00:00Z'] }),
);

const name = (maxLength: number) =>
  v.pipe(v.string(), v.maxLength(maxLength, `must have at most ${maxLength} characters.`));

const connectionFilter = v.pipe(name(63), v.description('Only runs on the connection with this name.'));

/** The filters of a list of runs. Parsed times are milliseconds since the epoch. */
export const listRunsInput = {
  query: v.object({
    status: v.optional(v.picklist(RUN_STATUSES, `must be one of: ${RUN_STATUSES.join(', ')}.`)),
    since: v.optional(v.pipe(time, v.description('Runs that started at this time or later, RFC 3339 or a date.'))),
    until: v.optional(v.pipe(time, v.description('Runs that started before this time, RFC 3339 or a date.'))),
    clientTrackingId: v.optional(name(128)),
    connection: v.optional(connectionFilter),
    top: v.optional(wholeNumber(1, 250, 'Maximum number of runs. Default: 25.')),
    continuationToken: v.optional(
      v.pipe(
        v.string(),
        v.check(isRunId, 'is not a token of this list. Use nextLink unchanged.'),
        v.metadata({ pattern: RUN_ID.source, description: 'Part of `nextLink`.' }),
      ),
    ),
  }),
};

export const getRunInput = {
  params: v.object({ runId: v.pipe(v.string(), v.examples(['08584640926573727105946217888CU00'])) }),
};

export const statisticsInput = {
  query: v.object({
    window: v.optional(v.picklist(STATISTICS_WINDOWS, `must be one of: ${STATISTICS_WINDOWS.join(', ')}.`), '24h'),
    connection: v.optional(connectionFilter),
  }),
};

/** The filters of a list of incidents. Parsed times are milliseconds since the epoch. */
export const listIncidentsInput = {
  query: v.object({
    since: v.optional(v.pipe(time, v.description('Incidents that began at this time or later, RFC 3339 or a date.'))),
    until: v.optional(v.pipe(time, v.description('Incidents that began before this time, RFC 3339 or a date.'))),
    connection: v.optional(connectionFilter),
    top: v.optional(wholeNumber(1, 250, 'Maximum number of incidents. Default: 25.')),
  }),
};

/** The connection that a notification or a badge is about. */
export const connectionInput = {
  query: v.object({ connection: v.optional(connectionName) }),
};

export const latestRunInput = {
  query: v.object({
    maxAgeMinutes: v.optional(wholeNumber(1, 1_000_000, 'If the run ended earlier than this, the answer is 503.')),
    connection: v.optional(connectionFilter),
  }),
};

/** The options of a run. */
export const startRunInput = {
  query: v.object({
    connection: v.optional(connectionName),
    failOnError: v.optional(
      v.pipe(
        v.picklist(['true', 'false'], "must be 'true' or 'false'."),
        v.description('Answer 502 if the run did not succeed.'),
      ),
    ),
  }),
  optionalBody: true,
  body: v.strictObject({
    createTokenWithScopes: optionalField(scopeList),
    scopes: optionalField(nonEmptyScopes),
    expiresInMinutes: optionalField(expiresInMinutes),
  }),
};
