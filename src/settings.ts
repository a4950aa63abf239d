import { entryOfSetting, misconfigured } from './errors';
import { rememberSecret } from './redact';
import { HOST_STORAGE_SETTINGS } from './schedule';

/** A setting's value without surrounding blanks; an empty one counts as absent. */
function read(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** Parts of a connection string that say where, not how to get in: they may stand in messages. */
const PUBLIC_PART =
  /^\s*(endpoint|\w+endpoint|defaultendpointsprotocol|accountname|endpointsuffix|usedevelopmentstorage)\s*=/i;

/** As {@link read}, for a key or a connection string: it and its secret parts are masked from then on wherever text is kept or shown. */
function readSecret(name: string): string | undefined {
  const value = read(name);
  if (value === undefined || /^usedevelopmentstorage=true;?$/i.test(value)) return value;
  rememberSecret(value);
  for (const part of value.split(';')) {
    if (!PUBLIC_PART.test(part)) rememberSecret(part.slice(part.indexOf('=') + 1).trim());
  }
  return value;
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** What the settings say of one ACS connection, as found: `identity/connections` makes sense of it. */
export interface ConnectionSettings {
  name: string;
  connectionString: string | undefined;
  endpoint: string | undefined;
  credential: string | undefined;
  clientId: string | undefined;
}

/** Names of the connections that requests may use; the first is the default. */
export function connectionNames(): string[] {
  const names = list(read('IDENTITY_CONNECTIONS') ?? 'AcsIdentity');
  for (const name of names) {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name)) {
      throw misconfigured(
        'IDENTITY_CONNECTIONS',
        'must be a comma-separated list of connection names. A name has letters, digits and _, and begins with a letter.',
      );
    }
  }
  if (names.length === 0) throw misconfigured('IDENTITY_CONNECTIONS', 'must name at least one connection.');
  return names;
}

/** The settings of the connection `name`, by the Functions convention for identity-based connections. */
export function connectionSettings(name: string): ConnectionSettings {
  return {
    name,
    connectionString: readSecret(name),
    endpoint: read(`${name}__endpoint`),
    credential: read(`${name}__credential`),
    clientId: read(`${name}__clientId`),
  };
}

function wholeNumber(name: string, unit: string, min: number, max: number, otherwise: number): number {
  const value = read(name);
  if (value === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(value) || Number(value) < min || Number(value) > max) {
    throw misconfigured(name, `must be a whole number of ${unit} from ${min} to ${max}.`);
  }
  return Number(value);
}

/** What the workflow is to do when nobody says otherwise. */
export interface WorkflowSettings {
  scopes: string[];
  createScopes: string[];
  tokenMinutes: number;
  connections: string[];
  target: 'connection' | 'functions';
  /** Names of deeper checks; the workflow knows which there are. */
  checks: string[];
  /** How long a revoked token may go on being accepted before that is a fault. */
  revocationWaitSeconds: number;
}

function allowedScopes(): string[] | undefined {
  const scopes = read('ALLOWED_SCOPES');
  return scopes === undefined ? undefined : list(scopes);
}

/** What callers may ask for; undefined: whatever ACS gives. `identity/operatorLimits` makes sense of it. */
export function limitSettings(): { allowedScopes: string[] | undefined; maxTokenMinutes: number } {
  return {
    allowedScopes: allowedScopes(),
    maxTokenMinutes: wholeNumber('MAX_TOKEN_MINUTES', 'minutes', 60, 1440, 1440),
  };
}

/** Where runs are reported to, and from where. */
export interface TelemetrySettings {
  connectionString: string;
  /** Does Application Insights ask for an Entra ID token? Then `clientId` may name a user-assigned identity. */
  usesEntra: boolean;
  clientId: string | undefined;
  location: string;
}

/** Settings of Application Insights, which the host uses too; undefined: runs are reported nowhere. */
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

/** How many runs people may have running at a time, in each instance. */
export function maxConcurrentRuns(): number {
  return wholeNumber('MAX_CONCURRENT_RUNS', 'runs', 1, 1000, 4);
}

/** How many days runs are kept. */
export function historyDays(): number {
  return wholeNumber('RUN_HISTORY_DAYS', 'days', 1, 3650, 90);
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

/** Settings of the workflow. Scopes are checked where they are known, by `identity/inputs`. */
export function workflowSettings(): WorkflowSettings {
  const tokenMinutes = wholeNumber('WORKFLOW_TOKEN_MINUTES', 'minutes', 60, 1440, 60);
  const target = read('WORKFLOW_TARGET') ?? 'connection';
  if (target !== 'connection' && target !== 'functions') {
    throw misconfigured('WORKFLOW_TARGET', "must be 'connection' or 'functions'.");
  }
  // what nobody set keeps to what the operator allows
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
    checks: list(read('WORKFLOW_CHECKS')),
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
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);
  return { baseUrl: `${loopback ? 'http' : 'https'}://${host}`, key: functionKey() };
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
