import { entryOfSetting, misconfigured } from './errors';
import { isLoopback } from './loopback';
import { rememberSecret } from './redact';
import { HOST_STORAGE_SETTINGS } from './schedule';
import { allowedScopes, connectionNames, list, read, readSecret, wholeNumber } from './settings';

/** Where runs are reported to, and from where. */
export interface TelemetrySettings {
  connectionString: string;
  /** Does Application Insights ask for an Entra ID token? Then `clientId` may name a user-assigned identity. */
  usesEntra: boolean;
  clientId: string | undefined;
  location: string;
}

/** Settings of Application Insights, which the host uses too; `undefined` if runs are not reported. */
export function telemetrySettings(): TelemetrySettings | undefined {
  const connectionString = readSecret('APPLICATIONINSIGHTS_CONNECTION_STRING');
  if (connectionString === undefined) return undefined;
  // the exporter would report on itself, to elsewhere
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] ??= 'true';
  process.env['APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED'] ??= 'true';
  const authentication = read('APPLICATIONINSIGHTS_AUTHENTICATION_STRING') ?? '';
  return {
    connectionString,
    usesEntra: /(?:^|;)\s*Authorization\s*=\s*AAD\s*(?:;|$)/i.test(authentication),
    clientId: /(?:^|;)\s*ClientId\s*=\s*([0-9a-f-]{36})/i.exec(authentication)?.[1],
    location: read('REGION_NAME') ?? siteName(),
  };
}

/** Checks that cost calls of their own; a run makes those that it is asked to, each after the step that it is about. */
export const DEEPER_CHECKS = [
  'tokenAccepted',
  'revokedTokenRefused',
  'deletedUserRefused',
  'anonymousRefused',
] as const;

export type DeeperCheck = (typeof DEEPER_CHECKS)[number];

/** What the workflow does by default. */
export interface WorkflowSettings {
  scopes: string[];
  createScopes: string[];
  tokenMinutes: number;
  connections: string[];
  target: 'connection' | 'functions';
  checks: DeeperCheck[];
  /** How long ACS may still accept a revoked token before the check fails. */
  revocationWaitSeconds: number;
}

/** How many days runs are kept. */
export function historyDays(): number {
  return wholeNumber('RUN_HISTORY_DAYS', 'days', 1, 3650, 90);
}

/** How many runs people may have running at a time, in each instance. */
export function maxConcurrentRuns(): number {
  return wholeNumber('MAX_CONCURRENT_RUNS', 'runs', 1, 1000, 4);
}

/** What decides whether the timer fires, and when. */
export interface ScheduleSettings {
  /** As it is set, blanks included: the host doesn't trim it. `undefined` when it is missing or blank. */
  expression: string | undefined;
  isDisabled: boolean;
  /** Is there a storage for the state of the host's timers? */
  hasHostStorage: boolean;
}

export function scheduleSettings(): ScheduleSettings {
  const disabled = read('AzureWebJobs.scheduledRun.Disabled') ?? read('AzureWebJobs_scheduledRun_Disabled');
  return {
    expression: read('WORKFLOW_SCHEDULE') && process.env['WORKFLOW_SCHEDULE'],
    isDisabled: /^(true|1)$/i.test(disabled ?? ''),
    hasHostStorage: HOST_STORAGE_SETTINGS.some((name) => read(name) !== undefined),
  };
}

/** The checks that a setting names. @throws AppError `Misconfigured` that lists the good ones */
export function readChecks(names: readonly string[]): DeeperCheck[] {
  return names.map((name) => {
    const check = DEEPER_CHECKS.find((known) => known === name);
    if (check === undefined) {
      throw misconfigured(
        'WORKFLOW_CHECKS',
        `has ${entryOfSetting(name)}, which is not a check. Checks are: ${DEEPER_CHECKS.join(', ')}. Separate them with commas.`,
      );
    }
    return check;
  });
}

