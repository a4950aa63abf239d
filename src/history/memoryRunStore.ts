import type { Run } from '../workflow/runRecord';
import { passes, summaryOf } from './runSummary';
import { DEFAULT_TOP, type RunPage, type RunQuery, type RunStore } from './runStore';

/** Runs that are kept at the most; the oldest goes first. */
export const MEMORY_RUNS = 500;

/** Keeps the newest runs in this process. They end with it, and other instances don't see them: health says so. */
export class MemoryRunStore implements RunStore {
  readonly kind = 'memory';
  private readonly runs = new Map<string, Run>();

  save(run: Run): Promise<void> {
    this.runs.set(run.id, structuredClone(run));
    if (this.runs.size > MEMORY_RUNS) {
      const oldest = [...this.runs.keys()].reduce((a, b) => (a > b ? a : b));
      this.runs.delete(oldest);
    }
    return Promise.resolve();
  }

  get(id: string): Promise<Run | undefined> {
    return Promise.resolve(structuredClone(this.runs.get(id)));
  }

  list(query: RunQuery): Promise<RunPage> {
    const top = query.top ?? DEFAULT_TOP;
    const found = [...this.runs.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter((run) => {
        const start = Date.parse(run.startTime);
        if (query.since !== undefined && start < query.since) return false;
        if (query.until !== undefined && start >= query.until) return false;
        return (query.continuationToken === undefined || run.id > query.continuationToken) && passes(run, query);
      });
    const value = found.slice(0, top).map((run) => summaryOf(structuredClone(run)));
    const last = value.at(-1);
    return Promise.resolve(found.length > top && last ? { value, continuationToken: last.id } : { value });
  }

  check(): Promise<void> {
    return Promise.resolve();
  }
}
