import { printable } from '../server/printable';
import { denied } from '../serviceErrors';
import { readJwt, timeError } from '../tokens/jwt';

const AUDIENCES = ['https://communication.azure.com', 'https://communication.azure.com/'];

/**
 * Checks an Entra ID access token for ACS. Only its form, audience and time can be looked at here; the cloud checks signature, tenant and
 * role as well.
 * @throws ServiceError 401 Denied
 */
export function checkEntraToken(token: string, transport: 'http' | 'https', nowMs: number): void {
  if (transport === 'http') throw denied('Entra ID tokens are taken on the https endpoint only: this is http');
  const jwt = readJwt(token);
  if (jwt === undefined) throw denied('the Bearer token is not a JWT');
  const { aud } = jwt.claims;
  if (typeof aud !== 'string' || !AUDIENCES.includes(aud)) {
    const actual = typeof aud === 'string' ? printable(aud).slice(0, 100) : 'none';
    throw denied(`the Bearer token is for another audience (${actual}), it must be ${AUDIENCES[0]}`);
  }
  const problem = timeError(jwt.claims, nowMs);
  if (problem !== undefined) throw denied(problem);
}
