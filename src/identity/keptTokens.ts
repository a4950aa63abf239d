import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import { LIMITS } from '../base/limits';

/** A token is renewed in the background from this long before it expires, in milliseconds, as the Azure SDKs do (`tokenCycler` of core-rest-pipeline). */
const RENEW_MS = 120_000;
/** A token that expires sooner than this is not used any more, in milliseconds. */
const EXPIRED_MS = 1_000;

interface Kept {
  token?: AccessToken;
  /** The request that is on its way. */
  asking?: { since: number; answer: Promise<AccessToken | null> };
}

/**
 * The credential with its tokens kept until they expire, and one request at a time for each scope. The Azure SDKs keep tokens for each client; this lets a
 * token be fetched before a client needs it, and several clients share it. A request that has had no answer for {@link LIMITS.tokenMs} is not
 * waited for by later calls: they send one of their own.
 */
export function keepTokens(
  credential: TokenCredential,
  now: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): TokenCredential {
  const kept = new Map<string, Kept>();

  function ask(entry: Kept, scopes: string | string[], options: GetTokenOptions): Promise<AccessToken | null> {
    if (entry.asking && elapsed() - entry.asking.since < LIMITS.tokenMs) return entry.asking.answer;
    // the caller's signal is left out: others may wait for the same token
    const answer = credential.getToken(scopes, withoutSignal(options)).then((token) => {
      if (token) entry.token = token;
      return token;
    });
    const asking = { since: elapsed(), answer };
    entry.asking = asking;
    const end = () => {
      if (entry.asking === asking) delete entry.asking;
    };
    answer.then(end, end);
    return answer;
  }

  return {
    async getToken(scopes, options = {}) {
      const key = JSON.stringify([scopes, options.tenantId]);
      // with a claims challenge the service has refused the token that is kept
      const entry = (options.claims === undefined ? kept.get(key) : undefined) ?? {};
      kept.set(key, entry);
      const leftMs = (entry.token?.expiresOnTimestamp ?? 0) - now();
      if (entry.token === undefined || leftMs <= EXPIRED_MS) return ask(entry, scopes, options);
      const isDue = leftMs < RENEW_MS || (entry.token.refreshAfterTimestamp ?? Infinity) < now();
      // if it fails, the next call tries again; until then the token is good
      if (isDue) ask(entry, scopes, options).catch(() => undefined);
      return entry.token;
    },
  };
}

function withoutSignal(options: GetTokenOptions): GetTokenOptions {
  const rest = { ...options };
  delete rest.abortSignal;
  return rest;
}
