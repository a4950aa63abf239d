import type { CryptoKey } from 'jose';
import { recordIssuerOutcome } from '../base/dependencyHealth';
import { fetchKeys } from './issuerDocuments';
import { invalidToken, issuerUnavailable } from './refusals';

/** Entra's advice: keys may change at any time, so look about daily. */
const REFRESH_MS = 24 * 3_600_000;
/** At most one fetch in this time, even if it fails. Otherwise forged tokens could make the app flood the issuer. */
const FETCH_INTERVAL_MS = 30_000;

/**
 * The keys of one issuer. They are kept for ever, so that an issuer that is down stops nobody whose key is known. They are fetched again when a token names
 * a key that is not known, daily, and after a failure.
 */
export class IssuerKeys {
  private known: ReadonlyMap<string, CryptoKey> = new Map();
  private knownSince = -Infinity;
  private lastFetchAt = -Infinity;
  private failure: unknown;
  private pending: Promise<void> | undefined;

  /** @param elapsed a monotonic clock, in milliseconds */
  constructor(
    private readonly issuer: string,
    private readonly elapsed: () => number,
  ) {}

  /**
   * The key with this id.
   * @throws AppError 401 `InvalidToken` if the issuer has no such key; 503 `IssuerUnavailable` if the keys can't be fetched
   */
  async key(id: string): Promise<CryptoKey> {
    const known = this.known.get(id);
    if (known !== undefined) {
      // The caller does not wait. If the process is frozen or ended before the answer, nothing is lost: a later call fetches again.
      if (this.failure !== undefined || this.elapsed() - this.knownSince >= REFRESH_MS) void this.refresh();
      return known;
    }
    await this.refresh();
    const fetched = this.known.get(id);
    if (fetched !== undefined) return fetched;
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
      this.known = await fetchKeys(this.issuer);
      this.knownSince = this.elapsed();
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
    recordIssuerOutcome(this.issuer, this.failure);
  }
}
