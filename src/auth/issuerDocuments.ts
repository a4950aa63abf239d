import type { CryptoKey, JWK } from 'jose';
import { LIMITS } from '../base/limits';
import { isLoopback } from '../base/loopback';
import { stopSignal } from '../base/stop';
import { withTimeout } from '../base/timeout';

/** Entra's key set has about 20 KB. */
const MAX_BYTES = 256 * 1024;
/** Shorter ones are not allowed for RS256 (RFC 7518, section 3.3). */
const MIN_KEY_BITS = 2048;

/**
 * Fetches the public keys of an issuer that RS256 signatures are checked with, by its discovery document.
 * @returns the keys by their ids, at least one
 * @throws Error whose message names the document and what is wrong with it
 */
export function fetchKeys(issuer: string): Promise<Map<string, CryptoKey>> {
  return withTimeout(LIMITS.issuerKeysMs, stopSignal, async (signal) => {
    const discovery = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, signal);
    // otherwise any other issuer's document would do (OpenID Connect Discovery, section 4.3)
    if (discovery['issuer'] !== issuer)
      throw new Error(`the discovery document of ${issuer} belongs to another issuer`);
    const address = discovery['jwks_uri'];
    if (typeof address !== 'string' || !isKeyAddress(address)) {
      throw new Error(`the discovery document of ${issuer} has no jwks_uri that begins with https://`);
    }
    const { keys } = await fetchJson(address, signal);
    const usable = await usableKeys(Array.isArray(keys) ? keys : [], issuer);
    if (usable.size === 0) throw new Error(`the key set of ${issuer} has no RSA key for signatures`);
    return usable;
  });
}

function isKeyAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** Leaves out malformed keys, and keys that can't check signatures of this issuer. */
async function usableKeys(keys: readonly unknown[], issuer: string): Promise<Map<string, CryptoKey>> {
  const { importJWK } = await import('./jose.chunk');
  const usable = new Map<string, CryptoKey>();
  for (const key of keys) {
    if (!isSignatureKey(key) || isOfOtherTenant(key.issuer, issuer)) continue;
    const { kty, kid, n, e } = key;
    const imported = await importJWK({ kty, n, e }, 'RS256').catch(() => undefined);
    if (imported === undefined || imported instanceof Uint8Array) continue;
    const { modulusLength } = imported.algorithm as { modulusLength?: number };
    if (modulusLength !== undefined && modulusLength >= MIN_KEY_BITS) usable.set(kid, imported);
  }
  return usable;
}

type SignatureKey = Required<Pick<JWK, 'kid' | 'n' | 'e'>> & { kty: 'RSA'; issuer?: unknown };

function isSignatureKey(key: unknown): key is SignatureKey {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, kid, n, e, use, alg } = key as Record<string, unknown>;
  return (
    kty === 'RSA' &&
    [kid, n, e].every((part) => typeof part === 'string' && part !== '') &&
    (use === undefined || use === 'sig') &&
    (alg === undefined || alg === 'RS256')
  );
}

const TENANT_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/**
 * Entra's key sets also have keys of other tenants, such as that of personal accounts, and name the issuer of each key
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signing-key-issuer). `{tenantid}` in it means every tenant.
 */
function isOfOtherTenant(keyIssuer: unknown, issuer: string): boolean {
  const [tenant] = (typeof keyIssuer === 'string' && TENANT_ID.exec(keyIssuer)) || [];
  return tenant !== undefined && !issuer.toLowerCase().includes(tenant.toLowerCase());
}

/** Follows no redirection. */
async function fetchJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { redirect: 'manual', headers: { accept: 'application/json' }, signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  const text = await boundedText(response, url);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the parser's own message repeats what it read
    throw new Error(`the answer of ${url} is not JSON`);
  }
  if (typeof value !== 'object' || value === null) throw new Error(`the answer of ${url} is not a JSON object`);
  return value as Record<string, unknown>;
}

async function boundedText(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += (part as Uint8Array).length;
    if (length > MAX_BYTES) throw new Error(`${url} answered more than ${MAX_BYTES} bytes`);
    parts.push(part as Uint8Array);
  }
  return Buffer.concat(parts).toString('utf8');
}
