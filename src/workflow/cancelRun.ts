import { AppError } from '../base/errors';
import { history } from '../history';
import { runNotFound } from '../runs/storedRuns';
import { cancelHere } from './cancellations';

/** A run that will end as Aborted, unless it ends by itself first. */
export interface CancelAnswer {
  id: string;
  status: 'Running';
  cancelRequested: true;
}

/**
 * Cancels a run, on whatever instance it is: there it ends at once, elsewhere when it saves its progress the next time. Its user is deleted.
 * @throws AppError `RunNotFound` (404), `RunEnded` (409) or `StorageUnavailable`
 */
export async function cancelRun(id: string): Promise<CancelAnswer> {
  const result = await history().runs.requestCancel(id);
  if (result === 'notFound') throw runNotFound();
  if (result === 'ended') throw new AppError(409, 'RunEnded', 'The run has ended, so it can not be cancelled.');
  cancelHere(id);
  return { id, status: 'Running', cancelRequested: true };
}
