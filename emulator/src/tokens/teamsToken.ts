import { randomBytes } from 'node:crypto';
import type { TeamsTokenClaims } from '../api';
import { readJwt, timeError, type Claims } from './jwt';

const DEFAULT_LIFETIME_SECONDS = 3600;
/** Of the year 9999: no later time can be written as a DateTimeOffset. */
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** A token, and what it was made for. */
export interface MadeTeamsToken {
  token: string;
  appId: string;
  userId: string;
  /** ISO 8601. */
  expiresOn: string;
}

/** A Teams user's Entra token, as far as the exchange looks at one. Its signature is noise: nobody here could check a real one. */
export function makeTeamsToken(wanted: TeamsTokenClaims, nowMs: number): MadeTeamsToken {
  const { appId, userId, expiresInSeconds = DEFAULT_LIFETIME_SECONDS } = wanted;
  const now = Math.floor(nowMs / 1000);
  const exp = now + expiresInSeconds;
  const header = { typ: 'JWT', alg: 'RS256', kid: 'identity-emulator' };
  const claims = {
    aud: 'https://auth.msft.communication.azure.com',
    iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/',
    iat: now,
    nbf: now,
    exp,
    appid: appId,
    oid: userId,
    scp: 'Teams.ManageCalls Teams.ManageChats',
    ver: '1.0',
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const token = `${encode(header)}.${encode(claims)}.${randomBytes(256).toString('base64url')}`;
  return { token, appId, userId, expiresOn: new Date(exp * 1000).toISOString() };
}

/** The claims of a well-formed, unexpired token and the second of its end, or the reason why it is refused. */
export function readTeamsToken(
  token: string,
  nowMs: number,
): { claims: Claims; expiresAtSeconds: number } | { problem: string } {
  const jwt = readJwt(token);
  if (jwt === undefined) return { problem: 'the Teams token is not a JWT' };
  const problem = timeError(jwt.claims, nowMs);
  if (problem !== undefined) return { problem: `Teams token: ${problem}` };
  const expiresAtSeconds = Math.floor(Number(jwt.claims.exp));
  if (expiresAtSeconds > LAST_SECOND) return { problem: 'Teams token: its exp is later than the year 9999' };
  return { claims: jwt.claims, expiresAtSeconds };
}
