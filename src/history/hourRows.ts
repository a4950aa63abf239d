import { runIdPrefix, startOfRunId } from '../runs/runId';
import type { Run } from '../runs/run';
import { PROPERTY_UNITS, type RunRow } from './runRows';
import { addEnd, emptyTally, type EndedRun, type EndStatus, type RunTally } from '../runs/statistics';
import type { Row } from './tableRows';

// The transaction that saves the end of a run also adds a row `q!ID!STATUS`. Later, such rows are folded: their results are added to the row of their hour,
// `h!INVERTED TICKS`, and they are deleted in the same transaction. So every end is counted exactly once, and saving a run never waits for another run.

export const ENDED = { prefix: 'q!', above: 'q!', below: 'q!:' };
export const HOURS = { prefix: 'h!', above: 'h!', below: 'h!:' };

export function isEnd(status: string): status is EndStatus {
  return status !== 'Running';
}

export const hourKey = (startMs: number): string => `${HOURS.prefix}${runIdPrefix(startMs)}`;

/** The row `q!ID!STATUS` for the end of a run. `before`: its previous status. A run that was closed as dead may still end by itself. */
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

/** The result in a row of {@link endedRow}. */
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

/** The results of the runs of an hour, by connection. */
export type TalliesOfHour = Record<string, RunTally>;

export function addToHour(tallies: TalliesOfHour, run: EndedRun): void {
  addEnd((tallies[run.connection] ??= emptyTally()), run);
}

/** The row of an hour. Text that is too long for one property continues in the next one. There is space for some 90,000 runs in an hour. */
export function hourRow(partitionKey: string, startMs: number, tallies: TalliesOfHour): RunRow {
  const text = JSON.stringify(tallies);
  const row: RunRow = { partitionKey, rowKey: hourKey(startMs), parts: Math.ceil(text.length / PROPERTY_UNITS) };
  for (let part = 0; part * PROPERTY_UNITS < text.length; part += 1) {
    row[`tallies${part}`] = text.slice(part * PROPERTY_UNITS, (part + 1) * PROPERTY_UNITS);
  }
  return row;
}

/** The results in a row of {@link hourRow}. */
export function talliesOf(row: Record<string, unknown>): TalliesOfHour {
  const parts = Array.from({ length: Number(row.parts) }, (_, part) => String(row[`tallies${part}`]));
  return JSON.parse(parts.join('')) as TalliesOfHour;
}

/** The start of the hour of a row, in milliseconds since the epoch. */
export const startOfHourRow = ({ rowKey }: Row): number => startOfRunId(rowKey.slice(HOURS.prefix.length));
