import { AppError } from './errors';
import { LIMITS } from './limits';

/** Checks this machine's clock. `skewMs`: how far it is ahead of the storage's. @throws AppError `ClockSkew` if the difference is too large */
export function checkClock(skewMs: number | undefined): void {
  if (skewMs === undefined || !isWrong(skewMs)) return;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  throw new AppError(
    503,
    'ClockSkew',
    `This machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the clock of the storage. Nothing is deleted while the clock is wrong. Set the clock.`,
  );
}

/**
 * The current time in milliseconds since the epoch: by this machine's clock or, if that is wrong by `skewMs`, by the storage's. The id of a run contains its
 * start time, and with a wrong one another instance could close the run as dead.
 */
export const correctedNow = (skewMs = 0): number => Date.now() - (isWrong(skewMs) ? skewMs : 0);

const isWrong = (skewMs: number) => Math.abs(skewMs) > LIMITS.clockSkewMs;
