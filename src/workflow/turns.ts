/** Failures of the connection, not of one user. The connection is skipped after the first one. */
const OF_CONNECTION = new Set([
  'ServiceTimeout',
  'Throttled',
  'ConnectionDenied',
  'ApiVersionNotSupported',
  'UnknownConnection',
  'Misconfigured',
  'OtherConnection',
]);
/** Failures that may be of one user only. The connection is skipped after two in a row. */
const PERHAPS_OF_CONNECTION = new Set(['ServiceUnavailable']);

interface Queue<E> {
  waiting: E[];
  inFlight: number;
  failuresInARow: number;
  skipReason: string | undefined;
}

/** Distributes users to the workers that delete them. Connections take turns, so that one that hangs does not block the others. */
export class Turns<E extends { connection: string }> {
  private readonly queues = new Map<string, Queue<E>>();

  /** `atOnce`: number of parallel deletions. If there are several connections, each gets at most half of them. */
  constructor(
    entries: readonly E[],
    private readonly atOnce: number,
  ) {
    for (const entry of entries) {
      const queue = this.queues.get(entry.connection);
      if (queue) queue.waiting.push(entry);
      else
        this.queues.set(entry.connection, { waiting: [entry], inFlight: 0, failuresInARow: 0, skipReason: undefined });
    }
  }

  /** The next user for a worker; `undefined` if there is none. */
  next(): E | undefined {
    const most = this.queues.size > 1 ? this.atOnce / 2 : this.atOnce;
    for (const [name, queue] of this.queues) {
      if (queue.inFlight >= most && queue.skipReason === undefined) continue;
      const entry = queue.waiting.shift();
      if (entry === undefined) continue;
      queue.inFlight += 1;
      // move the connection to the end of the queue
      this.queues.delete(name);
      this.queues.set(name, queue);
      return entry;
    }
    return undefined;
  }

  /** Why the connection is skipped; `undefined` if it is not. */
  skipReason(connection: string): string | undefined {
    return this.queues.get(connection)?.skipReason;
  }

  /** Call it when the deletion of a user has ended. `refused`: why the user was not deleted. */
  done({ connection }: E, refused?: { code: string; reason: string }): void {
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
