import { clockText, type Zone } from './format';
import { isBad } from './Status';
import type { Run, Statistics } from './types';

/** A place on the chart. Durations are milliseconds. */
export interface ChartPoint {
  title: string;
  /** Milliseconds since the epoch. */
  startMs: number;
  /** Of one run its duration. */
  p50: number | null;
  p95: number | null;
  failed: number;
}

/** What the chart shows: hours or days of a window, or single runs while there are runs of few hours only. */
export interface ChartData {
  unit: 'hour' | 'day' | 'run';
  points: ChartPoint[];
  /** Milliseconds since the epoch. */
  sinceMs: number;
  untilMs: number;
}

/** From so many hours with runs, hours are worth a chart. */
const MIN_HOURS = 3;
const MIN_RUNS = 2;

/** `undefined`: no run has ended in the window. `newest`: the newest runs, newest first. */
export function chartData(
  { buckets, unit, since, until, window, ended }: Statistics,
  newest: readonly Run[],
  zone: Zone,
  now: number,
): ChartData | undefined {
  if (ended === 0) return undefined;
  const sinceMs = Date.parse(since);
  const range = { sinceMs, untilMs: Date.parse(until) };
  const runs = newest.filter(({ status, startTime }) => status !== 'Running' && Date.parse(startTime) >= sinceMs);
  const hours = buckets.filter(({ durationMs }) => durationMs !== null).length;
  if (window === '24h' && hours < MIN_HOURS && runs.length >= MIN_RUNS) {
    return { unit: 'run', ...range, points: runs.toReversed().map((run) => pointOfRun(run, zone, now)) };
  }
  const points = buckets.map(({ start, durationMs, counts }) => ({
    title: unit === 'day' ? `${start.slice(0, 10)} (UTC day)` : `${clockText(start, zone, now)}, one hour`,
    startMs: Date.parse(start),
    p50: durationMs?.p50 ?? null,
    p95: durationMs?.p95 ?? null,
    failed: counts.Failed + counts.TimedOut,
  }));
  return { unit, ...range, points };
}

function pointOfRun({ startTime, status, durationMs }: Run, zone: Zone, now: number): ChartPoint {
  return {
    title: `${clockText(startTime, zone, now, true)}: ${status}`,
    startMs: Date.parse(startTime),
    p50: durationMs ?? null,
    p95: null,
    failed: isBad(status) ? 1 : 0,
  };
}
