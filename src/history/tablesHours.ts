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

/** Ended runs that statistics read one by one; where there are more they are folded first. */
const MAX_UNFOLDED = 500;
/** Transactions of folding that somebody who asks for statistics waits for. */
const FOLDING_WHILE_READING = 20;
/** Statistics reach back 30 days, and what is kept for them somewhat further. */
const KEEP_HOURS_MS = 32 * 86_400_000;
/** 15 parts would be an entity's limit of 1 MiB in UTF-16. */
const PARTS = Array.from({ length: 15 }, (_, part) => `tallies${part}`);

/** What the runs of a time came to, by the hour. */
export async function readHours(rows: Rows, { since, until, connection }: HoursQuery): Promise<HourOfRuns[]> {
  const range = (prefix: string) => ({ above: prefix + untilKey(until), below: prefix + sinceKey(since) });
  const readEnded = () => rows.all({ ...range(ENDED.prefix), select: ENDED_FIELDS });
  let ended = await readEnded();
  if (ended.length > MAX_UNFOLDED) {
    await foldEnded(rows, { limit: FOLDING_WHILE_READING });
    ended = await readEnded();
  }
  for (;;) {
    // the start of an hour is in the hour, but `since` itself is no part of the range
    const hourRows = await rows.all({
      above: HOURS.prefix + untilKey(until),
      below: `${hourKey(since)}:`,
      select: ['parts', ...PARTS],
    });
    const after = await readEnded();
    const there = new Set(after.map(({ rowKey }) => rowKey));
    // one that is gone was folded meanwhile, so it may have been counted in its hour as well
    const isWhole = ended.every(({ rowKey }) => there.has(rowKey));
    ended = after;
    if (isWhole) return merged(hourRows, ended, connection);
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

/** Moves what ended runs left into the rows of their hours: `limit` transactions at the most, none after `until` (of `performance.now()`). */
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
    // somebody else folds the same rows: they are counted by either of us, and never by both
    if (!isConflict(error)) throw error;
  }
}

/** Deletes the hours that neither statistics nor the runs that are kept reach back to. */
export async function trimHours(rows: Rows, keepFrom: number, now: number = Date.now()): Promise<void> {
  const oldest = Math.min(keepFrom, now - KEEP_HOURS_MS);
  const old = await rows.all({ above: HOURS.prefix + untilKey(oldest), below: HOURS.below, select: [] });
  await rows.deleteAll(old.map(({ rowKey }) => rowKey));
}