/** Settings of the workflow. Scopes are checked where they are known, by `identity/inputs`. */
export function workflowSettings(): WorkflowSettings {
  const tokenMinutes = wholeNumber('WORKFLOW_TOKEN_MINUTES', 'minutes', 60, 1440, 60);
  const target = read('WORKFLOW_TARGET') ?? 'connection';
  if (target !== 'connection' && target !== 'functions') {
    throw misconfigured('WORKFLOW_TARGET', "must be 'connection' or 'functions'.");
  }
  // the default scope is one that the operator allows
  const allowed = allowedScopes();
  const usualScope = allowed === undefined || allowed.includes('chat') ? 'chat' : allowed[0];
  const known = connectionNames();
  const connections = list(read('WORKFLOW_CONNECTIONS'));
  const stranger = connections.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw misconfigured(
      'WORKFLOW_CONNECTIONS',
      `has ${entryOfSetting(stranger)}, which is not a connection. Connections are: ${known.join(', ')}. Setting 'IDENTITY_CONNECTIONS' lists them.`,
    );
  }
  return {
    scopes: list(read('WORKFLOW_SCOPES') ?? usualScope),
    createScopes: list(read('WORKFLOW_CREATE_SCOPES')),
    tokenMinutes,
    checks: readChecks(list(read('WORKFLOW_CHECKS'))),
    revocationWaitSeconds: wholeNumber('WORKFLOW_REVOCATION_WAIT_SECONDS', 'seconds', 0, 90, 30),
    connections: connections.length > 0 ? connections : known.slice(0, 1),
    target,
  };
}

/** Where the app's own function URLs are, and the key that opens them. */
export function functionUrlSettings(): { baseUrl: string; key: string | undefined } {
  const host = read('WEBSITE_HOSTNAME');
  if (host === undefined) {
    throw misconfigured(
      'WEBSITE_HOSTNAME',
      "is missing. WORKFLOW_TARGET=functions needs it to call the app's own functions. Azure and `func start` set it; elsewhere set it to HOST:PORT.",
    );
  }
  const isLocal = isLoopback(host.replace(/:\d+$/, '').toLowerCase());
  return { baseUrl: `${isLocal ? 'http' : 'https'}://${host}`, key: functionKey() };
}

/** The key that opens the app's own functions. */
export const functionKey = (): string | undefined => readSecret('WORKFLOW_FUNCTION_KEY');

/** Where runs are kept. */
export type HistorySettings =
  | { kind: 'memory'; setting: string }
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | { kind: 'entra'; setting: string; uri: string; credential: string | undefined; clientId: string | undefined };

/** Settings of the run history. An absent default storage means memory; a storage that is named but not there is an error. */
export function historySettings(): HistorySettings {
  const named = read('HISTORY_STORAGE');
  // a connection string in this place would be repeated by messages as the name of a setting
  if (named !== undefined && !/^[A-Za-z_][\w.:-]{0,127}$/.test(named)) {
    rememberSecret(named);
    throw misconfigured(
      'HISTORY_STORAGE',
      "must be the name of the setting that has the storage's connection string, such as AzureWebJobsStorage, not the connection string itself.",
    );
  }
  const setting = named ?? 'AzureWebJobsStorage';
  const connectionString = readSecret(setting);
  if (connectionString !== undefined) return { kind: 'connectionString', setting, connectionString };
  const uri = read(`${setting}__tableServiceUri`);
  if (uri !== undefined) {
    return {
      kind: 'entra',
      setting,
      uri,
      credential: read(`${setting}__credential`),
      clientId: read(`${setting}__clientId`),
    };
  }
  if (read(`${setting}__accountName`) ?? read(`${setting}__blobServiceUri`)) {
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

/** The app's site name in Azure, else `local`: it keeps the histories of apps that share a storage account apart. */
export function siteName(): string {
  return read('WEBSITE_SITE_NAME') ?? 'local';
}
