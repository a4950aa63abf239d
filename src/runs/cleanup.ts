import type { Run } from './run';

/** Did the run end without knowing whether ACS made a user? */
export const isUnknown = ({ status, cleanup }: Run): boolean => status !== 'Running' && cleanup === 'Unknown';

/**
 * An ended run after one of its users was deleted: Clean if it was the last one. `undefined` if the deletion changes nothing, as the run is still
 * running or is marked already. A run makes one user, so one that was found ends an `Unknown` too.
 */
export function withoutUser(run: Run, userId: string): Run | undefined {
  if (run.status === 'Running' || (run.cleanup !== 'Pending' && run.cleanup !== 'Unknown')) return undefined;
  const { usersLeftBehind = [], ...rest } = run;
  const left = usersLeftBehind.filter((id) => id !== userId);
  return left.length > 0 ? { ...rest, cleanup: 'Pending', usersLeftBehind: left } : { ...rest, cleanup: 'Clean' };
}
