import type { TransactionAction } from '@azure/data-tables';
import {
  addToHour,
  ENDED,
  ENDED_FIELDS,
  endedRun,
  hourKey,
  hourRow,
  HOURS,
  startOfHourRow,
  talliesOf,
  type TalliesOfHour,
} from './hourRows';
import { sinceKey, untilKey } from './runRows';
import { addEnd, addTally, emptyTally, hourOf, type HourOfRuns } from '../runs/statistics';
import type { HoursQuery } from '../runs/runStore';
import { isConflict } from './tableErrors';
import { MAX_CHANGES, type Row, type Rows } from './tableRows';

/** If there are more ended runs than this, statistics fold them first. */
const MAX_UNFOLDED = 500;
/** Maximum number of folding transactions in a request for statistics, because its caller is waiting. */
const FOLDING_WHILE_READING = 20;
/** Statistics reach back 30 days. Their rows are kept a little longer. */
const KEEP_HOURS_MS = 32 * 86_400_000;
/** All properties that a row may have: 15 parts are Azure's limit of 1 MiB for an entity, in UTF-16. */
const PARTS = Array.from({ length: 15 }, (_, part) => `tallies${part}`);

/** The results of runs by the hour. */
export async function readHours(rows: Rows, { since, until, connection }: HoursQuery): Promise<HourOfRuns[]> {
  const range = (prefix: string) => ({ above: prefix + untilKey(until), below: prefix + sinceKey(since) });
  const readEnded = () => rows.all({ ...range(ENDED.prefix), select: ENDED_FIELDS });
  let ended = await readEnded();
  if (ended.length > MAX_UNFOLDED) {
    await foldEnded(rows, { limit: FOLDING_WHILE_READING });
    ended = await readEnded();
  }
  for (;;) {
    // the hour that starts at `since` is included
    const hourRows = await rows.all({
      above: HOURS.prefix + untilKey(until),
      below: `${hourKey(since)}:`,
      select: ['parts', ...PARTS],
    });
    const after = await readEnded();
    const there = new Set(after.map(({ rowKey }) => rowKey));
    // a row that is gone was folded meanwhile: its result may be in the hour's row or not, so read again
    const isUnchanged = ended.every(({ rowKey }) => there.has(rowKey));
    ended = after;
    if (isUnchanged) return merged(hourRows, ended, connection);
  }
}

function merged(hourRows: readonly Row[], ended: readonly Row[], connection: string | undefined): HourOfRuns[] {
  const hours = new Map<number, HourOfRuns>();
  const at = (startMs: number): HourOfRuns => {
    const hour = hours.get(startMs) ?? { startMs, ...emptyTally() };
    hours.set(startMs, hour);
    return hour;
  };
  for (const row of hourRows) {
    for (const [name, tally] of Object.entries(talliesOf(row))) {
      if (connection === undefined || connection === name) addTally(at(startOfHourRow(row)), tally);
    }
  }
  for (const run of ended.map(endedRun)) {
    if (connection === undefined || connection === run.connection) addEnd(at(hourOf(run.startMs)), run);
  }
  return [...hours.values()];
}

/** Folds the rows of ended runs into the rows of their hours, in at most `limit` transactions, none after `until` (a time of `performance.now()`). */
export async function foldEnded(
  rows: Rows,
  { limit = Infinity, until = Infinity }: { limit?: number; until?: number },
): Promise<void> {
  let transactions = 0;
  for await (const page of rows.pages({ above: ENDED.above, below: ENDED.below, select: ENDED_FIELDS })) {
    const byHour = new Map<number, Row[]>();
    for (const row of page) {
      const hour = hourOf(endedRun(row).startMs);
      byHour.set(hour, [...(byHour.get(hour) ?? []), row]);
    }
    for (const [hour, ended] of byHour) {
      for (let i = 0; i < ended.length; i += MAX_CHANGES - 1) {
        if (transactions >= limit || performance.now() > until) return;
        transactions += 1;
        await foldInto(rows, hour, ended.slice(i, i + MAX_CHANGES - 1));
      }
    }
  }
}

async function foldInto(rows: Rows, hour: number, ended: readonly Row[]): Promise<void> {
  const { partitionKey } = rows;
  const kept = await rows.get(hourKey(hour));
  const tallies: TalliesOfHour = kept ? talliesOf(kept) : {};
  for (const row of ended) addToHour(tallies, endedRun(row));
  const row = hourRow(partitionKey, hour, tallies);
  const changes: TransactionAction[] = [
    kept ? ['update', row, 'Replace', { etag: kept.etag }] : ['create', row],
    ...ended.map(({ rowKey }): TransactionAction => ['delete', { partitionKey, rowKey }]),
  ];
  try {
    await rows.change(changes);
  } catch (error) {
    // another process folds the same rows: one of the two transactions succeeds, so they are counted once
    if (!isConflict(error)) throw error;
  }
}

/** Deletes rows of hours that are too old for statistics and older than all stored runs. */
export async function trimHours(rows: Rows, keepFrom: number, now: number = Date.now()): Promise<void> {
  const oldest = Math.min(keepFrom, now - KEEP_HOURS_MS);
  const old = await rows.all({ above: HOURS.prefix + untilKey(oldest), below: HOURS.below, select: [] });
  await rows.deleteAll(old.map(({ rowKey }) => rowKey));
}
