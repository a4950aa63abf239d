import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunStore } from './runStore';
import type { Run } from './run';

export interface LatestQuery {
  maxAgeMinutes?: number | undefined;
  connection?: string | undefined;
}

/** The run with this id. @throws AppError `RunNotFound` */
export async function getRun(store: Pick<RunStore, 'get'>, id: string): Promise<Run> {
  const run = await store.get(id);
  if (run !== undefined) return run;
  throw runNotFound();
}

export const runNotFound = (): AppError =>
  new AppError(404, 'RunNotFound', 'There is no run with this id, or it is no longer kept.', { target: 'runId' });

/**
 * The newest ended run, if it succeeded and ended at most `maxAgeMinutes` ago.
 * @throws AppError `LastRunFailed`, `NoRecentRun` (503)
 */
export async function latestRun(
  store: Pick<RunStore, 'list'>,
  { maxAgeMinutes, connection }: LatestQuery,
): Promise<Run> {
  let page = await store.list({ connection, top: 25 });
  for (;;) {
    const run = page.value.find(({ status }) => status !== 'Running');
    if (run) return requireRecentSuccess(run, maxAgeMinutes);
    if (page.continuationToken === undefined) {
      const where = connection === undefined ? '' : ' on this connection';
      throw new AppError(503, 'NoRecentRun', `No run has ended yet${where}.`);
    }
    page = await store.list({ connection, top: 250, continuationToken: page.continuationToken });
  }
}

function requireRecentSuccess(run: Run, maxAgeMinutes: number | undefined): Run {
  const ended = run.endTime ?? run.startTime;
  if (run.status !== 'Succeeded') {
    throw new AppError(
      503,
      'LastRunFailed',
      `Run ${run.id} ended ${run.status} at ${ended}. ${run.error?.message ?? ''}`.trim(),
    );
  }
  if (maxAgeMinutes === undefined) return run;
  const ageMs = Date.now() - Date.parse(ended);
  if (ageMs > maxAgeMinutes * 60_000) {
    throw new AppError(503, 'NoRecentRun', `The last run ended at ${ended}, more than ${maxAgeMinutes} min ago.`);
  }
  if (ageMs < -LIMITS.clockSkewMs) {
    throw new AppError(
      503,
      'NoRecentRun',
      `The last run ended at ${ended}, which is in the future. The clock of this machine, or of the machine that made the run, is wrong.`,
    );
  }
  return run;
}
