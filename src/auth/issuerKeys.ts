import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { recordIssuerOutcome } from '../base/dependencyHealth';
import { fetchKeys } from './issuerDocuments';
import { invalidToken, issuerUnavailable } from './refusals';

/** Entra's advice: keys may change at any time, so look about daily. */
const REFRESH_MS = 24 * 3_600_000;
/** One fetch in this time, whether it succeeds or not. Otherwise forged tokens could make the app flood the issuer. */
const FETCH_INTERVAL_MS = 30_000;

interface KnownKeys {
  ids: ReadonlySet<string>;
  find: JWTVerifyGetKey;
  /** When they were fetched. */
  at: number;
}

/**
 * The keys of one issuer. They are kept for ever, so that an issuer that is down stops nobody whose key is known. They are fetched again when a token names
 * a key that is not known, and daily.
 */
export class IssuerKeys {
  private known: KnownKeys | undefined;
  private lastFetchAt = -Infinity;
  private failure: unknown;
  private pending: Promise<void> | undefined;

  /** @param elapsed a monotonic clock, in milliseconds */
  constructor(
    private readonly issuer: string,
    private readonly elapsed: () => number,
  ) {}

  /**
   * The keys, with the one that is named.
   * @throws AppError 401 `InvalidToken` if the issuer has no such key; 503 `IssuerUnavailable` if nobody knows
   */
  async with(keyId: string): Promise<JWTVerifyGetKey> {
    if (this.known?.ids.has(keyId)) {
      // The caller does not wait. If the process is frozen or ended before the answer, nothing is lost: a later call fetches again.
      if (this.elapsed() - this.known.at >= REFRESH_MS) void this.refresh();
      return this.known.find;
    }
    await this.refresh();
    if (this.known?.ids.has(keyId)) return this.known.find;
    if (this.failure !== undefined) throw issuerUnavailable(this.secondsToNextFetch(), this.failure);
    throw invalidToken('The token is signed with a key that its issuer does not have. Request a new token.');
  }

  private secondsToNextFetch(): number {
    return Math.max(1, Math.ceil((this.lastFetchAt + FETCH_INTERVAL_MS - this.elapsed()) / 1_000));
  }

  /** Never rejects. Does nothing if the last fetch was less than {@link FETCH_INTERVAL_MS} ago. */
  private refresh(): Promise<void> {
    if (this.pending === undefined && this.elapsed() - this.lastFetchAt >= FETCH_INTERVAL_MS) {
      this.lastFetchAt = this.elapsed();
      this.pending = this.fetch().finally(() => {
        this.pending = undefined;
      });
    }
    return this.pending ?? Promise.resolve();
  }

  private async fetch(): Promise<void> {
    try {
      this.known = await knownKeys(await fetchKeys(this.issuer), this.elapsed());
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
    recordIssuerOutcome(this.issuer, this.failure);
  }
}

async function knownKeys(set: JSONWebKeySet, at: number): Promise<KnownKeys> {
  const { createLocalJWKSet } = await import('./jose.chunk');
  return { ids: new Set(set.keys.flatMap(({ kid }) => kid ?? [])), find: createLocalJWKSet(set), at };
}
