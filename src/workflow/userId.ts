/** The ACS resource that a user id names (`8:acs:RESOURCE_USER`), in lower case; empty for what is no user id. */
export function resourceOf(userId: string): string {
  return /^8:[a-z-]*acs:([^_]*)_/i.exec(userId)?.[1]?.toLowerCase() ?? '';
}
