import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../errors';
import { LIMITS, withLimit } from '../limits';
import type { RunStore } from '../history/runStore';
import type { Run, RunError } from './runRecord';

/** Between the attempts to write a run that has ended. */
const WAITS_MS = [500, 2_000];

/** Writes the states of one run, one after the other. States that come while another is being written replace each other. */
export class RunRecorder {
  private waiting: Run | undefined;
  private writing: Promise<void> | undefined;

  constructor(private readonly store: Pick<RunStore, 'save'>) {}

  /** Writes the state of a run that has not ended. Nobody waits for it; if it fails, a later state has it all. */
  progress(run: Run): void {
    this.waiting = run;
    this.writing ??= this.writeWaiting().finally(() => (this.writing = undefined));
  }

  /**
   * Writes the run that has ended, again if that fails, within {@link LIMITS.recordMs}. `deleted`: see {@link RunStore.save}. Returns why it could
   * not be written.
   */
  async end(run: Run, deleted: readonly string[]): Promise<RunError | undefined> {
    this.waiting = undefined;
    const deadline = performance.now() + LIMITS.recordMs;
    // what is on its way can't undo the end, so there is no need to wait for long
    await withLimit(LIMITS.progressMs, undefined, async () => this.writing).catch(() => undefined);
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = deadline - performance.now();
      const error = await withLimit(leftMs, undefined, () => this.store.save(run, deleted)).then(
        () => undefined,
        (thrown: unknown) => errorOf(thrown),
      );
      const waitMs = WAITS_MS[attempt];
      if (error === undefined || waitMs === undefined || performance.now() + waitMs >= deadline) return error;
      await sleep(waitMs);
    }
  }

  private async writeWaiting(): Promise<void> {
    for (let run = this.waiting; run !== undefined; run = this.waiting) {
      this.waiting = undefined;
      await this.store.save(run).catch(() => undefined);
    }
  }
}

function errorOf(thrown: unknown): RunError {
  return isAppError(thrown)
    ? { code: thrown.code, message: thrown.message }
    : { code: 'StorageUnavailable', message: 'The run could not be recorded in time.' };
}
