import { history } from '../history';
import { getConnection, identityActions } from '../identity';
import type { CallOptions, CreatedUser, IdentityActions } from '../identity/identityActions';
import { readRunMark } from '../runs/runMark';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { functionKey } from '../base/workflowSettings';
import { RunUsers, type RunLedger } from './runUsers';
import { ledgerOf } from './runWorkflow';

/**
 * Creates a user for a caller. A call with the mark of a run (see `runMark`) waits longer for ACS, and its user is in the ledger before the caller
 * gets the answer: the caller may have died meanwhile.
 */
export async function createUserForCall(
  input: Parameters<IdentityActions['createUser']>[0] & { connection?: string | undefined },
  call: CallOptions & { log: Pick<RunLog, 'warn'> },
): Promise<CreatedUser> {
  const { name } = await getConnection(input.connection);
  const actions = await identityActions(name);
  const runId = call.runMark === undefined ? undefined : readRunMark(call.runMark, functionKey());
  // in memory only the process of the run itself can know what became of the user
  if (runId === undefined || history().runs.kind === 'memory') return actions.createUser(input, call);
  const ledger = ledgerOf(history().ledger, { id: runId, connection: name }, call.log);
  return createUserOfRun(actions, input, call, ledger);
}

/**
 * Creates a user for a run that called a function. Settles when the user is in the ledger, or could not be written there: the process that made the
 * call may have died meanwhile. Waits for ACS as long as such a run listens for the answer.
 */
async function createUserOfRun(
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
