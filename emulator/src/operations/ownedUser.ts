import { identityNotOwned } from '../serviceErrors';
import type { ResourceUsers, User } from '../state/users';

/** @throws ServiceError 401 IdentityNotOwned: recorded */
export function checkOwned(users: ResourceUsers, id: string): void {
  if (!users.owns(id)) throw identityNotOwned("the id is not one of this access key's resource");
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
