import { firstVersionWithScope, has, hasScope, type ApiVersion } from '../apiVersions';
import { validationError } from '../serviceErrors';
import { issuedAtSeconds } from '../state/revocations';
import type { User } from '../state/users';
import type { AccessTokens } from '../tokens/accessTokens';
import { dateTimeOffset } from '../tokens/dateTimeOffset';
import type { RequestFields } from './requestFields';

const MIN_MINUTES = 60;
const MAX_MINUTES = 1440;

export interface IssuedToken {
  token: string;
  expiresOn: string;
}

/** Reads `expiresInMinutes`, which versions before 2022-10-01 do not know and so do not look at. */
export function readMinutes(body: RequestFields, version: ApiVersion): number | undefined {
  return has(version, 'expiresInMinutes') ? body.integer('expiresInMinutes') : undefined;
}

/** Recorded with and without the second sentence, for the same version: the service's newer text is given. */
export function checkMinutes(minutes: number | undefined): void {
  if (minutes === undefined || (minutes >= MIN_MINUTES && minutes <= MAX_MINUTES)) return;
  throw validationError(
    `ExpiresInMinutes value ${minutes} is invalid. Value must be within the [${MIN_MINUTES}, ${MAX_MINUTES}] interval.`,
    'ExpiresInMinutes',
  );
}

/** A scope that the version does not have is refused (assumed, the text too). */
export function checkScopes(scopes: readonly string[], version: ApiVersion): void {
  const unknown = scopes.filter((scope) => !hasScope(version, scope));
  if (unknown.length === 0) return;
  const newer = unknown.flatMap((scope) => {
    const first = firstVersionWithScope(scope);
    return first === undefined ? [] : [`${scope} is newer than api-version ${version}, known since ${first}`];
  });
  throw validationError(
    `Invalid scopes - Provided scopes are not supported: ${unknown.join(', ')}.`,
    'scopes',
    newer.length === 0 ? undefined : `scopes: ${[...new Set(newer)].join('; ')}`,
  );
}

export async function grantToken(
  tokens: AccessTokens,
  grant: {
    userId: string;
    user: User;
    resourceId: string;
    scopes: readonly string[];
    minutes: number | undefined;
  },
  nowMs: number,
): Promise<IssuedToken> {
  const minutes = grant.minutes ?? MAX_MINUTES;
  const token = await tokens.make({
    skypeId: grant.userId.replace(/^8:/, ''),
    resourceId: grant.resourceId,
    scopes: grant.scopes,
    issuedAtSeconds: issuedAtSeconds(grant.user, nowMs),
    lifetimeSeconds: minutes * 60,
  });
  return { token, expiresOn: dateTimeOffset(nowMs + minutes * 60_000) };
}
