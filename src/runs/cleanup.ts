import type { Run } from './run';

/** Has the run ended, and is it unknown whether ACS created a user? */
export const isUnknown = ({ status, cleanup }: Run): boolean => status !== 'Running' && cleanup === 'Unknown';

/**
 * The record of an ended run after one of its users was deleted: `Clean` if that was the last one. `undefined` if the record does not change, because the
 * run is still running or has no users left. A run creates one user, so an `Unknown` becomes `Clean` too.
 */
export function withoutUser(run: Run, userId: string): Run | undefined {
  if (run.status === 'Running' || (run.cleanup !== 'Pending' && run.cleanup !== 'Unknown')) return undefined;
  const { usersLeftBehind = [], ...rest } = run;
  const left = usersLeftBehind.filter((id) => id !== userId);
  return left.length > 0 ? { ...rest, cleanup: 'Pending', usersLeftBehind: left } : { ...rest, cleanup: 'Clean' };
}
