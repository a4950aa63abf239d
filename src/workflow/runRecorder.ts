import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { delayedSignal, withTimeout } from '../base/timeout';
import type { RunStore } from '../runs/runStore';
import type { Run, RunError } from '../runs/run';

/** The wait before each retry of writing an ended run. One is enough, because the store itself retries its requests for up to 3.4 s. */
const WAITS_MS = [2_000];

/** If the app is stopping: how long the end of a run waits for a write that is in flight, in milliseconds. */
const STOPPING_PROGRESS_MS = 250;

/**
 * How long a state waits before it is written, in milliseconds, because the next state may replace it. Steps on ACS take longer than this. Steps on a local
 * emulator are faster, and the writes would slow down the run.
 */
const PROGRESS_DELAY_MS = 50;

/** Saves the states of one run, one after the other. A new state replaces the previous one if that is not written yet. */
export class RunRecorder {
  private waiting: Run | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  /** `onCancel`: called if somebody has asked to cancel the run. */
  constructor(
    private readonly store: Pick<RunStore, 'save'>,
    private readonly onCancel?: () => void,
  ) {}

  /** Saves the start of the run, after its first request has been sent. The run does not wait for it. */
  begin(run: Run): void {
    this.waiting = run;
    this.writing = nextTurn().then(() => this.write());
  }

  /** Saves the state of a running run, after a short delay. The run does not wait for it. If it fails, a later state includes everything. */
  progress(run: Run): void {
    this.waiting = run;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.writing = this.writing.then(() => this.write());
    }, PROGRESS_DELAY_MS);
  }

  /**
   * Saves the ended run, with a retry, within {@link LIMITS.recordMs}, or {@link LIMITS.terminateRecordMs} if `stop` has aborted. `deleted`: see
   * {@link RunStore.save}. Returns the error if it could not be saved.
   */
  async end(run: Run, deleted: readonly string[], stop?: AbortSignal): Promise<RunError | undefined> {
    const { signal, release } = delayedSignal(stop, LIMITS.terminateRecordMs);
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
    // a write that is in flight can't replace the ended run, so there is no need to wait for long
    await withTimeout(progressMs, signal, () => this.writing).catch(() => undefined);
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = deadline - performance.now();
      const error = await withTimeout(leftMs, signal, () => this.store.save(run, deleted)).then(
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
    const result = run && (await this.store.save(run).catch(() => undefined));
    if (result === 'cancelRequested') this.onCancel?.();
  }
}

function errorOf(thrown: unknown): RunError {
  return isAppError(thrown)
    ? { code: thrown.code, message: thrown.message }
    : { code: 'StorageUnavailable', message: 'The run could not be recorded in time.' };
}
