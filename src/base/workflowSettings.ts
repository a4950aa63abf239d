// The settings of runs, read and combined for the code that uses them. Their schema is in runSettings.ts.
import type * as v from 'valibot';
import { entryOfSetting, misconfigured } from './errors';
import { isLoopback } from './loopback';
import { HOST_STORAGE_SETTINGS } from './schedule';
import { ACTION_SETTINGS, connectionNames, readSetting, type Scope } from './settings';
import { OPERATIONS_SETTINGS } from './operationsSettings';
import { RUN_SETTINGS, STORAGE_SETTINGS, type DeeperCheck } from './runSettings';

/** The Application Insights resource that runs are reported to, and the location that they are reported from. */
export interface TelemetrySettings {
  connectionString: string;
  /** Does Application Insights require an Entra ID token? Then `clientId` may name a user-assigned identity. */
  usesEntra: boolean;
  clientId: string | undefined;
  location: string;
}

/** Settings of Application Insights, which the host reads too; `undefined` if runs are not reported. */
export function telemetrySettings(): TelemetrySettings | undefined {
  const connectionString = readSetting(RUN_SETTINGS, 'APPLICATIONINSIGHTS_CONNECTION_STRING');
  if (connectionString === undefined) return undefined;
  // turns off the exporter's statistics about itself, which it sends to Microsoft
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] ??= 'true';
  process.env['APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED'] ??= 'true';
  const authentication = readSetting(RUN_SETTINGS, 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING') ?? '';
  return {
    connectionString,
    usesEntra: /(?:^|;)\s*Authorization\s*=\s*AAD\s*(?:;|$)/i.test(authentication),
    clientId: /(?:^|;)\s*ClientId\s*=\s*([0-9a-f-]{36})/i.exec(authentication)?.[1],
    location: readSetting(RUN_SETTINGS, 'REGION_NAME') ?? siteName(),
  };
}

/** Parses every setting whose name has no prefix, but not those of signed-in callers, which `callerSettings` checks. @throws AppError `Misconfigured`, which names the first malformed one */
export function checkEachSetting(): void {
  for (const name of namesOf(ACTION_SETTINGS)) readSetting(ACTION_SETTINGS, name);
  for (const name of namesOf(RUN_SETTINGS)) readSetting(RUN_SETTINGS, name);
  for (const name of namesOf(OPERATIONS_SETTINGS)) readSetting(OPERATIONS_SETTINGS, name);
}

const namesOf = <E extends v.ObjectEntries>(schema: v.ObjectSchema<E, undefined>) =>
  Object.keys(schema.entries) as (keyof E & string)[];

/** What a run of the workflow does, unless its caller chooses otherwise. */
export interface WorkflowSettings {
  scopes: Scope[];
  createScopes: Scope[];
  tokenMinutes: number;
  connections: string[];
  target: 'connection' | 'functions';
  checks: DeeperCheck[];
  /** How long ACS may still accept a revoked token before the check fails. */
  revocationWaitSeconds: number;
}

/** How many days runs are kept. */
export const historyDays = (): number => readSetting(RUN_SETTINGS, 'RUN_HISTORY_DAYS');

/** Maximum number of manual runs at a time, in each instance. */
export const maxConcurrentRuns = (): number => readSetting(RUN_SETTINGS, 'MAX_CONCURRENT_RUNS');

/** The settings that decide whether and when the timer fires. */
export interface ScheduleSettings {
  /** The text of the setting with surrounding blanks: the host doesn't trim it. `undefined` if it is missing or blank. */
  expression: string | undefined;
  isDisabled: boolean;
  /** Does a setting name a storage for the state of the host's timers? */
  hasHostStorage: boolean;
}

export function scheduleSettings(): ScheduleSettings {
  const disabled =
    readSetting(RUN_SETTINGS, 'AzureWebJobs.scheduledRun.Disabled') ??
    process.env['AzureWebJobs_scheduledRun_Disabled']?.trim();
  return {
    expression: readSetting(RUN_SETTINGS, 'WORKFLOW_SCHEDULE') && process.env['WORKFLOW_SCHEDULE'],
    isDisabled: /^(true|1)$/i.test(disabled ?? ''),
    hasHostStorage: HOST_STORAGE_SETTINGS.some((name) => (process.env[name]?.trim() ?? '') !== ''),
  };
}

