import type { TraceContext } from '../base/traceContext';
import type { Attempt } from '../identity/identityTypes';
import type { Scope } from '../base/settings';

/** The workflow's name. It is part of the partition key, so other workflows may use the same table. */
export const WORKFLOW_NAME = 'identity-lifecycle';

/** `Running`, or how a run ended. `Aborted`: its process was stopped or died before the run ended by itself. */
export const RUN_STATUSES = ['Running', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** How a step ended. */
export type ActionStatus = 'Succeeded' | 'Failed' | 'Skipped' | 'TimedOut' | 'Aborted';

/** The record of a step, like that of an action in Logic Apps. Inputs and outputs are included, tokens are redacted. */
export interface Action {
  name: string;
  status: ActionStatus;
  /** The name of an HTTP status (`Created`), or `CheckFailed`, `ActionSkipped`, `ActionTimedOut`, `ActionAborted`, or an error code. */
  code: string;
  /** RFC 3339 UTC. */
  startTime: string;
  endTime: string;
  durationMs: number;
  error?: RunError;
  inputs?: unknown;
  outputs?: unknown;
  /** Deeper checks that were made after the step. Their time is not part of the step's times. */
  checks?: CheckRecord[];
  /** Attempts that failed and were retried. */
  retryHistory?: Attempt[];
  /** `actionTrackingId` is the `x-ms-client-request-id` of the last attempt, `serviceRequestId` ACS's `MS-CV` for it, `spanId` the step's part of the trace. */
  correlation?: { actionTrackingId?: string; clientTrackingId: string; serviceRequestId?: string; spanId?: string };
}

/** The result of a deeper check. */
export interface CheckRecord {
  name: string;
  status: 'Passed' | 'Failed' | 'NotApplicable';
  durationMs: number;
  /** Why it failed, or why it does not apply. */
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
  /** The time at which the timer should have fired, RFC 3339 UTC. */
  scheduledTime?: string;
  isPastDue?: boolean;
}

/**
 * Whether the user that the run created is deleted. `Clean`: it is; `Pending`: it still exists; `NotNeeded`: no user was created; `Unknown`: ACS may have
 * created one, but the run never received its id (nobody can find it, because ACS lists no users). For a running run it is the state so far.
 */
export type Cleanup = 'Clean' | 'Pending' | 'NotNeeded' | 'Unknown';

/** One run of the workflow, as it is stored and returned. */
export interface Run {
  /** 20 digits of inverted start ticks, 9 random digits and `CU00`. Newer ids sort first, like those of Logic Apps. */
  id: string;
  workflow: string;
  status: RunStatus;
  trigger: Trigger;
  startTime: string;
  endTime?: string;
  durationMs?: number;
  /** `traceId` and `spanId`, in hex: the run's trace, and the parent span of its steps. */
  correlation: { clientTrackingId: string } & Partial<TraceContext>;
  /** The connection's name. */
  connection: string;
  /** `connection`: the steps called ACS; `functions`: they called the functions by URL. */
  target: 'connection' | 'functions';
  /** Somebody has asked to cancel the run. It ends as Aborted, unless it has ended before it noticed. */
  cancelRequested?: true;
  /** The run succeeded, but it or one of its steps took longer than its budget. */
  slow?: true;
  cleanup: Cleanup;
  /** Ids of the users that still exist, if `cleanup` is Pending. */
  usersLeftBehind?: string[];
  error?: RunError;
  actions: Action[];
  /** `false` if the run could not be saved to the history. Then `recordError` has the reason. */
  recorded?: boolean;
  recordError?: RunError;
}

/** What a run requests from ACS. */
export interface RunRequest {
  /** Scopes of the token that is created together with the user; if empty, no token is created. */
  createTokenWithScopes: readonly Scope[];
  /** Scopes of the token that is issued afterwards. */
  scopes: readonly Scope[];
  /** Lifetime of both tokens, 60 to 1440 minutes. */
  expiresInMinutes: number;
}
