// The schema of the settings of runs: what the workflow does and when, where runs are kept, and where they are reported.
import * as v from 'valibot';
import { rememberSecret } from './redact';
import { CONNECTION_SETTINGS, list, listOf, SCOPES, setting, nonEmptyScopes, text, wholeNumber } from './settings';

/** Checks that need extra calls. WORKFLOW_CHECKS selects them; each is made after the step that it tests. */
export const DEEPER_CHECKS = [
  'tokenAccepted',
  'revokedTokenRefused',
  'deletedUserRefused',
  'anonymousRefused',
] as const;

export type DeeperCheck = (typeof DEEPER_CHECKS)[number];

/** Is it the name of a setting? Other text may be a pasted connection string, so it is masked: messages repeat the name. */
const isSettingName = (value: string): boolean => {
  const isName = /^[A-Za-z_][\w.:-]{0,127}$/.test(value);
  if (!isName) rememberSecret(value);
  return isName;
};

/** Settings that runs read. */
export const RUN_SETTINGS = v.object({
  WORKFLOW_SCHEDULE: setting(
    text(),
    'When the workflow runs: an NCRONTAB expression with six fields (if there are only five, the seconds are 0), or a TimeSpan such as `00:05:00`.',
    { default: 'required, unless the timer is disabled; `0 */5 * * * *` in the example' },
  ),
  WORKFLOW_SCOPES: setting(
    v.optional(nonEmptyScopes),
    'Scopes of the token that the workflow issues. They must be in `ALLOWED_SCOPES`.',
    { default: '`chat`, or the first allowed scope' },
  ),
  WORKFLOW_CREATE_SCOPES: setting(
    v.optional(listOf(SCOPES, 'scope', 'Scopes'), ''),
    'Scopes of a token that the workflow creates together with the user (the advanced option of the Logic Apps connector).',
    { default: 'none' },
  ),
  WORKFLOW_TOKEN_MINUTES: setting(
    wholeNumber('minutes', 60, 1440, 60),
    'Lifetime of the tokens that the workflow requests, in minutes, 60 to 1440.',
  ),
  WORKFLOW_CONNECTIONS: setting(
    v.optional(v.pipe(v.string(), list), ''),
    'Connections that scheduled runs test, separated by commas. There is one run for each connection.',
    { default: 'the first connection' },
  ),
  WORKFLOW_TARGET: setting(
    v.optional(v.picklist(['connection', 'functions'], "must be 'connection' or 'functions'."), 'connection'),
    '`connection`: the workflow calls ACS directly. `functions`: it calls the URLs of the action functions, which also tests routes, keys and input checks.',
    { default: '`connection`; `functions` in the example' },
  ),
  WORKFLOW_FUNCTION_KEY: setting(
    text(),
    'Key for all action functions, such as the host key `default`. It is needed for `WORKFLOW_TARGET=functions` in Azure.',
    { isSecret: true },
  ),
  WORKFLOW_CHECKS: setting(
    v.optional(listOf(DEEPER_CHECKS, 'check', 'Checks'), ''),
    `Checks that make extra calls, separated by commas: ${DEEPER_CHECKS.map((check) => `\`${check}\``).join(', ')}.`,
    { default: 'none' },
  ),
  WORKFLOW_REVOCATION_WAIT_SECONDS: setting(
    wholeNumber('seconds', 0, 90, 30),
    'How many seconds `revokedTokenRefused` waits for ACS to refuse a revoked token, 0 to 90.',
  ),
  'AzureWebJobs.scheduledRun.Disabled': setting(
    text(),
    '`true`: the timer is off. `AzureWebJobs_scheduledRun_Disabled` has the same effect.',
    { default: '`false`' },
  ),
  MAX_CONCURRENT_RUNS: setting(
    wholeNumber('runs', 1, 1000, 4),
    'Maximum number of manual runs at the same time on each instance, 1 to 1000. Above that, a request gets 429 `TooManyRuns`. Scheduled runs are not limited.',
  ),
  RUN_HISTORY_DAYS: setting(wholeNumber('days', 1, 3650, 90), 'How many days the app keeps runs, 1 to 3650.'),
  HISTORY_STORAGE: setting(
    v.optional(
      v.pipe(
        v.string(),
        v.check(
          isSettingName,
          "must be the name of the setting that has the storage's connection string, such as AzureWebJobsStorage, not the connection string itself.",
        ),
      ),
    ),
    'Name of the storage connection for the run history. It has the same settings as `AzureWebJobsStorage`.',
    { default: '`AzureWebJobsStorage`' },
  ),
  APPLICATIONINSIGHTS_CONNECTION_STRING: setting(
    text(),
    'Connection string of Application Insights. The app reports each run to it as an availability result.',
    { default: 'none: runs are not reported', isSecret: true },
  ),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: setting(
    text(),
    'Set it to `Authorization=AAD` if Application Insights accepts only Entra ID. For a user-assigned identity, add `;ClientId=…`.',
  ),
  REGION_NAME: setting(text(), 'Location that availability results show.', { default: 'set by Azure' }),
  WEBSITE_HOSTNAME: setting(
    text(),
    "Host name of the app, with the port if it is not the default. Runs use it to call the app's own functions.",
    {
      default: 'set by Azure and by the local host',
    },
  ),
  WEBSITE_SITE_NAME: setting(
    text(),
    'Name of the app. If several apps share a storage account, this name separates their histories.',
    {
      default: 'set by Azure; `local` elsewhere',
    },
  ),
});

/** Settings of the storage that keeps runs. The name of the storage connection is the prefix of each. */
export const STORAGE_SETTINGS = v.object({
  '': setting(text(), 'Connection string of the storage account.', {
    default: 'none: runs are kept in memory, and the timer works only if it fires more often than once a minute',
    isSecret: true,
  }),
  __tableServiceUri: setting(
    text(),
    'URL of the table service, `https://ACCOUNT.table.core.windows.net`, instead of a connection string. Calls then use Entra ID.',
  ),
  __credential: CONNECTION_SETTINGS.entries.__credential,
  __clientId: CONNECTION_SETTINGS.entries.__clientId,
  __accountName: setting(
    text(),
    'Only the Functions host uses it, for the timer. For the run history, also set `__tableServiceUri`.',
  ),
  __blobServiceUri: setting(
    text(),
    'Only the Functions host uses it. For the run history, also set `__tableServiceUri`.',
  ),
});
