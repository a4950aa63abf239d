import { LIMITS, withLimit } from '../limits';
import type { RunStore } from '../history/runStore';
import type { RunLog } from './runLog';
import type { Run } from './runRecord';

/** Runs that are remembered at the most; the oldest is forgotten first. */
const MAX_RUNS = 100;

/**
 * Runs of this process that have ended and could not be written into the history. They are written later, before dead runs are closed: there they
 * still look like runs whose process died.
 */
export class UnrecordedRuns {
  private readonly runs = new Map<string, Run>();

  get size(): number {
    return this.runs.size;
  }

  has(runId: string): boolean {
    return this.runs.has(runId);
  }

  /**
   * Remembers a run that could not be recorded. After one that was, the storage works again: what it did not take before is written while there is
   * an invocation to do so, for a short time.
   */
  async afterRun(
    run: Run,
    store: Pick<RunStore, 'save'>,
    log?: Pick<RunLog, 'info'>,
    stop?: AbortSignal,
  ): Promise<void> {
    if (run.recorded === false) this.add(run);
    else if (this.runs.size > 0) {
      await withLimit(LIMITS.progressMs, stop, () => this.write(store, log)).catch(() => undefined);
    }
  }

  private add(ended: Run): void {
    const run = { ...ended };
    delete run.recorded;
    delete run.recordError;
    this.runs.set(run.id, run);
    if (this.runs.size <= MAX_RUNS) return;
    const [oldest = ''] = this.runs.keys();
    this.runs.delete(oldest);
  }

  /** Writes them. Stops at the first that still can't be written, and rejects with its error. */
  async write(store: Pick<RunStore, 'save'>, log?: Pick<RunLog, 'info'>): Promise<void> {
    for (const [id, run] of this.runs) {
      await store.save(run);
      this.runs.delete(id);
      log?.info(`Run ${id}, which could not be recorded when it ended, is recorded now.`);
    }
  }
}
