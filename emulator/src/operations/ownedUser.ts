import { identityNotOwned } from '../serviceErrors';
import type { ResourceUsers, User } from '../state/users';

/** No resource has this user. Health checks name it to see whether their credentials are accepted, without changing anything. */
const USER_OF_NOBODY = /^8:acs:[0-]+_[0-]+$/;

/** @throws ServiceError 401 IdentityNotOwned: recorded */
export function checkOwned(users: ResourceUsers, id: string): void {
  if (users.owns(id)) return;
  throw identityNotOwned(
    USER_OF_NOBODY.test(id)
      ? 'this is a health check, and its credentials are accepted. No resource has the user whose id is all zeros'
      : "the id is not one of this access key's resource",
  );
}

/**
 * The living user of an id.
 * @throws ServiceError 401 IdentityNotOwned. For ids of other resources it is recorded; that a user of the same resource who was
 *   deleted, or never was, gets the same answer is assumed: the service has one code for "not a user of yours", and no other is known
 */
export function ownedUser(users: ResourceUsers, id: string): User {
  checkOwned(users, id);
  const user = users.find(id);
  if (user === undefined) throw identityNotOwned('the user was deleted, or was never made here');
  return user;
}
