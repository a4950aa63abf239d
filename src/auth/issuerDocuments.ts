import type { JSONWebKeySet, JWK } from 'jose';
import { LIMITS } from '../base/limits';
import { isLoopback } from '../base/loopback';
import { stopSignal } from '../base/stop';

/** Entra's key set has about 20 KB. */
const MAX_BYTES = 256 * 1024;

/**
 * Fetches the public RSA keys of an issuer, by its discovery document.
 * @throws Error whose message names the document and what is wrong with it
 */
export async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const signal = AbortSignal.any([AbortSignal.timeout(LIMITS.issuerKeysMs), stopSignal]);
  const discovery = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, signal);
  // otherwise any other issuer's document would do (OpenID Connect Discovery, section 4.3)
  if (discovery['issuer'] !== issuer) throw new Error(`the discovery document of ${issuer} is another issuer's`);
  const address = discovery['jwks_uri'];
  if (typeof address !== 'string' || !isKeyAddress(address)) {
    throw new Error(`the discovery document of ${issuer} has no address of keys that begins with https://`);
  }
  const { keys } = await fetchJson(address, signal);
  const usable = Array.isArray(keys) ? keys.filter(isUsable) : [];
  if (usable.length === 0) throw new Error(`the key set of ${issuer} has no RSA key for signatures`);
  return { keys: usable };
}

function isKeyAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function isUsable(key: unknown): key is JWK & { kid: string } {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, kid, n, e, use, alg } = key as Record<string, unknown>;
  return (
    kty === 'RSA' &&
    [kid, n, e].every((part) => typeof part === 'string' && part !== '') &&
    (use === undefined || use === 'sig') &&
    (alg === undefined || alg === 'RS256')
  );
}

async function fetchJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { redirect: 'error', headers: { accept: 'application/json' }, signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(await boundedText(response, url));
  } catch (error) {
    // the parser's own message repeats what it read
    throw error instanceof SyntaxError ? new Error(`${url} answered no JSON`) : error;
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${url} answered no JSON object`);
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