/** Settings of the workflow, each checked by itself. `identity/operatorLimits.ts` checks whether scopes and lifetime are allowed. */
export function workflowSettings(): WorkflowSettings {
  // the default scope must be one that the operator allows
  const allowed = readSetting(ACTION_SETTINGS, 'ALLOWED_SCOPES');
  const usualScope = allowed?.includes('chat') === false ? allowed.slice(0, 1) : ['chat' as const];
  const known = connectionNames();
  const connections = readSetting(RUN_SETTINGS, 'WORKFLOW_CONNECTIONS');
  const unknown = connections.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw misconfigured(
      'WORKFLOW_CONNECTIONS',
      `has ${entryOfSetting(unknown)}, which is not a connection. Connections are: ${known.join(', ')}. Setting 'IDENTITY_CONNECTIONS' lists them.`,
    );
  }
  return {
    scopes: readSetting(RUN_SETTINGS, 'WORKFLOW_SCOPES') ?? usualScope,
    createScopes: readSetting(RUN_SETTINGS, 'WORKFLOW_CREATE_SCOPES'),
    tokenMinutes: readSetting(RUN_SETTINGS, 'WORKFLOW_TOKEN_MINUTES'),
    checks: readSetting(RUN_SETTINGS, 'WORKFLOW_CHECKS'),
    revocationWaitSeconds: readSetting(RUN_SETTINGS, 'WORKFLOW_REVOCATION_WAIT_SECONDS'),
    connections: connections.length > 0 ? connections : known.slice(0, 1),
    target: readSetting(RUN_SETTINGS, 'WORKFLOW_TARGET'),
  };
}

/** The base URL of the app's own functions, and their key. */
export function functionUrlSettings(): { baseUrl: string; key: string | undefined } {
  const host = readSetting(RUN_SETTINGS, 'WEBSITE_HOSTNAME');
  if (host === undefined) {
    throw misconfigured(
      'WEBSITE_HOSTNAME',
      "is missing. WORKFLOW_TARGET=functions needs it to call the app's own functions. Azure and `func start` set it; elsewhere set it to HOST:PORT.",
    );
  }
  const isLocal = isLoopback(host.replace(/:\d+$/, '').toLowerCase());
  return { baseUrl: `${isLocal ? 'http' : 'https'}://${host}`, key: functionKey() };
}

/** The key of the app's own functions. */
export const functionKey = (): string | undefined => readSetting(RUN_SETTINGS, 'WORKFLOW_FUNCTION_KEY');

/** The storage that keeps runs. */
export type HistorySettings =
  | { kind: 'memory'; setting: string }
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | {
      kind: 'entra';
      setting: string;
      uri: string;
      credential: 'managedidentity' | undefined;
      clientId: string | undefined;
    };

/** Settings of the run history. If no storage is set, runs are kept in memory. If HISTORY_STORAGE names a storage that is not set, that is an error. */
export function historySettings(): HistorySettings {
  const named = readSetting(RUN_SETTINGS, 'HISTORY_STORAGE');
  const setting = named ?? 'AzureWebJobsStorage';
  const connectionString = readSetting(STORAGE_SETTINGS, '', setting);
  if (connectionString !== undefined) return { kind: 'connectionString', setting, connectionString };
  const uri = readSetting(STORAGE_SETTINGS, '__tableServiceUri', setting);
  if (uri !== undefined) {
    return {
      kind: 'entra',
      setting,
      uri,
      credential: readSetting(STORAGE_SETTINGS, '__credential', setting),
      clientId: readSetting(STORAGE_SETTINGS, '__clientId', setting),
    };
  }
  if (
    readSetting(STORAGE_SETTINGS, '__accountName', setting) ??
    readSetting(STORAGE_SETTINGS, '__blobServiceUri', setting)
  ) {
    throw misconfigured(
      `${setting}__tableServiceUri`,
      "is missing. Set it to the storage account's table service, where runs are kept: https://ACCOUNT.table.core.windows.net.",
    );
  }
  if (named !== undefined) {
    throw misconfigured(
      'HISTORY_STORAGE',
      `names setting '${named}', but neither '${named}' nor '${named}__tableServiceUri' is set. Set one of them.`,
    );
  }
  return { kind: 'memory', setting };
}

/** The app's site name in Azure, else `local`. It separates the histories of apps that share a storage account. */
export function siteName(): string {
  return readSetting(RUN_SETTINGS, 'WEBSITE_SITE_NAME') ?? 'local';
}
