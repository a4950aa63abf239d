import { AppError } from '../base/errors';
import { TimeoutReached, withTimeout } from '../base/timeout';
import type { RunStore } from '../runs/runStore';
import type { RunLog } from '../base/log';
import type { Run } from '../runs/run';

/** Maximum number of runs. The oldest one is dropped first. */
const MAX_RUNS = 100;

/**
 * Ended runs of this process that could not be saved to the history. They are saved later, before dead runs are closed, because in the history they look like
 * runs whose process died.
 */
export class UnrecordedRuns {
  private readonly runs = new Map<string, { run: Run; deletedUsers: readonly string[] }>();

  get size(): number {
    return this.runs.size;
  }

  has(runId: string): boolean {
    return this.runs.has(runId);
  }

  /** Adds a run that could not be saved, and its users that no longer exist. */
  add(run: Run, deletedUsers: readonly string[]): void {
    this.runs.set(run.id, { run, deletedUsers });
    if (this.runs.size <= MAX_RUNS) return;
    const [oldest = ''] = this.runs.keys();
    this.runs.delete(oldest);
  }

  /** Saves the runs within `limitMs`. If one can't be saved, the others still are; its error is thrown at the end. */
  async write(
    store: Pick<RunStore, 'save'>,
    { log, limitMs, stop }: { log?: Pick<RunLog, 'info'> | undefined; limitMs: number; stop?: AbortSignal },
  ): Promise<void> {
    let failure: Error | undefined;
    const writeAll = async () => {
      for (const [id, { run, deletedUsers }] of this.runs) {
        try {
          await store.save(run, deletedUsers);
          this.runs.delete(id);
          log?.info(`Run ${id}, which could not be recorded when it ended, is recorded now.`);
        } catch (error) {
          failure = error instanceof Error ? error : undefined;
        }
      }
    };
    await withTimeout(limitMs, stop, writeAll).catch((error: unknown) => {
      if (!(error instanceof TimeoutReached)) throw error;
      failure ??= new AppError(503, 'StorageUnavailable', 'The storage that keeps runs did not answer in time.');
    });
    if (failure) throw failure;
  }
}
