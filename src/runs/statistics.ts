import type { StatisticsWindow } from './inputs';
import type { Run, RunStatus } from './run';

export type EndStatus = Exclude<RunStatus, 'Running'>;

/** What some runs came to. `durationsMs` are those of runs that came to an end of their own, in no order. */
export interface RunTally {
  counts: Record<EndStatus, number>;
  durationsMs: number[];
}

/** The runs that began in the hour from `startMs` (milliseconds since the epoch) and ended. */
export interface HourOfRuns extends RunTally {
  startMs: number;
}

/** The end of one run. `before`: it had been counted with this status. */
export interface EndedRun {
  startMs: number;
  connection: string;
  status: EndStatus;
  durationMs?: number;
  before?: EndStatus;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a window is, in buckets of what length. The bucket of now is part of it. */
const BUCKETS: Record<StatisticsWindow, { count: number; unit: 'hour' | 'day'; lengthMs: number }> = {
  '24h': { count: 24, unit: 'hour', lengthMs: HOUR_MS },
  '7d': { count: 7, unit: 'day', lengthMs: DAY_MS },
  '30d': { count: 30, unit: 'day', lengthMs: DAY_MS },
};

export interface Summary {
  counts: Record<EndStatus, number>;
  /** The share of ended runs that succeeded, 0 to 1; `null` if no run ended. */
  successRate: number | null;
  /** By nearest rank, of runs that succeeded, failed or timed out; `null` if there was no such run. */
  durationMs: { p50: number; p95: number } | null;
}

/** What the runs of a window came to, in all and by hour or day (UTC). A run belongs to when it started. Times are RFC 3339. */
export interface RunStatistics extends Omit<Summary, 'counts'> {
  window: StatisticsWindow;
  unit: 'hour' | 'day';
  since: string;
  until: string;
  connection?: string;
  /** Runs that ended. */
  ended: number;
  counts: Record<RunStatus, number>;
  buckets: ({ start: string } & Summary)[];
}

/** The start of the hour that `ms` is in. */
export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

export const emptyTally = (): RunTally => ({
  counts: { Succeeded: 0, Failed: 0, TimedOut: 0, Aborted: 0 },
  durationsMs: [],
});

/** Counts the end of a run. One that was aborted has no duration worth counting. */
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

/** When a window began and ends, in milliseconds since the epoch: whole hours or days (UTC), up to and with the one of `now`. */
export function windowOf(window: StatisticsWindow, now: number): { since: number; until: number } {
  const { count, lengthMs } = BUCKETS[window];
  const until = (Math.floor(now / lengthMs) + 1) * lengthMs;
  return { since: until - count * lengthMs, until };
}

/** Statistics of a window from its hours; `running` runs have not ended. */
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
  const { counts, ...rates } = summary(all);
  return {
    window,
    unit,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    ended: total(counts),
    counts: { Running: running, ...counts },
    ...rates,
    buckets: tallies.map((tally, i) => ({ start: new Date(since + i * lengthMs).toISOString(), ...summary(tally) })),
  };
}

const total = (counts: Record<EndStatus, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);

function summary({ counts, durationsMs }: RunTally): Summary {
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

/** The end of a run for the statistics; `undefined` while it runs. */
export function endOf({ status, startTime, connection, durationMs }: Run): EndedRun | undefined {
  if (status === 'Running') return undefined;
  return { startMs: Date.parse(startTime), connection, status, ...(durationMs === undefined ? {} : { durationMs }) };
}
