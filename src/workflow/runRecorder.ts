import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { delayed, withLimit } from '../base/timeLimit';
import type { RunStore } from '../runs/runStore';
import type { Run, RunError } from '../runs/run';

/** Before a run that has ended is written again. The store repeats its requests itself, for up to 3.4 s, so once is enough. */
const WAITS_MS = [2_000];

/** How long the end waits for what is on its way when the app is stopping, in milliseconds. */
const STOPPING_PROGRESS_MS = 250;

/**
 * How long a state waits for the next one before it is written, in milliseconds: a run whose steps take no time, as on this machine, would only be
 * slowed down by its own writes. Steps on ACS take longer than this.
 */
const PROGRESS_DELAY_MS = 50;

/** Writes the states of one run, one after the other. A state that is not written yet is replaced by the next one. */
export class RunRecorder {
  private waiting: Run | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly store: Pick<RunStore, 'save'>) {}

  /** Writes that the run has begun, as soon as its first request is on its way. Nobody waits for it. */
  begin(run: Run): void {
    this.waiting = run;
    this.writing = nextTurn().then(() => this.write());
  }

  /** Writes the state of a run that has not ended, a little later. Nobody waits for it; if it fails, a later state has it all. */
  progress(run: Run): void {
    this.waiting = run;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.writing = this.writing.then(() => this.write());
    }, PROGRESS_DELAY_MS);
  }

  /**
   * Writes the run that has ended, again if that fails, within {@link LIMITS.recordMs}, or {@link LIMITS.terminateRecordMs} when `stop` has aborted.
   * `deleted`: see {@link RunStore.save}. Returns why it could not be written.
   */
  async end(run: Run, deleted: readonly string[], stop?: AbortSignal): Promise<RunError | undefined> {
    const { signal, release } = delayed(stop, LIMITS.terminateRecordMs);
    try {
      return await this.writeEnd(run, deleted, signal, stop?.aborted ? STOPPING_PROGRESS_MS : LIMITS.progressMs);
    } finally {
      release?.();
    }
  }

  private async writeEnd(
    run: Run,
    deleted: readonly string[],
    signal: AbortSignal | undefined,
    progressMs: number,
  ): Promise<RunError | undefined> {
    clearTimeout(this.timer);
    this.waiting = undefined;
    const deadline = performance.now() + LIMITS.recordMs;
    // what is on its way can't undo the end, so there is no need to wait for long
    await withLimit(progressMs, signal, () => this.writing).catch(() => undefined);
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = deadline - performance.now();
      const error = await withLimit(leftMs, signal, () => this.store.save(run, deleted)).then(
        () => undefined,
        (thrown: unknown) => errorOf(thrown),
      );
      const waitMs = WAITS_MS[attempt];
      if (error === undefined || waitMs === undefined || performance.now() + waitMs >= deadline) return error;
      try {
        await sleep(waitMs, undefined, { signal });
      } catch {
        return error;
      }
    }
  }

  private async write(): Promise<void> {
    const run = this.waiting;
    this.waiting = undefined;
    if (run) await this.store.save(run).catch(() => undefined);
  }
}

function errorOf(thrown: unknown): RunError {
  return isAppError(thrown)
    ? { code: thrown.code, message: thrown.message }
    : { code: 'StorageUnavailable', message: 'The run could not be recorded in time.' };
}
