import { AppError } from '../base/errors';

/** `Retry-After`, in seconds: a run usually takes less. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Limits the number of manual runs at a time in this process, so that they don't slow down the action functions. Scheduled runs are not limited.
 */
export class ManualRuns {
  private running = 0;

  /**
   * Starts `run` if fewer than `max` manual runs are running, and returns its result.
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
