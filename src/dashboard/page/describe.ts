// What a run's record means, in words.
import { stepTitle } from './format';
import type { Run, RunError, Step } from './types';

/** The step that made the run fail. */
export const failedStep = (run: Run): Step | undefined =>
  run.actions.find(({ status }) => status !== 'Succeeded' && status !== 'Skipped');

/** Why a run is not as it should be, in short: where and what. */
export function reasonOf(run: Run): { where?: string; code: string; message: string } | undefined {
  const step = failedStep(run);
  const error: RunError | undefined = step?.error ?? run.error;
  if (step === undefined && error === undefined) return undefined;
  return {
    ...(step === undefined ? {} : { where: stepTitle(step.name) }),
    code: error?.code ?? step?.code ?? run.status,
    message: error?.message ?? '',
  };
}

/** The run's own error, unless it only repeats that of a step. */
export const ownError = (run: Run): RunError | undefined =>
  failedStep(run)?.error === undefined ? run.error : undefined;

/** An error says that ACS may have made a user; older records call the cleanup of such a run NotNeeded. */
const mayHaveUser = (run: Run) =>
  run.cleanup === 'NotNeeded' && run.actions.some(({ error }) => error?.message.includes('ACS may have made a user'));

export const cleanupOf = (run: Run): Run['cleanup'] => (mayHaveUser(run) ? 'Unknown' : run.cleanup);

/** What became, or is to become, of the user that the run made. */
export function cleanupText(run: Run): string {
  const users = (run.usersLeftBehind ?? []).join(', ');
  const cleanup = cleanupOf(run);
  if (run.status === 'Running') return cleanup === 'Clean' ? 'The user is deleted' : 'Not yet';
  switch (cleanup) {
    case 'Clean':
      return 'Clean: the user is deleted';
    case 'NotNeeded':
      return 'Not needed: no user was created';
    case 'Pending':
      return `Pending: a later scheduled run deletes ${users}`;
    case 'Unknown':
      return 'Unknown: ACS may have made a user whose id was not received';
  }
}

/** A word about the user, for lists; `undefined` if nothing is left. */
export function leftText(run: Run): string | undefined {
  if (run.status === 'Running') return undefined;
  const cleanup = cleanupOf(run);
  return cleanup === 'Pending' ? 'user left behind' : cleanup === 'Unknown' ? 'user possibly left' : undefined;
}
