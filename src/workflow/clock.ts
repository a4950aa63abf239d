import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';

/** @throws AppError `ClockSkew` when this clock, ahead of the storage's by `skewMs`, is too far off */
export function checkClock(skewMs: number | undefined): void {
  if (skewMs === undefined || !isWrong(skewMs)) return;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  throw new AppError(
    503,
    'ClockSkew',
    `This machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the clock of the storage: by such a clock nothing is deleted. Set the clock.`,
  );
}

/**
 * Milliseconds since the epoch: those of this clock, or of the storage's, if this one is too far off by `skewMs`. The id of a run contains its start time, and
 * others must not think that it is over.
 */
export const correctedNow = (skewMs = 0): number => Date.now() - (isWrong(skewMs) ? skewMs : 0);

const isWrong = (skewMs: number) => Math.abs(skewMs) > LIMITS.clockSkewMs;
