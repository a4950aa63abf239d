import { isAppError } from '../../errors';
import type { CreatedUser, STRAY_USER_TARGET } from '../../identity/identityActions';
import { tokenFault, userIdFault } from '../checks';
import type { Step } from '../step';

const strayUserTarget: typeof STRAY_USER_TARGET = 'identity.id';

/** The user that an action made although it failed, if its error tells of one. */
function strayUser(error: unknown): string | undefined {
  return isAppError(error) ? error.details?.find(({ target }) => target === strayUserTarget)?.message : undefined;
}

/** Makes the run's user, and a token with it when the run asks for one. */
export const createUser: Step<CreatedUser> = {
  name: 'Create_a_user',
  runAfter: {},
  successCode: 'Created',
  makesUser: true,
  inputs: ({ request }) =>
    request.createTokenWithScopes.length === 0
      ? {}
      : { createTokenWithScopes: request.createTokenWithScopes, expiresInMinutes: request.expiresInMinutes },
  async execute({ actions, state, call, userMade }) {
    const { createTokenWithScopes, expiresInMinutes } = state.request;
    const wish = createTokenWithScopes.length === 0 ? {} : { createTokenWithScopes, expiresInMinutes };
    const created = await actions.createUser(wish, call).catch((error: unknown) => {
      const stray = strayUser(error);
      if (stray !== undefined) userMade(stray);
      throw error;
    });
    state.userId = created.identity.id;
    userMade(created.identity.id);
    if (created.accessToken) state.createdToken = created.accessToken;
    return created;
  },
  outputs: (created) => created,
  checks(created, context) {
    const scopes = context.state.request.createTokenWithScopes;
    return [
      userIdFault(created.identity.id),
      scopes.length === 0 ? undefined : tokenFault(created.accessToken, scopes, context),
    ];
  },
};
