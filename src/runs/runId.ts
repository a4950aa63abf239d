import { randomInt } from 'node:crypto';

const MAX_TICKS = 9_223_372_036_854_775_807n;
/** Ticks (100 ns) from 0001-01-01 to 1970-01-01, as .NET counts. */
const EPOCH_TICKS = 621_355_968_000_000_000n;
/** The form of a run id. */
export const RUN_ID = /^\d{29}CU00$/;

/** The first 20 digits of the ids of runs that start at `ms` (milliseconds since 1970). Later runs have smaller digits. */
export function runIdPrefix(ms: number): string {
  return (MAX_TICKS - (EPOCH_TICKS + BigInt(Math.floor(ms)) * 10_000n)).toString().padStart(20, '0');
}

/** The start time of a run, from its id or the first 20 digits of its id, in milliseconds since 1970. */
export function startOfRunId(id: string): number {
  return Number((MAX_TICKS - BigInt(id.slice(0, 20)) - EPOCH_TICKS) / 10_000n);
}

/** A new run's id. It contains the start time and sorts newest first. */
export function newRunId(ms: number): string {
  return `${runIdPrefix(ms)}${String(randomInt(1_000_000_000)).padStart(9, '0')}CU00`;
}

/** Has `value` the form of a run id? */
export function isRunId(value: string): boolean {
  return RUN_ID.test(value);
}
