import type { Ledger } from '../runs/ledger';
import type { IdentityActions } from '../identity/identityActions';
import { newRunId } from '../runs/runId';
import { resourceOf } from '../identity/userId';

/**
 * The ACS resource that a connection points at: makes a user, whose id names the resource, and deletes it. ACS tells it in no other way. The user is in
 * the ledger until it is deleted, so if that fails a later sweep finds it.
 * @throws AppError of `createUser` or `deleteUser`
 */
export async function resourceByProbe(
  connection: string,
  actions: Pick<IdentityActions, 'createUser' | 'deleteUser'>,
  ledger: Pick<Ledger, 'add' | 'strike'>,
): Promise<string> {
  const { identity } = await actions.createUser({});
  const entry = {
    userId: identity.id,
    // of no run, but sorted by its time as those of runs are
    runId: newRunId(Date.now()),
    connection,
    resourceId: resourceOf(identity.id),
    madeAt: new Date().toISOString(),
  };
  // a user that can't be recorded is deleted all the same
  const [recorded] = await Promise.allSettled([ledger.add(entry)]);
  await actions.deleteUser({ userId: entry.userId });
  if (recorded.status === 'fulfilled') await ledger.strike(entry);
  return entry.resourceId;
}
