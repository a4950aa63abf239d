import type { CallOptions, CreatedUser, IdentityActions } from '../identity/identityActions';
import { LIMITS } from '../limits';
import { RunUsers, type RunLedger } from './runUsers';

/**
 * Creates a user for a run that called a function. Settles when the user is in the ledger, or could not be written there: the process that made the
 * call may have died meanwhile. Waits for ACS as long as such a run listens for the answer.
 */
export async function createUserOfRun(
  actions: Pick<IdentityActions, 'createUser'>,
  input: Parameters<IdentityActions['createUser']>[0],
  call: CallOptions,
  ledger: RunLedger,
): Promise<CreatedUser> {
  const users = new RunUsers(ledger, 0);
  const answer = actions.createUser(input, { ...call, listenMs: LIMITS.stepMs + LIMITS.cleanupMs });
  users.creation(answer);
  await users.heard();
  await users.settled();
  return answer;
}
