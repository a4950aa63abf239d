import { randomBytes } from 'node:crypto';

/** The service counts the time in its ids from here. Derived from ids in public recordings and the time they were made. */
const ID_EPOCH_MS = Date.UTC(2020, 0, 1, 8);
const COUNTER_LIMIT = 0x1000000;

/**
 * Makes the user part of ids: 8-4-4 hex digits of milliseconds since 2020-01-01T08:00Z, then a part for the maker (here: this process),
 * and a counter in the last six digits. Unique for 16 million ids a millisecond, and in order of time.
 */
export class UserIdMaker {
  private readonly node = randomBytes(2).toString('hex');
  private readonly process = randomBytes(3).toString('hex');
  private counter = randomBytes(3).readUIntBE(0, 3);

  next(nowMs: number): string {
    const time = Math.max(0, Math.floor(nowMs) - ID_EPOCH_MS)
      .toString(16)
      .padStart(16, '0');
    this.counter = (this.counter + 1) % COUNTER_LIMIT;
    const count = this.counter.toString(16).padStart(6, '0');
    const id = `${time.slice(0, 8)}-${time.slice(8, 12)}-${time.slice(12, 16)}-${this.node}-${this.process}${count}`;
    // A text put together from others keeps them in memory; this one, kept for each user, is to stand alone.
    return Buffer.from(id, 'latin1').toString('latin1');
  }
}
