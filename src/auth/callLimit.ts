import { AppError } from '../base/errors';
import type { Person } from './person';

const WINDOW_MS = 60_000;
/** More people than one instance can serve in a minute. Beyond, those whose minute began first are forgotten. */
const MAX_PEOPLE = 20_000;

/** Counts the calls of each person, in minutes that begin with a call. */
export class CallLimit {
  /** In the order in which their minutes began. */
  private readonly windows = new Map<string, { since: number; calls: number }>();

  /** @param elapsed a monotonic clock, in milliseconds */
  constructor(private readonly elapsed: () => number) {}

  /** @throws AppError 429 `TooManyCalls` */
  count({ tenantId, objectId }: Person, perMinute: number): void {
    const now = this.elapsed();
    this.forget(now);
    const key = `${tenantId}/${objectId}`;
    const window = this.windows.get(key);
    if (window === undefined) {
      this.windows.set(key, { since: now, calls: 1 });
    } else if (window.calls < perMinute) {
      window.calls += 1;
    } else {
      throw new AppError(
        429,
        'TooManyCalls',
        `One person may make ${perMinute} calls in a minute here, by setting MY_TOKENS_PER_MINUTE. Keep a token until shortly before it expires.`,
        { retryAfterSeconds: Math.max(1, Math.ceil((window.since + WINDOW_MS - now) / 1_000)) },
      );
    }
  }

  private forget(now: number): void {
    for (const [key, { since }] of this.windows) {
      if (now - since < WINDOW_MS && this.windows.size < MAX_PEOPLE) return;
      this.windows.delete(key);
    }
  }
}
