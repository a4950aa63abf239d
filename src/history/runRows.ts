import { runIdPrefix } from '../runs/runId';
import type { Action, Run, RunError } from '../runs/run';
import type { RunQuery } from '../runs/runStore';
import { summaryOf } from '../runs/summary';

/** Maximum length of one property, in UTF-16 units. Azure's limit is 32 Ki. */
export const PROPERTY_UNITS = 32_000;

/** Maximum length of an error's message, in UTF-16 units. */
const MESSAGE_UNITS = 4_000;

export interface RunRow {
  partitionKey: string;
  rowKey: string;
  [property: string]: unknown;
}

/** The row of a run. The run's id is the row key, so the newest run is first. Each action is a property. */
export function runRow(partitionKey: string, run: Run): RunRow {
  const { actions, ...rest } = shortErrors(run);
  const row: RunRow = {
    partitionKey,
    rowKey: run.id,
    status: run.status,
    cleanup: run.cleanup,
    run: JSON.stringify(rest),
    actionCount: actions.length,
    summary: summaryText(run),
    ...(run.cancelRequested ? { cancelRequested: true } : {}),
  };
  actions.forEach((action, index) => {
    row[`action${index}`] = actionText(action);
  });
  return row;
}

/** The run in a row of {@link runRow}. */
export function runOf(row: Record<string, unknown>): Run {
  const run = JSON.parse(String(row.run)) as Omit<Run, 'actions'>;
  const count = Number(row.actionCount);
  const actions = Array.from({ length: count }, (_, index) => JSON.parse(String(row[`action${index}`])) as Action);
  return { ...run, actions };
}

/** Index rows with the run's summary, one for each filter of lists (status, connection, tracking id). They make a filter a range of keys. */
export function indexRows(partitionKey: string, run: Run): RunRow[] {
  const summary = summaryText(run);
  return [statusKey(run.status), connectionKey(run.connection), trackingKey(run.correlation.clientTrackingId)].map(
    (prefix) => ({ partitionKey, rowKey: `${prefix}${run.id}`, summary }),
  );
}

export const statusKey = (status: string) => `s!${status}!`;
/** The keys of all rows of a run. */
export function keysOfRun(partitionKey: string, run: Run): string[] {
  return [run.id, ...indexRows(partitionKey, run).map(({ rowKey }) => rowKey)];
}

/** Ids of runs that started before `ms` sort after this key: ids begin with inverted ticks, and ':' is the character after '9'. */
export const untilKey = (ms: number) => `${runIdPrefix(ms)}:`;
/** Ids of runs that started at `ms` or later sort before this key. */
export const sinceKey = untilKey;

const connectionKey = (name: string) => `c!${name}!`;
/** Encoded, because a tracking id may contain characters that a row key may not. */
const trackingKey = (id: string) => `t!${Buffer.from(id).toString('base64url')}!`;

/** A range of keys: rows after `above` and before `below`. A key without `prefix` is the run's id. */
export interface KeyRange {
  prefix: string;
  above: string;
  below: string;
  /** Are there more filters, which the reader must apply to each row? */
  hasMoreFilters: boolean;
}

/** The range of keys to read for a query: in the index that probably has the fewest rows or, without filters, in the runs themselves. */
export function keyRange(query: RunQuery): KeyRange {
  const { status, connection, clientTrackingId, since, until, continuationToken } = query;
  let prefix = '';
  if (clientTrackingId !== undefined) prefix = trackingKey(clientTrackingId);
  else if (status !== undefined) prefix = statusKey(status);
  else if (connection !== undefined) prefix = connectionKey(connection);
  const afterUntil = until === undefined ? '0' : untilKey(until);
  const above = continuationToken !== undefined && continuationToken > afterUntil ? continuationToken : afterUntil;
  const below = since === undefined ? ':' : sinceKey(since);
  const filters = [clientTrackingId, status, connection].filter((value) => value !== undefined).length;
  return { prefix, above: prefix + above, below: prefix + below, hasMoreFilters: filters > 1 };
}

/** Cuts error messages. They are already cut where they are created; this is a safeguard, because a run that is too large can't be saved at all. */
function shortErrors(run: Run): Run {
  const cut = ({ code, message }: RunError): RunError => ({ code, message: message.slice(0, MESSAGE_UNITS) });
  return {
    ...run,
    ...(run.error ? { error: cut(run.error) } : {}),
    ...(run.recordError ? { recordError: cut(run.recordError) } : {}),
  };
}

function summaryText(whole: Run): string {
  const run = shortErrors(whole);
  const text = JSON.stringify(summaryOf(run));
  return text.length <= PROPERTY_UNITS ? text : JSON.stringify({ ...run, actions: [], shortened: true });
}

/** An action as text that fits into a property. Fields that are too long are cut, and marked as cut. */
function actionText(action: Action): string {
  let fitting: Action = action;
  for (const field of ['outputs', 'inputs', 'retryHistory', 'error'] as const) {
    const text = JSON.stringify(fitting);
    if (text.length <= PROPERTY_UNITS) return text;
    const long = JSON.stringify(fitting[field] ?? null);
    const shortened = {
      shortened: true,
      code: 'Shortened',
      message: `${long.slice(0, 2_000)}… (${long.length} characters)`,
    };
    fitting = { ...fitting, [field]: field === 'retryHistory' ? [] : shortened };
  }
  return JSON.stringify(fitting);
}
