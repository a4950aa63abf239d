import { runIdPrefix, startOfRunId } from '../runs/runId';
import type { Run } from '../runs/run';
import { PROPERTY_UNITS, type RunRow } from './runRows';
import { addEnd, emptyTally, type EndedRun, type EndStatus, type RunTally } from '../runs/statistics';
import type { Row } from './tableRows';

// A run that ends leaves a row `q!ID!STATUS` in the transaction that ends it. Now and then such rows are folded into the row of their hour,
// `h!INVERTED TICKS`, and deleted in the same transaction: so every end is counted once, and nobody who ends a run waits for anybody.

export const ENDED = { prefix: 'q!', above: 'q!', below: 'q!:' };
export const HOURS = { prefix: 'h!', above: 'h!', below: 'h!:' };

export function isEnd(status: string): status is EndStatus {
  return status !== 'Running';
}

export const hourKey = (startMs: number): string => `${HOURS.prefix}${runIdPrefix(startMs)}`;

/** The row that a run's end leaves. `before` is the status that it had: a run that was closed as dead may end properly after all. */
export function endedRow(partitionKey: string, run: Run, status: EndStatus, before: string | undefined): RunRow {
  return {
    partitionKey,
    rowKey: `${ENDED.prefix}${run.id}!${status}`,
    connection: run.connection,
    ...(run.durationMs === undefined ? {} : { durationMs: run.durationMs }),
    ...(before !== undefined && isEnd(before) ? { before } : {}),
  };
}

export const ENDED_FIELDS = ['connection', 'durationMs', 'before'];

/** The end that {@link endedRow} made a row of. */
export function endedRun({ rowKey, connection, durationMs, before }: Row): EndedRun {
  const [, id = '', status = ''] = rowKey.split('!');
  return {
    startMs: startOfRunId(id),
    connection: String(connection),
    status: status as EndStatus,
    ...(typeof durationMs === 'number' ? { durationMs } : {}),
    ...(typeof before === 'string' ? { before: before as EndStatus } : {}),
  };
}

/** What the runs of an hour came to, by connection. */
export type TalliesOfHour = Record<string, RunTally>;

export function addToHour(tallies: TalliesOfHour, run: EndedRun): void {
  addEnd((tallies[run.connection] ??= emptyTally()), run);
}

/** An hour's row. What is too long for one property goes on in the next: an hour holds some 90,000 runs. */
export function hourRow(partitionKey: string, startMs: number, tallies: TalliesOfHour): RunRow {
  const text = JSON.stringify(tallies);
  const row: RunRow = { partitionKey, rowKey: hourKey(startMs), parts: Math.ceil(text.length / PROPERTY_UNITS) };
  for (let part = 0; part * PROPERTY_UNITS < text.length; part += 1) {
    row[`tallies${part}`] = text.slice(part * PROPERTY_UNITS, (part + 1) * PROPERTY_UNITS);
  }
  return row;
}

/** The hour that {@link hourRow} made a row of. */
export function talliesOf(row: Record<string, unknown>): TalliesOfHour {
  const parts = Array.from({ length: Number(row.parts) }, (_, part) => String(row[`tallies${part}`]));
  return JSON.parse(parts.join('')) as TalliesOfHour;
}

/** When the hour of a row began, in milliseconds since the epoch. */
export const startOfHourRow = ({ rowKey }: Row): number => startOfRunId(rowKey.slice(HOURS.prefix.length));
