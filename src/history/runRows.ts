import { runIdPrefix } from '../runs/runId';
import type { Action, Run, RunError } from '../runs/run';
import type { RunQuery } from '../runs/runStore';
import { summaryOf } from '../runs/summary';

/** UTF-16 units that one property holds at the most (Azure: 32 Ki), less a little. */
export const PROPERTY_UNITS = 32_000;

/** UTF-16 units of an error's message. */
const MESSAGE_UNITS = 4_000;

export interface RunRow {
  partitionKey: string;
  rowKey: string;
  [property: string]: unknown;
}

/** The row of a run itself: its id is the row key, so newest first is the natural order. A property an action. */
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
  };
  actions.forEach((action, index) => {
    row[`action${index}`] = actionText(action);
  });
  return row;
}

/** The run that {@link runRow} made a row of. */
export function runOf(row: Record<string, unknown>): Run {
  const run = JSON.parse(String(row.run)) as Omit<Run, 'actions'>;
  const count = Number(row.actionCount);
  const actions = Array.from({ length: count }, (_, index) => JSON.parse(String(row[`action${index}`])) as Action);
  return { ...run, actions };
}

/** Rows that make a filter a range of keys: one for each thing that runs can be filtered by, each with the run's summary. */
export function indexRows(partitionKey: string, run: Run): RunRow[] {
  const summary = summaryText(run);
  return [statusKey(run.status), connectionKey(run.connection), trackingKey(run.correlation.clientTrackingId)].map(
    (prefix) => ({ partitionKey, rowKey: `${prefix}${run.id}`, summary }),
  );
}

export const statusKey = (status: string) => `s!${status}!`;
/** The keys of all rows that a run has. */
export function keysOfRun(partitionKey: string, run: Run): string[] {
  return [run.id, ...indexRows(partitionKey, run).map(({ rowKey }) => rowKey)];
}

/** Ids of runs that started before `ms` are above this: ids begin with inverted ticks, and ':' comes right after '9'. */
export const untilKey = (ms: number) => `${runIdPrefix(ms)}:`;
/** Ids of runs that started at `ms` or later are below this. */
export const sinceKey = untilKey;

const connectionKey = (name: string) => `c!${name}!`;
/** Row keys may not hold every character that a tracking id may. */
const trackingKey = (id: string) => `t!${Buffer.from(id).toString('base64url')}!`;

/** The keys that answer a query: rows after `above` and before `below`; `prefix` is left off to get the run's id. */
export interface KeyRange {
  prefix: string;
  above: string;
  below: string;
  /** Filters that the range doesn't cover; they are left to whoever reads the rows. */
  rest: boolean;
}

/** The range of keys to read for a query: of the index that finds the fewest rows, or of the runs themselves. */
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
  return { prefix, above: prefix + above, below: prefix + below, rest: filters > 1 };
}

/** Messages of errors are bounded where they are made. This is the last line: a run that does not fit could not be kept at all. */
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

/** An action as text that fits into a property: what is too long is cut, and marked as cut. */
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
