/** The id of the ACS resource in a user id (`8:acs:RESOURCE_USER`), in lower case; empty if it is not a user id. */
export function resourceOf(userId: string): string {
  return /^8:[a-z-]*acs:([^_]*)_/i.exec(userId)?.[1]?.toLowerCase() ?? '';
}

/** Can this be the id of a user? Any other text could not be used to delete the user, and does not fit into a table key. */
export const isUserId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
