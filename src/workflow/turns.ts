import type { LedgerEntry } from '../runs/ledger';

/** Failures that say more of a connection than of the user that was to be deleted. */
const OF_CONNECTION = new Set([
  'ServiceTimeout',
  'Throttled',
  'ConnectionDenied',
  'ApiVersionNotSupported',
  'UnknownConnection',
  'Misconfigured',
  'OtherConnection',
]);
/** As these may be about one user, a connection is left out after two in a row. */
const PERHAPS_OF_CONNECTION = new Set(['ServiceUnavailable']);

interface Queue {
  waiting: LedgerEntry[];
  inFlight: number;
  failuresInARow: number;
  skipReason: string | undefined;
}

/** Hands out users to be deleted, a connection after the other, so that one that hangs keeps no other waiting. */
export class Turns {
  private readonly queues = new Map<string, Queue>();

  /** `atOnce`: deletions at a time; of several connections none gets more than half of them. */
  constructor(
    entries: readonly LedgerEntry[],
    private readonly atOnce: number,
  ) {
    for (const entry of entries) {
      const queue = this.queues.get(entry.connection);
      if (queue) queue.waiting.push(entry);
      else
        this.queues.set(entry.connection, { waiting: [entry], inFlight: 0, failuresInARow: 0, skipReason: undefined });
    }
  }

  /** The next user; `undefined` if there is none for this worker. */
  next(): LedgerEntry | undefined {
    const most = this.queues.size > 1 ? this.atOnce / 2 : this.atOnce;
    for (const [name, queue] of this.queues) {
      if (queue.inFlight >= most && queue.skipReason === undefined) continue;
      const entry = queue.waiting.shift();
      if (entry === undefined) continue;
      queue.inFlight += 1;
      // to the end of the line
      this.queues.delete(name);
      this.queues.set(name, queue);
      return entry;
    }
    return undefined;
  }

  /** Why the users of a connection are left to the next time, if they are. */
  skipReason(connection: string): string | undefined {
    return this.queues.get(connection)?.skipReason;
  }

  /** A user that was handed out is deleted, or `refused`. */
  done({ connection }: LedgerEntry, refused?: { code: string; reason: string }): void {
    const queue = this.queues.get(connection);
    if (queue === undefined) return;
    queue.inFlight -= 1;
    if (refused === undefined) {
      queue.failuresInARow = 0;
      return;
    }
    if (PERHAPS_OF_CONNECTION.has(refused.code)) queue.failuresInARow += 1;
    if (OF_CONNECTION.has(refused.code) || queue.failuresInARow >= 2) queue.skipReason ??= refused.reason;
  }
}
