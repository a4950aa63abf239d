import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import { LIMITS } from '../base/limits';

/**
 * The Entra ID credential that settings name, with a token cache. `managedidentity` is the app's managed identity; with a client id, the user-assigned
 * identity with that id. `undefined` is DefaultAzureCredential (environment, workload identity, az login, ...).
 */
export async function createCredential(
  kind: 'managedidentity' | undefined,
  clientId: string | undefined,
): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('./entra.chunk');
  if (kind === undefined) {
    return cacheEntraTokens(
      new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId }),
    );
  }
  return cacheEntraTokens(
    clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId }),
  );
}

/** How long before it expires a token is renewed in the background, in milliseconds, as in the Azure SDKs (`tokenCycler` of core-rest-pipeline). */
const RENEW_MS = 120_000;
/** A token that expires within this time is not used any more, in milliseconds. */
const EXPIRED_MS = 1_000;

interface CacheEntry {
  token?: AccessToken;
  /** The request that is in flight. */
  pending?: { since: number; answer: Promise<AccessToken | null> };
}

/**
 * Adds a token cache to a credential, with one request at a time for each scope. The Azure SDKs cache tokens for each client; with this cache a token
 * can be fetched before a client needs it, and several clients share it. If a request has had no answer for {@link LIMITS.entraTokenMs}, later calls no
 * longer wait for it and send their own.
 */
export function cacheEntraTokens(
  credential: TokenCredential,
  now: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): TokenCredential {
  const cache = new Map<string, CacheEntry>();

  function request(
    entry: CacheEntry,
    scopes: string | string[],
    options: GetTokenOptions,
  ): Promise<AccessToken | null> {
    if (entry.pending && elapsed() - entry.pending.since < LIMITS.entraTokenMs) return entry.pending.answer;
    // without the caller's signal: other callers may wait for the same token
    const answer = credential.getToken(scopes, withoutSignal(options)).then((token) => {
      if (token) entry.token = token;
      return token;
    });
    const pending = { since: elapsed(), answer };
    entry.pending = pending;
    const end = () => {
      if (entry.pending === pending) delete entry.pending;
    };
    answer.then(end, end);
    return answer;
  }

  return {
    async getToken(scopes, options = {}) {
      const key = JSON.stringify([scopes, options.tenantId]);
      // a claims challenge means that the service has refused the cached token
      const entry = (options.claims === undefined ? cache.get(key) : undefined) ?? {};
      cache.set(key, entry);
      const leftMs = (entry.token?.expiresOnTimestamp ?? 0) - now();
      if (entry.token === undefined || leftMs <= EXPIRED_MS) return request(entry, scopes, options);
      const isDue = leftMs < RENEW_MS || (entry.token.refreshAfterTimestamp ?? Infinity) < now();
      // if the renewal fails, the next call tries again; the cached token is still valid
      if (isDue) request(entry, scopes, options).catch(() => undefined);
      return entry.token;
    },
  };
}

function withoutSignal(options: GetTokenOptions): GetTokenOptions {
  const rest = { ...options };
  delete rest.abortSignal;
  return rest;
}
