import { isAppError } from './errors';

/** Healthy: as it should be. Degraded: it works, but not as in production. Unhealthy: it does not. Unknown: not seen yet. */
export type HealthStatus = 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';

/** What is known of one thing that the app depends on. */
export interface HealthCheck {
  /** `settings`, `schedule`, `storage`, or `acs:` and the connection's name. */
  name: string;
  status: HealthStatus;
  /** An error code of this app, `InMemory`, or `ScheduleOff`. */
  code?: string;
  message?: string;
  /** RFC 3339 UTC. */
  lastSeen?: string;
}

export interface HealthReport {
  status: 'Healthy' | 'Degraded' | 'Unhealthy';
  checks: HealthCheck[];
}

/** Remembers how things were when they were last used. Messages are short and name no host, since anybody may read them. */
export class Health {
  private readonly seen = new Map<string, HealthCheck>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Notes how a use of `name` ended; without an error it is well. */
  note(name: string, error?: unknown): void {
    const lastSeen = new Date(this.now()).toISOString();
    if (error === undefined) {
      this.seen.set(name, { name, status: 'Healthy', lastSeen });
      return;
    }
    const code = isAppError(error) ? error.code : 'InternalError';
    this.seen.set(name, {
      name,
      status: 'Unhealthy',
      code,
      message: MESSAGES[code] ?? 'It failed; the log says why.',
      lastSeen,
    });
  }

  /** Notes how a call to ACS ended: what ACS took or refused for the caller's sake shows that ACS is well. */
  noteAcs(connection: string, error?: unknown): void {
    const code = isAppError(error) ? error.code : undefined;
    const unwell = error !== undefined && code !== undefined && ACS_FAULTS.has(code);
    if (code === 'Throttled') {
      const name = `acs:${connection}`;
      this.seen.set(name, {
        name,
        status: 'Degraded',
        code,
        message: MESSAGES[code] ?? '',
        lastSeen: new Date(this.now()).toISOString(),
      });
    } else if (code !== 'Stopped') {
      this.note(`acs:${connection}`, unwell ? error : undefined);
    }
  }

  get(name: string): HealthCheck {
    return this.seen.get(name) ?? { name, status: 'Unknown', message: 'Not used since the app started.' };
  }
}

const ACS_FAULTS = new Set([
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

/** The whole of it: as bad as its worst part. What was not seen yet counts as well. */
export function report(checks: HealthCheck[]): HealthReport {
  const worst = (['Unhealthy', 'Degraded'] as const).find((status) => checks.some((check) => check.status === status));
  return { status: worst ?? 'Healthy', checks };
}
