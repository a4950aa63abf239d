import { startOfRunId } from '../runs/runId';
import type { Ledger, LedgerEntry, LedgerQuery } from '../runs/ledger';

/** Maximum number of users. The oldest entry is dropped first. */
const MEMORY_USERS = 10_000;

/** Keeps the ledger in the memory of this process, so it is lost when the process ends. Health reports that. */
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

  remove({ userId }: Pick<LedgerEntry, 'runId' | 'userId'>): Promise<void> {
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
