import { AppError } from '../base/errors';

/** What a caller is asked to wait, in seconds: a run usually takes less. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Counts the runs that people start, in this process: they share it with those who mint tokens, and must not starve them. Scheduled runs are not
 * counted, so that they always have a place.
 */
export class ManualRuns {
  private running = 0;

  /**
   * Waits for `run`, if fewer than `max` are running.
   * @throws AppError `TooManyRuns` (429) otherwise
   */
  async start<T>(max: number, run: () => Promise<T>): Promise<T> {
    if (this.running >= max) {
      throw new AppError(
        429,
        'TooManyRuns',
        `${this.running} runs are running, as many as MAX_CONCURRENT_RUNS allows. Try again in ${RETRY_AFTER_SECONDS} s.`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    this.running += 1;
    try {
      return await run();
    } finally {
      this.running -= 1;
    }
  }
}
