import { isAppError, type AppError } from '../base/errors';
import type { LedgerEntry } from '../runs/ledger';
import type { IdentityActions } from '../identity/identityActions';
import { NO_RETRY } from '../identity/retries';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';

export interface DeletionOptions {
  /** @throws AppError when the connection is unknown or misconfigured */
  actionsOn: (connection: string) => Promise<Pick<IdentityActions, 'deleteUser'>>;
  /** The ACS resource that a connection points at, if that is known: from the user of a run that has just been made. */
  resourceOf?: (connection: string) => string | undefined;
  /** Finds out the same from ACS. Called once for a connection at the most, and only if an entry can't be decided without. */
  probe?: (connection: string) => Promise<string>;
  /**
   * Called when ACS throttles a connection: its deletions then wait for as long as ACS asks, and go on. If it is missing, the connection is left out
   * for the rest of the time.
   */
  onThrottled?: (connection: string, seconds: number) => void;
  /** For deadlines: milliseconds of a clock that is never set. */
  elapsed: () => number;
  sleep: (ms: number) => Promise<void>;
  /** The time that is left, in milliseconds. */
  leftMs: () => number;
}

/** Why a user was not deleted. */
export interface Refusal {
  code: string;
  reason: string;
}

export const NO_TIME: Refusal = { code: 'NoTime', reason: 'there was no time left to delete it' };

/** After a 429 that does not say how long to wait: ACS counts requests in windows of 30 s. */
const THROTTLED_SECONDS = 30;
/** Before a deletion that ACS could not do is asked for again. */
const REPEAT_AFTER_MS = 500;

/** Deletes users that runs left, and finds out which are gone already. */
export class UserDeletion {
  private readonly pausedUntil = new Map<string, number>();
  /** Resources that connections point at, as ACS showed: it deletes users of the connection's own resource only. */
  private readonly shown = new Map<string, string>();
  private readonly probes = new Map<string, Promise<Refusal | undefined>>();

  constructor(private readonly options: DeletionOptions) {}

  /**
   * Deletes a user. Returns why it was not deleted: with the code `Undecided` when ACS does not know it and nobody can know yet whether it was deleted
   * or belongs to another resource.
   */
  async delete(entry: LedgerEntry): Promise<Refusal | undefined> {
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
      // several deletions are in flight: the first one that is refused begins the pause
      if ((this.pausedUntil.get(connection) ?? 0) <= elapsed()) onThrottled(connection, seconds);
      this.pausedUntil.set(connection, Math.max(this.pausedUntil.get(connection) ?? 0, elapsed() + seconds * 1_000));
    }
  }

  /** Decides about an `Undecided` user once all others are done. `undefined`: it was deleted before. */
  async decide(entry: LedgerEntry): Promise<Refusal | undefined> {
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
      withLimit(leftMs(), undefined, () => probe(connection)).then(
        (resourceId) => this.show(connection, resourceId),
        (error: unknown) => refusalOf(error, connection),
      );
    this.probes.set(connection, probing);
    return probing;
  }

  private show(connection: string, resourceId: string): undefined {
    if (resourceId !== '') this.shown.set(connection, resourceId);
  }

  private resourceOf(connection: string): string | undefined {
    return this.options.resourceOf?.(connection) ?? this.shown.get(connection);
  }

  private async attempt(
    entry: LedgerEntry,
  ): Promise<(Refusal & { retryAfterSeconds?: number | undefined }) | undefined> {
    const { userId, runId, connection, resourceId } = entry;
    const { actionsOn, sleep, leftMs } = this.options;
    const until = performance.now() + Math.min(leftMs(), LIMITS.sweepDeleteMs);
    for (let repetition = 0; ; repetition += 1) {
      const current = this.resourceOf(connection);
      if (current !== undefined && current !== resourceId) return otherResource(entry);
      const timeoutMs = until - performance.now();
      try {
        await withLimit(timeoutMs, undefined, async (signal) => {
          const actions = await actionsOn(connection);
          // ACS would count repetitions as well, and after one "not a user of this resource" could mean "deleted a moment ago" or just that
          await actions.deleteUser({ userId }, { signal, timeoutMs, clientTrackingId: runId, retry: NO_RETRY });
        });
        return this.show(connection, resourceId);
      } catch (error) {
        const refusal = refusalOf(error, connection);
        // a user that its own resource does not know was deleted already
        if (refusal.code === 'UserNotFound')
          return current === undefined ? { ...refusal, code: 'Undecided' } : undefined;
        const isWorthIt = repetition === 0 && performance.now() + REPEAT_AFTER_MS < until;
        if (refusal.code !== 'ServiceUnavailable' || !isWorthIt) return refusal;
        await sleep(REPEAT_AFTER_MS);
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
  `according to ACS it is not a user of the resource that connection ${connection} points at: it belongs to another one, or was deleted`;

const otherResource = ({ connection, resourceId }: LedgerEntry): Refusal => ({
  code: 'OtherResource',
  reason: `it belongs to the ACS resource ${resourceId}, and connection ${connection} now points at another one: delete it there, with that resource's credentials`,
});
