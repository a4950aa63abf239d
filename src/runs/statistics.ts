import type * as v from 'valibot';
import type { StatisticsWindow } from './inputs';
import type * as outputs from './outputs';
import type { Run, RunStatus } from './run';

export type EndStatus = Exclude<RunStatus, 'Running'>;

/** The results of several runs. `durationsMs`, in no order, are those of all runs except `Aborted` ones. */
export interface RunTally {
  counts: Record<EndStatus, number>;
  durationsMs: number[];
}

/** The results of ended runs that started in the hour from `startMs` (milliseconds since the epoch). */
export interface HourOfRuns extends RunTally {
  startMs: number;
}

/** The result of one run. `before`: the status with which it has been counted before. */
export interface EndedRun {
  startMs: number;
  connection: string;
  status: EndStatus;
  durationMs?: number;
  before?: EndStatus;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The buckets of each window. The last one is the current hour or day. */
const BUCKETS: Record<StatisticsWindow, { count: number; unit: 'hour' | 'day'; lengthMs: number }> = {
  '24h': { count: 24, unit: 'hour', lengthMs: HOUR_MS },
  '7d': { count: 7, unit: 'day', lengthMs: DAY_MS },
  '30d': { count: 30, unit: 'day', lengthMs: DAY_MS },
};

export type Summary = Omit<Statistics['buckets'][number], 'start'>;

/** The results of the runs of a window, and more that the history and the schedule say. Times are RFC 3339. */
export type Statistics = v.InferOutput<typeof outputs.statistics>;

/** The results of the runs of a window, in all and by hour or day (UTC). A run belongs to the time of its start. */
export type RunStatistics = Omit<
  Statistics,
  'usersLeftBehind' | 'usersLeftBehindIsExact' | 'usersUnknown' | 'schedule' | 'connections'
>;

/** The start of the hour that `ms` is in. */
export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

export const emptyTally = (): RunTally => ({
  counts: { Succeeded: 0, Failed: 0, TimedOut: 0, Aborted: 0 },
  durationsMs: [],
});

/** Adds the result of a run. The duration of an `Aborted` run is not counted: it says nothing. */
export function addEnd(
  tally: RunTally,
  { status, durationMs, before }: Omit<EndedRun, 'startMs' | 'connection'>,
): void {
  tally.counts[status] += 1;
  if (before !== undefined) tally.counts[before] -= 1;
  if (durationMs !== undefined && status !== 'Aborted') tally.durationsMs.push(durationMs);
}

export function addTally(sum: RunTally, { counts, durationsMs }: RunTally): void {
  for (const status of Object.keys(sum.counts) as EndStatus[]) sum.counts[status] += counts[status];
  for (const durationMs of durationsMs) sum.durationsMs.push(durationMs);
}

/** Start and end of a window, in milliseconds since the epoch: whole hours or days (UTC), including the current one. */
export function windowOf(window: StatisticsWindow, now: number): { since: number; until: number } {
  const { count, lengthMs } = BUCKETS[window];
  const until = (Math.floor(now / lengthMs) + 1) * lengthMs;
  return { since: until - count * lengthMs, until };
}

/** The statistics of a window from the results of its hours. `running`: number of runs that have not ended. */
export function statisticsOf(
  window: StatisticsWindow,
  now: number,
  hours: readonly HourOfRuns[],
  running: number,
): RunStatistics {
  const { count, unit, lengthMs } = BUCKETS[window];
  const { since, until } = windowOf(window, now);
  const tallies = Array.from({ length: count }, emptyTally);
  const all = emptyTally();
  for (const hour of hours) {
    const tally = tallies[Math.floor((hour.startMs - since) / lengthMs)];
    if (tally === undefined) continue;
    addTally(tally, hour);
    addTally(all, hour);
  }
  const { counts, ...rates } = summaryOfTally(all);
  return {
    window,
    unit,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    ended: total(counts),
    counts: { Running: running, ...counts },
    ...rates,
    buckets: tallies.map((tally, i) => ({
      start: new Date(since + i * lengthMs).toISOString(),
      ...summaryOfTally(tally),
    })),
  };
}

const total = (counts: Record<EndStatus, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** The counts of a tally, with success rate and durations. */
export function summaryOfTally({ counts, durationsMs }: RunTally): Summary {
  const ended = total(counts);
  const sorted = durationsMs.toSorted((a, b) => a - b);
  return {
    counts,
    successRate: ended === 0 ? null : counts.Succeeded / ended,
    durationMs: sorted.length === 0 ? null : { p50: nearestRank(sorted, 0.5), p95: nearestRank(sorted, 0.95) },
  };
}

function nearestRank(sorted: readonly number[], part: number): number {
  return sorted[Math.ceil(part * sorted.length) - 1] ?? NaN;
}

/** The result of a run for the statistics; `undefined` while it is running. */
export function endOf({ status, startTime, connection, durationMs }: Run): EndedRun | undefined {
  if (status === 'Running') return undefined;
  return { startMs: Date.parse(startTime), connection, status, ...(durationMs === undefined ? {} : { durationMs }) };
}
