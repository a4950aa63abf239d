/** The ACS resource that a user id names (`8:acs:RESOURCE_USER`), in lower case; empty for what is no user id. */
export function resourceOf(userId: string): string {
  return /^8:[a-z-]*acs:([^_]*)_/i.exec(userId)?.[1]?.toLowerCase() ?? '';
}

/** Can this be the id of a user? Anything else would not be found again, and does not fit into a key. */
export const isUserId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
