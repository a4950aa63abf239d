import type { AccessToken } from '../identity/identityTypes';
import type { StepContext } from './step';

const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** Not the pattern of the input check, on purpose: the workflow tests what ACS returns, not what this app accepts. */
const ACS_USER_ID = new RegExp(`^8:(?:acs|gcch-acs|dod-acs):${GUID}_${GUID}(?:_${GUID})?$`, 'i');

/** Maximum difference between the expected and the actual expiry: clocks differ, and ACS uses its own. */
const EXPIRY_TOLERANCE_MS = 5 * 60_000;
/** `exp` in the token has whole seconds, `expiresOn` has fractions. */
const CLAIM_TOLERANCE_MS = 2_000;

/** What is wrong with a user id from ACS; `undefined` if it is valid. */
export function userIdError(id: string): string | undefined {
  return ACS_USER_ID.test(id) ? undefined : 'the user id does not have the form of an ACS user id (8:acs:GUID_GUID)';
}

/**
 * What is wrong with a token; `undefined` if it is valid. It must be a JWT for this user, with exactly the requested scopes and lifetime. The claims
 * (`skypeid`, `acsScope`, `exp`) are those of ACS tokens since 2020; Microsoft does not document them.
 */
export function tokenError(
  token: AccessToken | undefined,
  scopes: readonly string[],
  { state, now }: StepContext,
): string | undefined {
  if (token === undefined) return 'the requested token is missing';
  const claims = claimsOf(token.token);
  if (claims === undefined) return 'the token is not a JWT';
  const { skypeid, acsScope, exp } = claims;
  if (typeof skypeid !== 'string' || `8:${skypeid}` !== state.userId)
    return 'the token is for a different user (claim skypeid)';
  if (typeof acsScope !== 'string' || !sameSet(acsScope.split(','), scopes)) {
    return `the token does not have exactly the scopes ${scopes.join(', ')} (claim acsScope)`;
  }
  const expiresOn = Date.parse(token.expiresOn);
  if (Number.isNaN(expiresOn)) return 'expiresOn is not a time';
  if (typeof exp !== 'number' || Math.abs(exp * 1000 - expiresOn) > CLAIM_TOLERANCE_MS) {
    return 'the claim exp of the token differs from expiresOn';
  }
  const { expiresInMinutes } = state.request;
  const offMs = expiresOn - (now() + expiresInMinutes * 60_000);
  if (Math.abs(offMs) > EXPIRY_TOLERANCE_MS) {
    return `the token expires ${Math.round(Math.abs(offMs) / 60_000)} min ${offMs < 0 ? 'earlier' : 'later'} than the requested ${expiresInMinutes} min`;
  }
  return undefined;
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const wanted = new Set(b);
  return new Set(a).size === wanted.size && a.every((item) => wanted.has(item));
}
