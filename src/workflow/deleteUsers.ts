import { isAppError } from '../base/errors';
import { withTimeout } from '../base/timeout';
import { Turns } from './turns';
import { NO_TIME, UserDeletion, type DeletionOptions, type Refusal, type UserToDelete } from './userDeletion';

/** Number of parallel deletions. It is low because ACS limits the calls of a resource. */
const AT_ONCE = 4;

export interface Deletions<E> {
  /** Number of users that were deleted. */
  deleted: number;
  /** Users that still exist, and why. */
  left: (E & Refusal)[];
  /** Was the time too short? */
  isCutShort: boolean;
  /** Why deletions could not be recorded, if that failed. */
  failure: string | undefined;
}

/** Deletes users within the time. Connections take turns. A connection that fails is skipped for the rest. `onDeleted`: records a deletion in the storage. */
export async function deleteUsers<E extends UserToDelete>(
  entries: readonly E[],
  options: DeletionOptions & { onDeleted: (entry: E) => Promise<void> },
): Promise<Deletions<E>> {
  const { leftMs, onDeleted } = options;
  const turns = new Turns(entries, AT_ONCE);
  const deletion = new UserDeletion(options);
  const left: (E & Refusal)[] = [];
  const undecided: E[] = [];
  let deleted = 0;
  let isCutShort = false;
  let failure: string | undefined;
  const settle = async (entry: E, refused: Refusal | undefined) => {
    if (refused !== undefined) {
      isCutShort ||= refused === NO_TIME;
      left.push({ ...entry, code: refused.code, reason: refused.reason });
      return;
    }
    deleted += 1;
    // if this fails, the next sweep deletes the user again, which does no harm
    await withTimeout(leftMs(), undefined, () => onDeleted(entry)).catch((error: unknown) => {
      if (isAppError(error)) failure ??= error.message;
      else isCutShort = true;
    });
  };
  const worker = async () => {
    for (let entry = turns.next(); entry !== undefined; entry = turns.next()) {
      const skipped = turns.skipReason(entry.connection);
      if (skipped !== undefined || failure !== undefined || leftMs() <= 0) {
        await settle(entry, skipped === undefined ? NO_TIME : { code: 'Skipped', reason: skipped });
        turns.done(entry);
        continue;
      }
      const refused = await deletion.delete(entry);
      if (refused?.code === 'Undecided') undecided.push(entry);
      else await settle(entry, refused);
      turns.done(entry, refused);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // by now other deletions may have shown the resource of the connection
  for (const entry of undecided) await settle(entry, await deletion.decide(entry));
  return { deleted, left, isCutShort, failure };
}
