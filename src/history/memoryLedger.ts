import { startOfRunId } from '../runs/runId';
import type { Ledger, LedgerEntry, LedgerQuery } from '../runs/ledger';

/** Users that are remembered at the most; the one written down first goes first. */
const MEMORY_USERS = 10_000;

/** Keeps the ledger in this process, with which it ends; health reports that. */
export class MemoryLedger implements Ledger {
  private readonly entries = new Map<string, LedgerEntry>();

  add(entry: LedgerEntry): Promise<void> {
    this.entries.set(entry.userId, { ...entry });
    if (this.entries.size > MEMORY_USERS) {
      for (const first of this.entries.keys()) {
        this.entries.delete(first);
        break;
      }
    }
    return Promise.resolve();
  }

  strike({ userId }: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void> {
    this.entries.delete(userId);
    return Promise.resolve();
  }

  list({ startedBefore, top }: LedgerQuery): Promise<LedgerEntry[]> {
    const found = [...this.entries.values()]
      .filter(({ runId }) => startOfRunId(runId) < startedBefore)
      .sort((a, b) => (a.runId < b.runId ? -1 : 1));
    return Promise.resolve(found.slice(0, top));
  }
}
