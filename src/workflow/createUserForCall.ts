import { history } from '../history';
import { getConnection, identityActions } from '../identity';
import type { CallOptions, CreatedUser, IdentityActions } from '../identity/identityTypes';
import { readRunMark } from '../runs/runMark';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { functionKey } from '../base/workflowSettings';
import { RunUsers, type RunLedger } from './runUsers';
import { ledgerOf } from './runWorkflow';

/**
 * Creates a user for a caller of the function. If the call has the mark of a run (see `runMark.ts`), it waits longer for ACS, and the user is written to the
 * ledger before the caller gets the answer, because the process of the caller may have died meanwhile.
 */
export async function createUserForCall(
  input: Parameters<IdentityActions['createUser']>[0] & { connection?: string | undefined },
  call: CallOptions & { log: Pick<RunLog, 'warn'> },
): Promise<CreatedUser> {
  const { name } = await getConnection(input.connection);
  const actions = await identityActions(name);
  const runId = call.runMark === undefined ? undefined : readRunMark(call.runMark, functionKey());
  // a ledger in memory is useful only in the process of the run, which writes to it itself
  if (runId === undefined || history().runs.kind === 'memory') return actions.createUser(input, call);
  const ledger = ledgerOf(history().ledger, { id: runId, connection: name }, call.log);
  return createUserOfRun(actions, input, call, ledger);
}

/**
 * Creates a user for a run that called the function. Settles when the user is written to the ledger, or when that has failed. Waits for ACS as long as the
 * run may wait for the answer.
 */
async function createUserOfRun(
  actions: Pick<IdentityActions, 'createUser'>,
  input: Parameters<IdentityActions['createUser']>[0],
  call: CallOptions,
  ledger: RunLedger,
): Promise<CreatedUser> {
  const users = new RunUsers(ledger, 0);
  const answer = actions.createUser(input, { ...call, listenMs: LIMITS.stepMs + LIMITS.cleanupMs });
  users.trackCreation(answer);
  await users.creationsSettled();
  await users.ledgerWritesSettled();
  return answer;
}
