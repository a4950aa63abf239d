import type { AccessToken } from '../../identity/identityTypes';
import { tokenError } from '../checks';
import { userOf, type Step } from '../step';

/** Issues a token to the run's user. */
export const issueToken: Step<AccessToken> = {
  name: 'Issue_a_user_access_token',
  runAfter: { Create_a_user: ['Succeeded'] },
  successCode: 'OK',
  inputs: (state) => ({
    userId: state.userId,
    scopes: state.request.scopes,
    expiresInMinutes: state.request.expiresInMinutes,
  }),
  async execute({ actions, state, call }) {
    const { scopes, expiresInMinutes } = state.request;
    state.issuedToken = await actions.issueToken({ userId: userOf(state), scopes, expiresInMinutes }, call);
    return state.issuedToken;
  },
  outputs: (token) => token,
  checked: ['The token is for this user, with exactly the requested scopes and lifetime.'],
  deeperChecks: ['tokenAccepted', 'anonymousRefused'],
  checks: (token, context) => [tokenError(token, context.state.request.scopes, context)],
};
