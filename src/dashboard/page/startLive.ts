import { listRuns, startRun } from './api';
import { remember } from './answered';
import { runHash } from './router';
import type { Run, RunOptions } from './types';

const LOOK_MS = 400;
/** The clocks of the browser and the app may differ by this. */
const SKEW_MS = 15 * 60_000;

/**
 * Starts a run, shows it while it runs, and resolves when it has ended. The answer comes at the end, so the run is found by its tracking id before; without a
 * history it is shown at its end.
 */
export async function startLive(options: RunOptions): Promise<Run> {
  const clientTrackingId = options.clientTrackingId ?? newTrackingId();
  const from = location.hash;
  const since = new Date(Date.now() - SKEW_MS).toISOString();
  let isOver = false;
  // whoever has gone elsewhere meanwhile stays there
  const show = (id: string) => {
    if (location.hash === from) location.hash = runHash(id);
  };
  const look = async () => {
    const page = await listRuns({ clientTrackingId, since, status: 'Running', top: '1' }).catch(() => undefined);
    const id = page?.value[0]?.id;
    if (isOver) return;
    if (id === undefined) setTimeout(() => void look(), LOOK_MS);
    else show(id);
  };
  setTimeout(() => isOver || void look(), LOOK_MS);
  try {
    const run = await startRun({ ...options, clientTrackingId });
    remember(run);
    show(run.id);
    return run;
  } finally {
    isOver = true;
  }
}

function newTrackingId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
