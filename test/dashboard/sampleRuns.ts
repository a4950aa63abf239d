// Runs as the app records them, for histories that a test can't wait for.
import type { Action, Run } from '../../src/runs/run';
import { aRun } from '../history/runSamples';

export const MINUTE_MS = 60_000;
const TOOK_MS = [240, 120, 90, 110];
const STEPS = ['Create_a_user', 'Issue_a_user_access_token', 'Revoke_user_access_tokens', 'Delete_a_user'] as const;
const CODES = ['Created', 'OK', 'NoContent', 'NoContent'];
const USER = '8:acs:1ca10000-ac51-4de0-8000-1d3e0717e000_00000032-b61e-10ac-be4e-63f8fbfd9894';
const INPUTS = [
  { createTokenWithScopes: ['voip'], expiresInMinutes: 60 },
  { userId: USER, scopes: ['chat'], expiresInMinutes: 60 },
  { userId: USER },
  { userId: USER },
];

export interface Sample {
  startMs: number;
  /** All durations times this. */
  factor?: number;
  /** The token can't be issued. */
  fails?: { code: string; message: string };
  run?: Partial<Run>;
}

/** A run of the schedule with its four steps. */
export function sampleRun({ startMs, factor = 1, fails, run = {} }: Sample): Run {
  let at = startMs;
  const iso = (ms: number) => new Date(ms).toISOString();
  const actions = STEPS.map((name, i): Action => {
    const durationMs = Math.round((TOOK_MS[i] ?? 0) * factor);
    const begin = at;
    const times = { startTime: iso(begin), endTime: iso(begin + durationMs), durationMs };
    const common = { name, inputs: INPUTS[i], correlation: { clientTrackingId: 'sample', serviceRequestId: 'MS.1' } };
    if (fails !== undefined && i === 2) {
      const message = `${name} is skipped: its 'runAfter' condition for Issue_a_user_access_token is not satisfied.`;
      const skipped = { startTime: iso(begin), endTime: iso(begin), durationMs: 0 };
      return { name, ...skipped, status: 'Skipped', code: 'ActionSkipped', error: { code: 'ActionSkipped', message } };
    }
    at += durationMs;
    if (fails === undefined || i !== 1) return { ...common, ...times, status: 'Succeeded', code: CODES[i] ?? 'OK' };
    return { ...common, ...times, status: 'Failed', code: fails.code, error: fails };
  });
  const error = fails && { code: 'ActionFailed', message: `${STEPS[1]} failed: ${fails.code}: ${fails.message}` };
  return {
    ...aRun({ start: iso(startMs) }),
    trigger: { name: 'Recurrence', kind: 'Timer', scheduledTime: iso(startMs) },
    status: fails === undefined ? 'Succeeded' : 'Failed',
    endTime: iso(at),
    durationMs: at - startMs,
    actions,
    ...(error ? { error } : {}),
    ...run,
  };
}

export const DENIED = {
  code: 'ConnectionDenied',
  message:
    "ACS (acs-contoso.communication.azure.com) refuses the credentials of connection 'AcsIdentity'. Check whether the access key in setting 'AcsIdentity' is a current one of this ACS resource, and whether this machine's clock is right.",
};
const THROTTLED = { code: 'TooManyRequests', message: 'ACS answered 429 TooManyRequests after 3 attempts.' };

/** Scheduled runs, oldest first, each five minutes, up to `now`; the durations vary by themselves. */
export function sampleRuns(count: number, now: number, change: (i: number) => Partial<Sample> = () => ({})): Run[] {
  return Array.from({ length: count }, (_, i) => {
    const startMs = now - (count - i) * 5 * MINUTE_MS + 4 * MINUTE_MS;
    return sampleRun({ startMs, factor: 0.8 + ((i * 37) % 17) / 20, ...change(i) });
  });
}

/** Every kind of run that there is, oldest first. */
export function mixedRuns(count: number, now: number): Run[] {
  return sampleRuns(count, now, (i) => {
    switch (i % 10) {
      case 2:
        return { fails: THROTTLED };
      case 4:
        return { factor: 9, run: { slow: true } };
      case 5:
        return { run: { trigger: { name: 'Manual', kind: 'Http' } } };
      case 7:
        return {
          run: {
            status: 'Aborted',
            error: { code: 'RunAborted', message: 'The app was stopped during Delete_a_user.' },
            cleanup: 'Pending',
            usersLeftBehind: [USER],
          },
        };
      case 8:
        return { fails: DENIED, run: { cleanup: 'Unknown' } };
      default:
        return {};
    }
  });
}
