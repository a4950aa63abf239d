/** The ACS resource that a user id names (`8:acs:RESOURCE_USER`), in lower case; empty for what is no user id. */
export function resourceOf(userId: string): string {
  return /^8:[a-z-]*acs:([^_]*)_/i.exec(userId)?.[1]?.toLowerCase() ?? '';
}

/** Can this be the id of a user? Anything else would not be found again, and does not fit into a key. */
export const isUserId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);

/** An error detail with this target has, as its message, the id of a user that was made although the action failed. */
export const STRAY_USER_TARGET = 'identity.id';

/** The error detail of a failed `createUser` after which ACS may have made a user whose id was not received. */
export const USER_MAY_EXIST_DETAIL = {
  code: 'UserMayExist',
  message: 'ACS may have made a user whose id was not received. It can not be found, as ACS lists no users.',
  target: 'identity',
} as const;
