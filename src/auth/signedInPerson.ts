import type { HttpRequest } from '@azure/functions';
import type { JWTPayload } from 'jose';
import { callerSettings } from '../base/callerSettings';
import { REQUIRED_SCOPE } from '../base/errors';
import { bearerToken, type Claims } from './bearerToken';
import { CallLimit } from './callLimit';
import { IssuerKeys } from './issuerKeys';
import { personOf, type Person } from './person';
import { invalidToken, scopeMissing } from './refusals';

/** How much clocks may differ. */
const SKEW_SECONDS = 300;

/**
 * Makes a check of tokens, which keeps keys and counts calls.
 * @param now the wall clock, in milliseconds
 * @param elapsed a monotonic clock, in milliseconds
 */
export function tokenCheck(
  now: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): (request: HttpRequest) => Promise<Person> {
  const keysOf = new Map<string, IssuerKeys>();
  const limit = new CallLimit(elapsed);

  return async (request) => {
    const { issuers, audiences, perMinute } = callerSettings();
    const { text, issuer, keyId } = bearerToken(request, issuers);
    const keys = keysOf.get(issuer) ?? new IssuerKeys(issuer, elapsed);
    keysOf.set(issuer, keys);
    const key = await keys.key(keyId);
    const { jwtVerify } = await import('./jose.chunk');
    const { payload } = await jwtVerify(text, key, {
      algorithms: ['RS256'],
      issuer,
      audience: audiences,
      requiredClaims: ['exp'],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now()),
    }).catch(async (error: unknown) => {
      throw await refusalOf(error);
    });
    requireScope(payload);
    const person = personOf(issuer, payload);
    limit.count(person, perMinute);
    return person;
  };
}

/**
 * Who calls, by the bearer token of the request. Headers of the platform's own authentication (`X-MS-CLIENT-PRINCIPAL`) are never read: anybody can send
 * them while that authentication is off.
 * @throws AppError 404 `NotEnabled`, 500 `Misconfigured`, 401 `InvalidToken`, 403 `ScopeMissing`, 429 `TooManyCalls`, 503 `IssuerUnavailable`
 */
export const signedInPerson = tokenCheck();

const WRONG_CLAIMS: Record<string, string> = {
  aud: 'The token is not for this app: its audience (claim aud) is not in setting ENTRA_AUDIENCE.',
  nbf: 'The token is not valid yet (claim nbf). If it should be valid now, check the clock of the machine that runs the app.',
};

/** Why jose refuses a token. The text of jose is not used, because it repeats claims. */
async function refusalOf(error: unknown): Promise<unknown> {
  const { errors } = await import('./jose.chunk');
  if (error instanceof errors.JWTExpired) return invalidToken('The token has expired. Request a new one.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalidToken(
      WRONG_CLAIMS[error.reason === 'check_failed' ? error.claim : ''] ??
        'A claim of the token is missing or malformed. It must have iss, aud, exp and sub.',
    );
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalidToken('The signature of the token is wrong.');
  if (error instanceof errors.JOSEError) return invalidToken('The token is malformed.');
  return error;
}

/** @throws AppError 403 `ScopeMissing` unless the token belongs to a person and has the scope that the functions need */
function requireScope(claims: JWTPayload & Claims): void {
  const { idtyp, gty, roles, sub, azp, client_id: clientId } = claims;
  const scopes = wordsOf(claims['scp'] ?? claims['scope']);
  const isOfApp =
    idtyp === 'app' ||
    gty === 'client-credentials' ||
    (sub !== undefined && (sub === clientId || sub === azp)) ||
    (scopes.length === 0 && roles !== undefined);
  if (isOfApp) {
    throw scopeMissing(
      `The token belongs to an app, but these functions are for people. Sign a person in, and request the delegated scope '${REQUIRED_SCOPE}'.`,
    );
  }
  if (!scopes.includes(REQUIRED_SCOPE)) {
    throw scopeMissing(
      `The token does not have the scope '${REQUIRED_SCOPE}'. Request it when the person signs in, as APP-ID-URI/${REQUIRED_SCOPE}.`,
    );
  }
}

/** Scopes are words in one text (Entra, RFC 8693) or texts of an array. */
function wordsOf(claim: unknown): unknown[] {
  if (Array.isArray(claim)) return claim;
  return typeof claim === 'string' ? claim.split(' ').filter((word) => word !== '') : [];
}
