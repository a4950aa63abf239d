// Runs as their own answer described them. The history may know less: it may not have been able to keep the run, and closes it as Aborted later.
import type { Run } from './types';

const STORE_NAME = 'acs-identity-functions.unrecordedRuns';
const MAX_KEPT = 20;

const answered = new Map<string, Run>(kept().map((run) => [run.id, run]));

/** Remembers a run that was answered. One that was not recorded survives a reload of this tab. */
export function remember(run: Run): void {
  answered.set(run.id, run);
  if (run.recorded === false) sessionStorage.setItem(STORE_NAME, JSON.stringify([run, ...kept()].slice(0, MAX_KEPT)));
}

export const answeredRun = (id: string): Run | undefined => answered.get(id);

/** What is known about a run: the stored record, unless the answer knows better. */
export function merged(stored: Run): Run {
  const run = answered.get(stored.id);
  if (run === undefined) return stored;
  const storedLess = stored.status === 'Running' || (stored.status === 'Aborted' && run.status !== 'Aborted');
  return storedLess ? run : stored;
}

/** The runs of a list, with those that the history does not know. `isWhole`: the list begins with the newest run, and has no filters. */
export function mergedList(stored: readonly Run[], isWhole: boolean): Run[] {
  const known = new Set(stored.map(({ id }) => id));
  const oldest = stored.at(-1)?.id;
  const missing = isWhole
    ? [...answered.values()].filter(
        ({ id, recorded }) => recorded === false && !known.has(id) && (oldest === undefined || id < oldest),
      )
    : [];
  // newer ids sort first
  return [...stored.map(merged), ...missing].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function kept(): Run[] {
  try {
    return JSON.parse(sessionStorage.getItem(STORE_NAME) ?? '[]') as Run[];
  } catch {
    return [];
  }
}
