import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { DeeperCheck } from '../base/runSettings';
import type { CheckRecord } from '../runs/run';
import type { StepContext } from './step';
import { userOf } from './step';

/** A sentence that describes the problem, `undefined` if the check passed, or the reason why it does not apply. */
type Finding = string | undefined | { notApplicable: string };

/** Any of them lets a user into chat. */
const CHAT_SCOPES = ['chat', 'chat.join', 'chat.join.limited'];
const POLL_MS = 1_000;

const CHECKS: Record<DeeperCheck, (context: StepContext, signal: AbortSignal) => Promise<Finding>> = {
  async tokenAccepted({ state, probes }, signal) {
    const token = state.issuedToken?.token;
    if (!probes || token === undefined || !hasChat(state.request.scopes)) return { notApplicable: NO_CHAT };
    const status = await probes.chatStatus(token, signal);
    return status === 200 ? undefined : `ACS chat does not take the token that was issued (${status})`;
  },

  async revokedTokenRefused({ state, probes, revocationWaitMs = 0 }, signal) {
    const token = state.issuedToken?.token;
    if (!probes || token === undefined || !hasChat(state.request.scopes)) return { notApplicable: NO_CHAT };
    const startedAt = performance.now();
    for (;;) {
      const status = await probes.chatStatus(token, signal);
      if (status === 401) return undefined;
      if (status !== 200) return `ACS chat answers ${status} to a revoked token, where 401 is expected`;
      const waitedMs = performance.now() - startedAt;
      const leftMs = revocationWaitMs - waitedMs;
      if (leftMs <= 0) {
        return (
          `ACS chat still takes the token ${Math.round(waitedMs / 1000)} s after it was revoked ` +
          '(ACS may need up to 15 minutes: see WORKFLOW_REVOCATION_WAIT_SECONDS)'
        );
      }
      await sleep(Math.min(POLL_MS, leftMs), undefined, { signal });
    }
  },

  async deletedUserRefused({ actions, state, call }, signal) {
    const { scopes, expiresInMinutes } = state.request;
    try {
      const request = { userId: userOf(state), scopes, expiresInMinutes };
      await actions.issueToken(request, {
        ...call,
        signal,
        retry: { count: 0, delaysMs: [] },
        onAttempt: () => undefined,
      });
    } catch (error) {
      // ACS's errors for a user that does not exist; other errors are not about the user
      if (isAppError(error) && (error.code === 'UserNotFound' || error.code === 'InvalidRequest')) return undefined;
      throw error;
    }
    return 'ACS still issues tokens for the deleted user';
  },

  async anonymousRefused({ probes }, signal) {
    const statuses = await probes?.anonymousStatuses?.(signal);
    if (statuses === undefined) return { notApplicable: 'no function URLs are called, or nobody checks keys there' };
    const open = Object.entries(statuses).filter(([, status]) => status !== 401 && status !== 403);
    // the host refuses a call without a key with 401; a 403 is the platform's, before anybody has looked at keys
    const unproven = Object.keys(statuses).filter((name) => statuses[name] === 403);
    if (open.length === 0 && unproven.length === 0) return undefined;
    if (open.length === 0) {
      const names = unproven.join(', ');
      return {
        notApplicable: `the platform refuses calls before it looks at keys, as access restrictions do (403): ${names}`,
      };
    }
    return `functions answer to a call without a key: ${open.map(([name, status]) => `${name} (${status})`).join(', ')}`;
  },
};

const NO_CHAT = 'the token has no chat scope';

const hasChat = (scopes: readonly string[]) => scopes.some((scope) => CHAT_SCOPES.includes(scope));

/**
 * Makes those of `about` that the run is asked for, one after the other, and records each. A check that can't be made failed.
 * Rejects only when `signal` aborts.
 */
export async function deeperChecks(
  about: readonly DeeperCheck[],
  context: StepContext,
  signal: AbortSignal,
): Promise<CheckRecord[]> {
  const records: CheckRecord[] = [];
  for (const name of about.filter((check) => context.checks?.includes(check))) {
    const startedAt = performance.now();
    const finding = await CHECKS[name](context, signal).catch((error: unknown): Finding => {
      signal.throwIfAborted();
      return `it could not be made: ${isAppError(error) ? error.message : 'for a reason that is not known'}`;
    });
    records.push({
      name,
      status: finding === undefined ? 'Passed' : typeof finding === 'string' ? 'Failed' : 'NotApplicable',
      durationMs: Math.round(performance.now() - startedAt),
      ...(finding === undefined ? {} : { message: typeof finding === 'string' ? finding : finding.notApplicable }),
    });
  }
  return records;
}

/** The time that deeper checks of a step may take, in milliseconds. */
export const deeperChecksMs = ({ revocationWaitMs = 0 }: Pick<StepContext, 'revocationWaitMs'>): number =>
  LIMITS.callMs * 2 + revocationWaitMs;
