// What the app's `runs` answers, as far as the page shows it.
export type Status = 'Running' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Aborted' | 'Skipped';
export const RUN_STATUSES: readonly Status[] = ['Running', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'];
export type Window = '24h' | '7d' | '30d';

export interface RunError {
  code: string;
  message: string;
}

export interface Step {
  name: string;
  status: Status;
  code: string;
  startTime: string;
  durationMs: number;
  error?: RunError;
  inputs?: Record<string, unknown>;
  outputs?: unknown;
  retryHistory?: unknown[];
  checks?: { name: string; status: string; durationMs: number; message?: string }[];
  correlation?: unknown;
}

export interface Run {
  id: string;
  status: Status;
  trigger: { name: string; kind: string; isPastDue?: boolean };
  startTime: string;
  durationMs?: number;
  correlation: { clientTrackingId: string };
  connection: string;
  target: string;
  cleanup: string;
  usersLeftBehind?: string[];
  error?: RunError;
  actions: Step[];
  recorded?: boolean;
  recordError?: RunError;
}

export interface RunPage {
  value: Run[];
  nextLink?: string;
}

export interface Bucket {
  start: string;
  counts: Record<string, number>;
}

export interface Statistics {
  unit: 'hour' | 'day';
  ended: number;
  counts: Record<string, number>;
  successRate: number | null;
  durationMs: { p50: number; p95: number } | null;
  buckets: Bucket[];
  usersLeftBehind: number;
  usersLeftBehindIsExact?: false;
  usersUnknown: number;
  schedule: { enabled: boolean; expression: string | null; nextRun: string | null; reason: string | null };
}
