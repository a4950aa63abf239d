/** Tokens are revoked by time, as the service does it: those issued before `tokensValidFrom` no longer count. */
export interface Revocations {
  /** Of the latest revocation; milliseconds since the epoch. */
  tokensValidFrom?: number;
  /** With a revocation delay: those that may not be in effect yet, oldest first; at most one for each second of the delay. */
  pending?: { validFrom: number; effectiveAt: number }[];
  /** The latest `validFrom` that is known to be in effect. */
  effectiveFrom?: number;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** Revokes all tokens issued until now; it takes effect after `delayMs` (in the cloud: up to 15 minutes). */
export function revoke(user: Revocations, nowMs: number, delayMs: number): void {
  settle(user, nowMs);
  user.tokensValidFrom = Math.max(nowMs, user.tokensValidFrom ?? 0);
  if (delayMs <= 0) {
    user.effectiveFrom = user.tokensValidFrom;
    return;
  }
  // Tokens carry whole seconds, so only the first revocation within a second matters.
  const last = user.pending?.at(-1);
  if (last === undefined || seconds(last.validFrom) < seconds(nowMs)) {
    (user.pending ??= []).push({ validFrom: nowMs, effectiveAt: nowMs + delayMs });
  }
}

/** Whether a token with this `iat` (seconds) has been revoked, and the revocation is in effect. */
export function isRevoked(user: Revocations, issuedAtSeconds: number, nowMs: number): boolean {
  settle(user, nowMs);
  return user.effectiveFrom !== undefined && issuedAtSeconds <= seconds(user.effectiveFrom);
}

/**
 * The `iat` for a token issued now, in seconds. A token has whole seconds, a revocation has milliseconds: one issued within the second
 * of a revocation, but after it, gets the next second, so that it counts while those issued before do not.
 */
export function issuedAtSeconds(user: Revocations, nowMs: number): number {
  const lastRevoked = user.tokensValidFrom === undefined ? 0 : seconds(user.tokensValidFrom);
  return Math.max(seconds(nowMs), lastRevoked + 1);
}

function settle(user: Revocations, nowMs: number): void {
  const { pending } = user;
  if (pending === undefined) return;
  let effective = 0;
  for (; effective < pending.length; effective += 1) {
    const revocation = pending[effective];
    if (revocation === undefined || revocation.effectiveAt > nowMs) break;
    user.effectiveFrom = Math.max(revocation.validFrom, user.effectiveFrom ?? 0);
  }
  if (effective === pending.length) delete user.pending;
  else pending.splice(0, effective);
}
