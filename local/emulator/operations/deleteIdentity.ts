import { NO_CONTENT } from '../answer';
import type { IdentityOperation } from './operation';
import { checkOwned } from './ownedUser';

/**
 * DELETE /identities/{id}. Idempotent (assumed): an id of this resource that has no user, or none any more, is answered 204 as well.
 * The user's tokens end with it, at once (assumed: in the cloud that may take as long as a revocation).
 */
export const deleteIdentity: IdentityOperation = {
  name: 'deleteIdentity',
  body: 'none',
  run({ users, userId }) {
    checkOwned(users, userId);
    users.delete(userId);
    return NO_CONTENT;
  },
};
