import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '../base/limits';
import { isRunId } from './runId';

// With WORKFLOW_TARGET=functions a run calls the app's own functions. The mark in such a call shows createUser that the call belongs to a run, so that it
// writes the user to the ledger before it answers. The mark is signed with the function key: users in the ledger are deleted later, and this must not happen
// to the users of other callers.

/** Signs marks if there is no function key. Then only calls within this process are recognised. */
const processSecret = randomBytes(32).toString('base64');

const MAX_LENGTH = 200;

/** How long a mark is valid, in milliseconds: the maximum time of a run and its cleanup. */
const VALID_MS = LIMITS.runMs + LIMITS.cleanupMs;

/** The mark for the calls of a run that starts now: `RUN_ID.EXPIRY.SIGNATURE`, expiry in milliseconds since the epoch. `key`: the function key, if there is one. */
export function signRunMark(runId: string, key: string | undefined, now: number = Date.now()): string {
  // clocks of instances may differ
  const text = `${runId}.${now + VALID_MS + LIMITS.clockSkewMs}`;
  return `${text}.${signature(text, key)}`;
}

/** The id of the run that a call belongs to; `undefined` if the mark is missing, malformed, expired, or not signed with this key. */
export function readRunMark(
  mark: string | null | undefined,
  key: string | undefined,
  now: number = Date.now(),
): string | undefined {
  if (typeof mark !== 'string' || mark.length > MAX_LENGTH) return undefined;
  const [runId = '', expires = '', given = '', ...more] = mark.split('.');
  if (more.length > 0 || !isRunId(runId) || !/^\d{1,15}$/.test(expires) || isOutOfTime(Number(expires), now))
    return undefined;
  const [expected, actual] = [signature(`${runId}.${expires}`, key), given].map((text) => Buffer.from(text));
  if (expected === undefined || actual === undefined || expected.length !== actual.length) return undefined;
  return timingSafeEqual(expected, actual) ? runId : undefined;
}

const isOutOfTime = (expires: number, now: number) =>
  expires < now || expires > now + VALID_MS + 2 * LIMITS.clockSkewMs;

const signature = (text: string, key: string | undefined) =>
  createHmac('sha256', `acs-identity-run:${key ?? processSecret}`)
    .update(text)
    .digest('base64url');
