import type { TraceContext } from '../base/traceContext';
import type { Attempt } from '../identity/identityActions';
import type { Scope } from '../base/settings';

/** The workflow's name. It is part of every stored key, and keeps its runs apart from those of others in the same table. */
export const WORKFLOW_NAME = 'identity-lifecycle';

/** Running, or how a run ended. Aborted: its process was stopped or died before the run had an end of its own. */
export const RUN_STATUSES = ['Running', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** How a step ended. */
export type ActionStatus = 'Succeeded' | 'Failed' | 'Skipped' | 'TimedOut' | 'Aborted';

/** A step's record: what Logic Apps keeps of an action, with inputs and outputs in place and tokens redacted. */
export interface Action {
  name: string;
  status: ActionStatus;
  /** An HTTP status by name (`Created`), or `CheckFailed`, `ActionSkipped`, `ActionTimedOut`, or what stopped it. */
  code: string;
  /** RFC 3339 UTC. */
  startTime: string;
  endTime: string;
  durationMs: number;
  error?: RunError;
  inputs?: unknown;
  outputs?: unknown;
  /** Deeper checks that were made after the step. The step's own times are without them. */
  checks?: CheckRecord[];
  /** Attempts that failed and were repeated. */
  retryHistory?: Attempt[];
  /** `actionTrackingId` is the `x-ms-client-request-id` of the last attempt, `serviceRequestId` ACS's `MS-CV` for it, `spanId` the step's part of the trace. */
  correlation?: { actionTrackingId?: string; clientTrackingId: string; serviceRequestId?: string; spanId?: string };
}

/** A deeper check, and what it found. */
export interface CheckRecord {
  name: string;
  status: 'Passed' | 'Failed' | 'NotApplicable';
  durationMs: number;
  /** What it found, or why it does not apply. */
  message?: string;
}

export interface RunError {
  code: string;
  message: string;
}

/** What started a run. */
export interface Trigger {
  name: 'Recurrence' | 'Manual';
  /** Cli: a command, not the app. */
  kind: 'Timer' | 'Http' | 'Cli';
  /** RFC 3339 UTC; when the timer should have fired. */
  scheduledTime?: string;
  isPastDue?: boolean;
}

/**
 * What became of the user that the run made. `Clean`: deleted; `Pending`: it still exists; `NotNeeded`: none was made; `Unknown`: ACS may have
 * made one, but the run never received its id (ACS lists no users, so nobody can find it). A run that is still running shows the state so far.
 */
export type Cleanup = 'Clean' | 'Pending' | 'NotNeeded' | 'Unknown';

/** One run of the workflow, as it is kept and answered. */
export interface Run {
  /** 20 digits of inverted start ticks, 9 random ones and `CU00`: newer ids sort first, as those of Logic Apps do. */
  id: string;
  workflow: string;
  status: RunStatus;
  trigger: Trigger;
  startTime: string;
  endTime?: string;
  durationMs?: number;
  /** `traceId` and `spanId`, in hex: the trace that the run is, and the span that its steps are parts of. */
  correlation: { clientTrackingId: string } & Partial<TraceContext>;
  /** The connection's name. */
  connection: string;
  /** Did the steps call ACS themselves, or the functions by their URLs? */
  target: 'connection' | 'functions';
  cleanup: Cleanup;
  /** Ids of the users that still exist, when `cleanup` is Pending. */
  usersLeftBehind?: string[];
  error?: RunError;
  actions: Action[];
  /** False when the history could not keep this run; then `recordError` has the reason. */
  recorded?: boolean;
  recordError?: RunError;
}

/** What a run is to ask ACS for. */
export interface RunRequest {
  /** Scopes of the token that is issued with the user; if empty, no token is issued. */
  createTokenWithScopes: readonly Scope[];
  /** Scopes of the token issued afterwards. */
  scopes: readonly Scope[];
  /** Lifetime of both tokens, 60 to 1440. */
  expiresInMinutes: number;
}
