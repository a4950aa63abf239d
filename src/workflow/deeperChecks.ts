import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { DeeperCheck } from '../base/runSettings';
import type { CheckRecord } from '../runs/run';
import type { StepContext } from './step';
import { userOf } from './step';

/** A description of the problem, `undefined` if the check passed, or the reason why it does not apply. */
type Finding = string | undefined | { notApplicable: string };

/** With any of these scopes a token is valid for chat. */
const CHAT_SCOPES = ['chat', 'chat.join', 'chat.join.limited'];
const POLL_MS = 1_000;

const CHECKS: Record<DeeperCheck, (context: StepContext, signal: AbortSignal) => Promise<Finding>> = {
  async tokenAccepted({ state, probes }, signal) {
    const token = state.issuedToken?.token;
    if (!probes || token === undefined || !hasChat(state.request.scopes)) return { notApplicable: NO_CHAT };
    const status = await probes.chatStatus(token, signal);
    return status === 200 ? undefined : `ACS chat does not accept the issued token (${status})`;
  },

  async revokedTokenRefused({ state, probes, revocationWaitMs = 0 }, signal) {
    const token = state.issuedToken?.token;
    if (!probes || token === undefined || !hasChat(state.request.scopes)) return { notApplicable: NO_CHAT };
    const startedAt = performance.now();
    for (;;) {
      const status = await probes.chatStatus(token, signal);
      if (status === 401) return undefined;
      if (status !== 200) return `ACS chat answers ${status} to a revoked token; expected 401`;
      const waitedMs = performance.now() - startedAt;
      const leftMs = revocationWaitMs - waitedMs;
      if (leftMs <= 0) {
        return (
          `ACS chat still accepts the token ${Math.round(waitedMs / 1000)} s after it was revoked ` +
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
      // with these ACS refuses a user that does not exist; other errors have other reasons
      if (isAppError(error) && (error.code === 'UserNotFound' || error.code === 'InvalidRequest')) return undefined;
      throw error;
    }
    return 'ACS still issues tokens for the deleted user';
  },

  async anonymousRefused({ probes }, signal) {
    const statuses = await probes?.anonymousStatuses?.(signal);
    if (statuses === undefined)
      return { notApplicable: 'the run calls no function URLs, or their host checks no keys' };
    const open = Object.entries(statuses).filter(([, status]) => status !== 401 && status !== 403);
    // the host answers 401 to a call without a key; 403 comes from the platform, before the key is checked
    const unproven = Object.keys(statuses).filter((name) => statuses[name] === 403);
    if (open.length === 0 && unproven.length === 0) return undefined;
    if (open.length === 0) {
      const names = unproven.join(', ');
      return {
        notApplicable: `the platform refuses calls before it checks keys, as access restrictions do (403): ${names}`,
      };
    }
    return `functions can be called without a key: ${open.map(([name, status]) => `${name} (${status})`).join(', ')}`;
  },
};

const NO_CHAT = 'the token has no chat scope';

const hasChat = (scopes: readonly string[]) => scopes.some((scope) => CHAT_SCOPES.includes(scope));

/**
 * Makes those checks of `about` that are enabled for the run (`context.checks`), one after the other, and returns their results. A check that can't be made
 * counts as failed. Rejects only if `signal` aborts.
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
      return `the check could not be made: ${isAppError(error) ? error.message : 'the reason is unknown'}`;
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

/** Time for the deeper checks of a step, in milliseconds. */
export const deeperChecksMs = ({ revocationWaitMs = 0 }: Pick<StepContext, 'revocationWaitMs'>): number =>
  LIMITS.callMs * 2 + revocationWaitMs;
