import { isAppError } from './errors';

/** Healthy: as it should be. Degraded: it works, but not as in production. Unhealthy: it does not. Unknown: not seen yet. */
export type HealthStatus = 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';

/** What is known of one thing that the app depends on. Messages are short and name no host, since anybody may read them. */
export interface HealthCheck {
  /** `settings`, `schedule`, `storage`, or `acs:` and the connection's name. */
  name: string;
  status: HealthStatus;
  /** An error code of this app, or `InMemory`. */
  code?: string;
  message?: string;
  /** RFC 3339 UTC. */
  lastSeen?: string;
}

/** How things were when this process last used them. */
const seen = new Map<string, HealthCheck>();

/** How `name` was when it was last used. */
export function lastSeen(name: string): HealthCheck {
  return seen.get(name) ?? { name, status: 'Unknown', message: 'Not used since the app started.' };
}

/** Notes how a use of the history's storage ended; without an error it is healthy. */
export function noteStorage(error?: unknown): void {
  if (error === undefined) note('storage', 'Healthy');
  else note('storage', 'Unhealthy', isAppError(error) ? error.code : 'InternalError');
}

/** Notes how a call to ACS ended. What ACS took, or refused for the caller's sake, shows that ACS is healthy. */
export function noteAcs(connection: string, error?: unknown): void {
  const code = isAppError(error) ? error.code : undefined;
  if (code === 'Stopped') return;
  if (code === 'Throttled') note(`acs:${connection}`, 'Degraded', code);
  else if (code !== undefined && FAILURES_OF_ACS.has(code)) note(`acs:${connection}`, 'Unhealthy', code);
  else note(`acs:${connection}`, 'Healthy');
}

function note(name: string, status: HealthStatus, code?: string): void {
  const lastSeen = new Date().toISOString();
  if (code === undefined) seen.set(name, { name, status, lastSeen });
  else
    seen.set(name, { name, status, code, message: MESSAGES[code] ?? 'It failed; the log has the reason.', lastSeen });
}

const FAILURES_OF_ACS = new Set([
  'ConnectionDenied',
  'ServiceUnavailable',
  'ServiceTimeout',
  'ApiVersionNotSupported',
  'Misconfigured',
]);

const MESSAGES: Record<string, string> = {
  ConnectionDenied: 'ACS refuses the credentials of this connection.',
  ServiceUnavailable: "ACS can't be reached, or fails.",
  ServiceTimeout: 'ACS does not answer in time.',
  ApiVersionNotSupported: "ACS doesn't serve the api-version that this app uses.",
  Throttled: 'ACS is throttling this resource.',
  StorageUnavailable: "The storage that keeps runs can't be used.",
  Misconfigured: 'A setting is missing or malformed.',
};
