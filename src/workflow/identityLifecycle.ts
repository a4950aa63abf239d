import { WORKFLOW_NAME } from '../runs/run';
import type { Workflow } from './step';
import { createUser } from './steps/createUser';
import { deleteUser } from './steps/deleteUser';
import { issueToken } from './steps/issueToken';
import { revokeTokens } from './steps/revokeTokens';

/** The test workflow: the four actions of the Logic Apps connector, in order. To add a step, add a file in `steps/` and list it here. */
export const identityLifecycle: Workflow = {
  name: WORKFLOW_NAME,
  steps: [createUser, issueToken, revokeTokens, deleteUser],
};
