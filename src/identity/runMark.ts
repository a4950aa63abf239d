import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRunId } from '../runId';

// With WORKFLOW_TARGET=functions a run calls the app's own functions. The mark tells createUser that a call belongs to a run, so that it
// can write the user into the ledger before it answers. Only this app can make one: callers can't have users recorded.

/** The header that carries a mark: `RUN_ID.EXPIRY.SIGNATURE`, expiry in milliseconds since the epoch, signature in base64url. */
export const RUN_MARK_HEADER = 'x-acs-identity-run';

/** Without a function key only calls within this process are recognised. */
const processSecret = randomBytes(32).toString('base64');

const MAX_LENGTH = 200;

/** A mark for the calls of a run, valid until `expiresMs` (milliseconds since the epoch). `key`: the function key, or undefined. */
export function signRunMark(runId: string, expiresMs: number, key: string | undefined): string {
  const text = `${runId}.${expiresMs}`;
  return `${text}.${signature(text, key)}`;
}

/** The id of the run that a call belongs to; undefined if there is no mark, or it is expired or not signed by this app. */
export function readRunMark(
  mark: string | null | undefined,
  key: string | undefined,
  now: number = Date.now(),
): string | undefined {
  if (typeof mark !== 'string' || mark.length > MAX_LENGTH) return undefined;
  const [runId = '', expires = '', given = '', ...more] = mark.split('.');
  if (more.length > 0 || !isRunId(runId) || !/^\d{1,15}$/.test(expires) || Number(expires) < now) return undefined;
  const [expected, actual] = [signature(`${runId}.${expires}`, key), given].map((text) => Buffer.from(text));
  if (expected === undefined || actual === undefined || expected.length !== actual.length) return undefined;
  return timingSafeEqual(expected, actual) ? runId : undefined;
}

const signature = (text: string, key: string | undefined) =>
  createHmac('sha256', `acs-identity-run:${key ?? processSecret}`)
    .update(text)
    .digest('base64url');
