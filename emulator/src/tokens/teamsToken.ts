import { randomBytes } from 'node:crypto';
import type { TeamsTokenClaims } from '../api';
import { readJwt, timeError, type Claims } from './jwt';

const DEFAULT_LIFETIME_SECONDS = 3600;

/** A Teams user's Entra token, as far as the exchange looks at one. Its signature is noise: nobody here could check a real one. */
export function makeTeamsToken({ appId, userId, expiresInSeconds }: TeamsTokenClaims, nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  const header = { typ: 'JWT', alg: 'RS256', kid: 'identity-emulator' };
  const claims = {
    aud: 'https://auth.msft.communication.azure.com',
    iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/',
    iat: now,
    nbf: now,
    exp: now + (expiresInSeconds ?? DEFAULT_LIFETIME_SECONDS),
    appid: appId,
    oid: userId,
    scp: 'Teams.ManageCalls Teams.ManageChats',
    ver: '1.0',
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${randomBytes(256).toString('base64url')}`;
}

/** The claims of a well-formed, unexpired token, or the reason why it is refused. */
export function readTeamsToken(token: string, nowMs: number): { claims: Claims } | { problem: string } {
  const jwt = readJwt(token);
  if (jwt === undefined) return { problem: 'the Teams token is not a JWT' };
  const problem = timeError(jwt.claims, nowMs);
  return problem === undefined ? { claims: jwt.claims } : { problem: `Teams token: ${problem}` };
}
