import { isAppError, type AppError } from '../base/errors';
import type { LedgerEntry } from '../runs/ledger';
import type { IdentityActions } from '../identity/identityTypes';
import { NO_RETRY } from '../identity/retries';
import { LIMITS } from '../base/limits';
import { withTimeout } from '../base/timeout';

/** A user to delete. `runId`: the run that created it. */
export type UserToDelete = Pick<LedgerEntry, 'userId' | 'connection' | 'resourceId'> & { runId?: string };

export interface DeletionOptions {
  /** @throws AppError when the connection is unknown or misconfigured */
  actionsOn: (connection: string) => Promise<Pick<IdentityActions, 'deleteUser'>>;
  /** The id of a connection's ACS resource if it is known, for example from the user of a run that has just ended. */
  resourceOf?: (connection: string) => string | undefined;
  /** Gets the same from ACS. Called at most once for a connection, and only if it is not known otherwise. */
  probe?: (connection: string) => Promise<string>;
  /** Does a user that ACS does not know count as deleted? Otherwise that is so only if its resource is known to be the connection's. */
  unknownIsDeleted?: boolean;
  /**
   * Called when ACS throttles a connection. Its deletions then wait for as long as ACS requests, and continue. Without this callback, the connection is skipped
   * for the rest of the sweep.
   */
  onThrottled?: (connection: string, seconds: number) => void;
  /** For deadlines: milliseconds of a monotonic clock. */
  elapsed: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Time left, in milliseconds. */
  leftMs: () => number;
}

/** Why a user was not deleted. */
export interface Refusal {
  code: string;
  reason: string;
}

export const NO_TIME: Refusal = { code: 'NoTime', reason: 'there was no time left to delete it' };

/** The wait after a 429 without Retry-After: ACS counts requests in windows of 30 s. */
const THROTTLED_SECONDS = 30;
/** The wait before the retry of a deletion. */
const RETRY_WAIT_MS = 500;

/** Deletes users that runs left behind, and finds out which of them are deleted already. */
export class UserDeletion {
  private readonly pausedUntil = new Map<string, number>();
  /** Ids of the resources of connections. After a successful deletion it is known, because ACS deletes only users of the connection's resource. */
  private readonly resources = new Map<string, string>();
  private readonly probes = new Map<string, Promise<Refusal | undefined>>();

  constructor(private readonly options: DeletionOptions) {}

  /**
   * Deletes a user. Returns the reason if it was not deleted. Code `Undecided`: ACS does not know the user, and it is not yet known whether it was deleted or
   * belongs to another resource.
   */
  async delete(entry: UserToDelete): Promise<Refusal | undefined> {
    const { connection } = entry;
    const { onThrottled, elapsed, sleep, leftMs } = this.options;
    for (;;) {
      const pauseMs = (this.pausedUntil.get(connection) ?? 0) - elapsed();
      if (pauseMs > 0) await sleep(Math.min(pauseMs, leftMs()));
      if (leftMs() <= 0) return NO_TIME;
      const error = await this.attempt(entry);
      if (error === undefined) return undefined;
      if (error.code !== 'Throttled' || onThrottled === undefined) return error;
      const seconds = Math.max(1, error.retryAfterSeconds ?? THROTTLED_SECONDS);
      if (seconds * 1_000 >= leftMs()) return error;
      // several deletions are in flight: only the first one that is refused reports the pause
      if ((this.pausedUntil.get(connection) ?? 0) <= elapsed()) onThrottled(connection, seconds);
      this.pausedUntil.set(connection, Math.max(this.pausedUntil.get(connection) ?? 0, elapsed() + seconds * 1_000));
    }
  }

  /** Decides about an `Undecided` user, after all other deletions. `undefined`: it is deleted. */
  async decide(entry: UserToDelete): Promise<Refusal | undefined> {
    const { connection, resourceId } = entry;
    const failure = this.resourceOf(connection) === undefined ? await this.probe(connection) : undefined;
    const current = this.resourceOf(connection);
    if (current === resourceId) return undefined;
    if (current !== undefined) return otherResource(entry);
    const reason = failure === undefined ? '' : `. The probe failed: ${failure.reason}`;
    return { code: 'UserNotFound', reason: unknownUser(connection) + reason };
  }

  private probe(connection: string): Promise<Refusal | undefined> {
    const { probe, leftMs } = this.options;
    if (probe === undefined) return Promise.resolve(undefined);
    const probing =
      this.probes.get(connection) ??
      withTimeout(leftMs(), undefined, () => probe(connection)).then(
        (resourceId) => this.rememberResource(connection, resourceId),
        (error: unknown) => refusalOf(error, connection),
      );
    this.probes.set(connection, probing);
    return probing;
  }

  private rememberResource(connection: string, resourceId: string): undefined {
    if (resourceId !== '') this.resources.set(connection, resourceId);
  }

  private resourceOf(connection: string): string | undefined {
    return this.options.resourceOf?.(connection) ?? this.resources.get(connection);
  }

  private async attempt(
    entry: UserToDelete,
  ): Promise<(Refusal & { retryAfterSeconds?: number | undefined }) | undefined> {
    const { userId, runId, connection, resourceId } = entry;
    const { actionsOn, sleep, leftMs } = this.options;
    const until = performance.now() + Math.min(leftMs(), LIMITS.sweepDeleteMs);
    for (let retryCount = 0; ; retryCount += 1) {
      const current = this.resourceOf(connection);
      if (current !== undefined && current !== resourceId) return otherResource(entry);
      const timeoutMs = until - performance.now();
      try {
        await withTimeout(timeoutMs, undefined, async (signal) => {
          const actions = await actionsOn(connection);
          // no retries inside: after one, UserNotFound could mean "deleted by the first attempt" or "belongs to another resource"
          await actions.deleteUser({ userId }, { signal, timeoutMs, clientTrackingId: runId, retry: NO_RETRY });
        });
        return this.rememberResource(connection, resourceId);
      } catch (error) {
        const refusal = refusalOf(error, connection);
        // if the user's own resource does not know it, it was deleted before
        if (refusal.code === 'UserNotFound') {
          const isDeleted = current !== undefined || this.options.unknownIsDeleted === true;
          return isDeleted ? undefined : { ...refusal, code: 'Undecided' };
        }
        const hasTimeToRetry = retryCount === 0 && performance.now() + RETRY_WAIT_MS < until;
        if (refusal.code !== 'ServiceUnavailable' || !hasTimeToRetry) return refusal;
        await sleep(RETRY_WAIT_MS);
      }
    }
  }
}

function refusalOf(error: unknown, connection: string): Refusal & Pick<AppError, 'retryAfterSeconds'> {
  if (!isAppError(error)) {
    const reason = `ServiceTimeout: connection ${connection} did not answer in time`;
    return { code: 'ServiceTimeout', reason, retryAfterSeconds: undefined };
  }
  const { code, message, retryAfterSeconds } = error;
  const wait = retryAfterSeconds === undefined ? '' : ` (Retry-After: ${retryAfterSeconds} s)`;
  return { code, reason: `${code}: ${message}${wait}`, retryAfterSeconds };
}

const unknownUser = (connection: string) =>
  `ACS does not know it on the resource of connection ${connection}: it was deleted, or belongs to another resource`;

const otherResource = ({ connection, resourceId }: UserToDelete): Refusal => ({
  code: 'OtherResource',
  reason: `it belongs to the ACS resource ${resourceId}, but connection ${connection} now points at another resource: delete it with the credentials of its own resource`,
});
