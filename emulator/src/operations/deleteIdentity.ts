import { NO_CONTENT } from '../answer';
import type { IdentityOperation } from './operation';
import { checkOwned, ownedUser } from './ownedUser';

/**
 * DELETE /identities/{id}. Idempotent (assumed): an id of this resource that has no user, or none any more, is answered 204 as well.
 * With `deletedUsers: 401` it is refused like the id of another resource, as for the other operations: no recording shows which of both it is.
 * The user's tokens end with it, at once (assumed: in the cloud that may take as long as a revocation).
 */
export const deleteIdentity: IdentityOperation = {
  name: 'deleteIdentity',
  body: 'none',
  run({ users, userId, deletedUsers }) {
    if (deletedUsers === 401) ownedUser(users, userId);
    else checkOwned(users, userId);
    users.delete(userId);
    return NO_CONTENT;
  },
};
