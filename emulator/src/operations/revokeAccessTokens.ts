import { NO_CONTENT } from '../answer';
import type { IdentityOperation } from './operation';
import { ownedUser } from './ownedUser';

/** POST /identities/{id}/:revokeAccessTokens. Refused for the users that no token is issued for. */
export const revokeAccessTokens: IdentityOperation = {
  name: 'revokeAccessTokens',
  body: 'none',
  run({ users, userId, nowMs, revocationDelayMs }) {
    ownedUser(users, userId);
    users.revokeTokens(userId, nowMs, revocationDelayMs);
    return NO_CONTENT;
  },
};
