import { isAppError } from './errors';

// The health of ACS and of the history's storage, as their latest use showed it. Nothing is called to find out.

/** Healthy: it works. Degraded: it works, but not as it should in production. Unhealthy: it does not work. Unknown: not used yet. */
export type HealthStatus = 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';

/** The health of one part of the app or one dependency. Messages are short and name no host, because anybody may read them. */
export interface HealthCheck {
  /** `settings`, `schedule`, `storage`, `acs:` and the connection's name, or `signedInCallers`. */
  name: string;
  status: HealthStatus;
  /** An error code of this app, or `InMemory`. */
  code?: string;
  message?: string;
  /** RFC 3339 UTC. */
  lastSeen?: string;
}

/** By name, as the latest use by this process showed it. */
const latest = new Map<string, HealthCheck>();

/** The health of `storage`, `acs:CONNECTION` or `issuer:URL` when this process last used it. */
export function lastHealth(name: string): HealthCheck {
  return latest.get(name) ?? { name, status: 'Unknown', message: 'Not used since the app started.' };
}

/** Records how a use of the history's storage ended. `error` is `undefined` if it succeeded. */
export function recordStorageOutcome(error?: unknown): void {
  if (error === undefined) record('storage', 'Healthy');
  else record('storage', 'Unhealthy', isAppError(error) ? error.code : 'InternalError');
}

/**
 * Records how a call to ACS ended. `error` is `undefined` if it succeeded. ACS is healthy also if it refused the request for a reason that is the
 * caller's, such as an unknown user.
 */
export function recordAcsOutcome(connection: string, error?: unknown): void {
  const code = isAppError(error) ? error.code : undefined;
  if (code !== undefined && SAYS_NOTHING.has(code)) return;
  if (code === 'Throttled') record(`acs:${connection}`, 'Degraded', code);
  else if (code !== undefined && FAILURES_OF_ACS.has(code)) record(`acs:${connection}`, 'Unhealthy', code);
  else record(`acs:${connection}`, 'Healthy');
}

/** Records how fetching the keys of an issuer ended. `error` is `undefined` if it succeeded. Known keys go on working without it. */
export function recordIssuerOutcome(issuer: string, error?: unknown): void {
  if (error === undefined) record(`issuer:${issuer}`, 'Healthy');
  else record(`issuer:${issuer}`, 'Degraded', 'IssuerUnavailable');
}

function record(name: string, status: HealthStatus, code?: string): void {
  const lastSeen = new Date().toISOString();
  if (code === undefined) latest.set(name, { name, status, lastSeen });
  else latest.set(name, { name, status, code, message: MESSAGES[code] ?? DEFAULT_MESSAGE, lastSeen });
}

const DEFAULT_MESSAGE = 'It failed. The log has the reason.';

/** Codes that don't depend on ACS: the app was stopped, or has a defect. */
const SAYS_NOTHING = new Set(['Stopped', 'InternalError']);

const FAILURES_OF_ACS = new Set(['ConnectionDenied', 'ServiceUnavailable', 'ServiceTimeout', 'ApiVersionNotSupported']);

const MESSAGES: Record<string, string> = {
  ConnectionDenied: 'ACS refuses the credentials of this connection.',
  ServiceUnavailable: "ACS can't be reached, or it fails.",
  ServiceTimeout: 'ACS does not answer in time.',
  ApiVersionNotSupported: "ACS doesn't serve the api-version that this app uses.",
  Throttled: 'ACS is throttling this resource.',
  StorageUnavailable: "The storage that keeps runs can't be used.",
  IssuerUnavailable: 'The keys of an issuer of ENTRA_ISSUERS could not be fetched.',
  Misconfigured: 'A setting is missing or malformed.',
};
