import { createHash } from 'node:crypto';
import { invalidToken } from './refusals';

/** A signed-in person. `tenantId`: the Entra tenant, or `iss-` and a hash of the issuer. `objectId`: `oid` (or `sub`) as paths take it. */
export interface Person {
  tenantId: string;
  objectId: string;
}

/** The claims of a verified token that say who its owner is. */
interface Claims {
  tid?: unknown;
  oid?: unknown;
  sub?: unknown;
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MAX_SUBJECT_BYTES = 512;

/**
 * Who the owner of a verified token is. `tid` and `oid` count only if the issuer is that tenant's: otherwise one issuer of the list could name the people
 * of another one's tenant. Subjects that are not plain are `~` and their base64url.
 * @param issuer the verified `iss`
 * @throws AppError 401 `InvalidToken`
 */
export function personOf(issuer: string, { tid, oid, sub }: Claims): Person {
  const tenant = guidOf(tid);
  if (tenant !== undefined && new URL(issuer).pathname.toLowerCase().split('/').includes(tenant)) {
    // a subject that is a GUID too: paths take GUIDs in lower case
    return { tenantId: tenant, objectId: guidOf(oid) ?? guidOf(sub) ?? subjectOf(sub) };
  }
  const hash = createHash('sha256').update(issuer).digest('hex').slice(0, 32);
  return { tenantId: `iss-${hash}`, objectId: subjectOf(sub) };
}

function guidOf(claim: unknown): string | undefined {
  if (typeof claim !== 'string') return undefined;
  const lower = claim.toLowerCase();
  return GUID.test(lower) ? lower : undefined;
}

function subjectOf(sub: unknown): string {
  if (typeof sub !== 'string' || sub === '') throw invalidToken('The token does not name its owner (claim sub).');
  if (PLAIN.test(sub)) return sub;
  const bytes = Buffer.from(sub, 'utf8');
  // text that is not Unicode has no bytes of its own: two such subjects would be one person
  if (bytes.length > MAX_SUBJECT_BYTES || bytes.toString('utf8') !== sub) {
    throw invalidToken(`The owner of the token (claim sub) is not a text of at most ${MAX_SUBJECT_BYTES} bytes.`);
  }
  return `~${bytes.toString('base64url')}`;
}
