import { AppError } from '../base/errors';
import type { Person } from './person';

const WINDOW_MS = 60_000;
/** More people than one instance can serve in a minute. If there are more, the half whose minutes began first is forgotten. */
const MAX_PEOPLE = 20_000;

interface Minute {
  since: number;
  calls: number;
}

/** Counts the calls of each person, in minutes that begin with a call. */
export class CallLimit {
  /** In the order in which the minutes began. */
  private minutes = new Map<string, Minute>();
  private lastCleanup = -Infinity;

  /** @param elapsed a monotonic clock, in milliseconds */
  constructor(private readonly elapsed: () => number) {}

  /** @throws AppError 429 `TooManyCalls` */
  count({ tenantId, objectId }: Person, perMinute: number): void {
    const now = this.elapsed();
    const key = `${tenantId}/${objectId}`;
    const minute = this.minutes.get(key);
    if (minute === undefined || now - minute.since >= WINDOW_MS) {
      this.minutes.delete(key);
      this.cleanUp(now);
      this.minutes.set(key, { since: now, calls: 1 });
    } else if (minute.calls < perMinute) {
      minute.calls += 1;
    } else {
      throw new AppError(
        429,
        'TooManyCalls',
        `One person can make at most ${perMinute} calls in a minute (setting MY_TOKENS_PER_MINUTE). Use each token until shortly before it expires.`,
        { retryAfterSeconds: Math.max(1, Math.ceil((minute.since + WINDOW_MS - now) / 1_000)) },
      );
    }
  }

  /** Forgets minutes that are over. All at once and rarely: a Map from which entries are deleted one by one becomes slow. */
  private cleanUp(now: number): void {
    const isFull = this.minutes.size >= MAX_PEOPLE;
    if (!isFull && now - this.lastCleanup < WINDOW_MS) return;
    this.lastCleanup = now;
    const current = [...this.minutes].filter(([, { since }]) => now - since < WINDOW_MS);
    // half of it is free then, so that the next calls need no cleanup
    this.minutes = new Map(isFull ? current.slice(-MAX_PEOPLE / 2) : current);
  }
}
