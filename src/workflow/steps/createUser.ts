import type { CreatedUser } from '../../identity/identityTypes';
import { tokenError, userIdError } from '../checks';
import type { Step } from '../step';

/** Creates the run's user, together with a token if the run requests one. */
export const createUser: Step<CreatedUser> = {
  name: 'Create_a_user',
  runAfter: {},
  successCode: 'Created',
  makesUser: true,
  inputs: ({ request }) =>
    request.createTokenWithScopes.length === 0
      ? {}
      : { createTokenWithScopes: request.createTokenWithScopes, expiresInMinutes: request.expiresInMinutes },
  async execute({ actions, state, call, userCreation }) {
    const { createTokenWithScopes, expiresInMinutes } = state.request;
    const input = createTokenWithScopes.length === 0 ? {} : { createTokenWithScopes, expiresInMinutes };
    const answer = actions.createUser(input, call);
    userCreation(answer);
    const created = await answer;
    state.userId = created.identity.id;
    if (created.accessToken) state.createdToken = created.accessToken;
    return created;
  },
  outputs: (created) => created,
  checked: [
    'The id has the form of an ACS user id.',
    'A requested token is present, for this user, with exactly the requested scopes and lifetime.',
  ],
  checks(created, context) {
    const scopes = context.state.request.createTokenWithScopes;
    return [
      userIdError(created.identity.id),
      scopes.length === 0 ? undefined : tokenError(created.accessToken, scopes, context),
    ];
  },
};
