import { userOf, type Step } from '../step';

/** Revokes all tokens of the run's user. */
export const revokeTokens: Step<void> = {
  name: 'Revoke_user_access_tokens',
  runAfter: { Issue_a_user_access_token: ['Succeeded'] },
  successCode: 'NoContent',
  inputs: (state) => ({ userId: state.userId }),
  deeperChecks: ['revokedTokenRefused'],
  execute: ({ actions, state, call }) => actions.revokeTokens({ userId: userOf(state) }, call),
};
