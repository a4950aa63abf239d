import type { Ledger } from '../runs/ledger';
import type { IdentityActions } from '../identity/identityTypes';
import { newRunId } from '../runs/runId';
import { resourceOf } from '../identity/identityTypes';

/**
 * The id of the ACS resource of a connection. Creates a user, whose id contains the resource's, and deletes it: ACS has no other way to find out. The user is
 * in the ledger until it is deleted, so if that fails, a later sweep deletes it.
 * @throws AppError of `createUser` or `deleteUser`
 */
export async function resourceByProbe(
  connection: string,
  actions: Pick<IdentityActions, 'createUser' | 'deleteUser'>,
  ledger: Pick<Ledger, 'add' | 'remove'>,
): Promise<string> {
  const { identity } = await actions.createUser({});
  const entry = {
    userId: identity.id,
    // there is no such run; an id is needed because the ledger is sorted by the time in it
    runId: newRunId(Date.now()),
    connection,
    resourceId: resourceOf(identity.id),
    madeAt: new Date().toISOString(),
  };
  // if the user can't be recorded, it is still deleted
  const [recorded] = await Promise.allSettled([ledger.add(entry)]);
  await actions.deleteUser({ userId: entry.userId });
  if (recorded.status === 'fulfilled') await ledger.remove(entry);
  return entry.resourceId;
}
