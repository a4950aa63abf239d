import * as v from 'valibot';
import { expiresInMinutes, nonEmptyScopes, optionalField, scopeList } from '../identity/inputs';
import { isRunId, runIdPrefix } from './runId';
import { RUN_STATUSES } from './run';

/** The time windows of statistics, up to now. */
const STATISTICS_WINDOWS = ['24h', '7d', '30d'] as const;
export type StatisticsWindow = (typeof STATISTICS_WINDOWS)[number];

const wholeNumber = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,7}$/, `must be a whole number from ${min} to ${max}.`),
    v.transform(Number),
    v.minValue(min, `must be a whole number from ${min} to ${max}.`),
    v.maxValue(max, `must be a whole number from ${min} to ${max}.`),
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
);

const name = (maxLength: number) =>
  v.pipe(v.string(), v.maxLength(maxLength, `must have at most ${maxLength} characters.`));

/** The filters of a list of runs. Parsed times are milliseconds since the epoch. */
export const listRunsInput = {
  query: v.object({
    status: v.optional(v.picklist(RUN_STATUSES, `must be one of: ${RUN_STATUSES.join(', ')}.`)),
    since: v.optional(time),
    until: v.optional(time),
    clientTrackingId: v.optional(name(128)),
    connection: v.optional(name(63)),
    top: v.optional(wholeNumber(1, 250)),
    continuationToken: v.optional(
      v.pipe(v.string(), v.check(isRunId, 'is not a token of this list. Use nextLink unchanged.')),
    ),
  }),
};

export const getRunInput = {
  params: v.object({ runId: v.string() }),
};

export const statisticsInput = {
  query: v.object({
    window: v.optional(v.picklist(STATISTICS_WINDOWS, `must be one of: ${STATISTICS_WINDOWS.join(', ')}.`), '24h'),
    connection: v.optional(name(63)),
  }),
};

/** The filters of a list of incidents. Parsed times are milliseconds since the epoch. */
export const listIncidentsInput = {
  query: v.object({
    since: v.optional(time),
    until: v.optional(time),
    connection: v.optional(name(63)),
    top: v.optional(wholeNumber(1, 250)),
  }),
};

/** The connection that a notification, metrics or a badge is about. */
export const connectionInput = {
  query: v.object({ connection: v.optional(v.string()) }),
};

export const latestRunInput = {
  query: v.object({
    maxAgeMinutes: v.optional(wholeNumber(1, 1_000_000)),
    connection: v.optional(name(63)),
  }),
};

/** The options of a run. */
export const startRunInput = {
  query: v.object({
    connection: v.optional(v.string()),
    failOnError: v.optional(v.picklist(['true', 'false'], "must be 'true' or 'false'.")),
  }),
  optionalBody: true,
  body: v.strictObject({
    createTokenWithScopes: optionalField(scopeList),
    scopes: optionalField(nonEmptyScopes),
    expiresInMinutes: optionalField(expiresInMinutes),
  }),
};
