// The schema of the settings of operations: notifications, the outward heartbeat, budgets, and what is public.
import * as v from 'valibot';
import { isLoopback } from './loopback';
import { RUN_SETTINGS } from './runSettings';
import { readSetting, setting, wholeNumber } from './settings';

/** Is it an address that a secret may be sent to? */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

const url = v.pipe(
  v.string(),
  v.check(
    isSafeUrl,
    'must be a URL that begins with https://. Only this machine (localhost, 127.0.0.1) may be called with http://.',
  ),
);

const budget = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,6}$/, 'must be a whole number of milliseconds from 1 to 120000.'),
    v.transform(Number),
    v.minValue(1, 'must be a whole number of milliseconds from 1 to 120000.'),
    v.maxValue(120_000, 'must be a whole number of milliseconds from 1 to 120000.'),
  ),
);

export const OPERATIONS_SETTINGS = v.object({
  NOTIFY_WEBHOOK_URL: setting(
    v.optional(url),
    'URL that the app calls when the state of a connection changes: failing, recovered, slow, overdue. It is a secret.',
    { default: 'none: no notifications', isSecret: true },
  ),
  NOTIFY_FORMAT: setting(
    v.optional(v.picklist(['cloudevents', 'teams'], "must be 'cloudevents' or 'teams'."), 'cloudevents'),
    '`cloudevents`: notifications are CloudEvents 1.0 as JSON. `teams`: they are adaptive cards for a Workflows webhook of Microsoft Teams.',
  ),
  NOTIFY_AFTER_FAILURES: setting(
    wholeNumber('failures', 1, 100, 1),
    'After how many consecutive failed scheduled runs a connection is `Failing`, 1 to 100.',
  ),
  HEARTBEAT_URL: setting(
    v.optional(url),
    'URL that the app calls after each timer run. A service such as healthchecks.io then notices when the calls stop. If a run failed or was not recorded, the app inserts `/fail` before the query of the URL. It is a secret.',
    { default: 'none', isSecret: true },
  ),
  WORKFLOW_BUDGET_MS: setting(
    budget,
    'How many milliseconds a run may take, 1 to 120000. If a run succeeds but takes longer, it is slow.',
    { default: 'none' },
  ),
  WORKFLOW_STEP_BUDGET_MS: setting(
    budget,
    'How many milliseconds each step may take, 1 to 120000. If a run succeeds but one of its steps takes longer, the run is slow.',
    { default: 'none' },
  ),
  PUBLIC_URL: setting(v.optional(url), 'Address of the app. Links in notifications use it.', {
    default: '`https://WEBSITE_HOSTNAME`',
  }),
  PUBLIC_STATUS: setting(
    v.optional(v.picklist(['true', 'false'], "must be 'true' or 'false'."), 'false'),
    '`true`: `badge` shows the state of a connection to anyone, without a key.',
  ),
});

/** Where the app is reached, without a trailing slash; `undefined` if nobody knows. */
export function publicUrl(): string | undefined {
  const named = readSetting(OPERATIONS_SETTINGS, 'PUBLIC_URL');
  if (named !== undefined) return named.replace(/\/$/, '');
  const host = readSetting(RUN_SETTINGS, 'WEBSITE_HOSTNAME');
  if (host === undefined) return undefined;
  return `${isLoopback(host.replace(/:\d+$/, '').toLowerCase()) ? 'http' : 'https'}://${host}`;
}

/** How long a run and each of its steps may take, in milliseconds; `undefined`: any time. */
export interface Budgets {
  runMs: number | undefined;
  stepMs: number | undefined;
}

/** @throws AppError `Misconfigured` */
export const budgets = (): Budgets => ({
  runMs: readSetting(OPERATIONS_SETTINGS, 'WORKFLOW_BUDGET_MS'),
  stepMs: readSetting(OPERATIONS_SETTINGS, 'WORKFLOW_STEP_BUDGET_MS'),
});

/** When the state of a connection changes, and whether people are notified. With a malformed setting, which health names, runs are still recorded. */
export function stateRules(): { failuresUntilFailing: number; notify: boolean } {
  try {
    return {
      failuresUntilFailing: readSetting(OPERATIONS_SETTINGS, 'NOTIFY_AFTER_FAILURES'),
      notify: readSetting(OPERATIONS_SETTINGS, 'NOTIFY_WEBHOOK_URL') !== undefined,
    };
  } catch {
    return { failuresUntilFailing: 1, notify: false };
  }
}
