import type * as v from 'valibot';
import type { Scope } from '../base/settings';
import type * as outputs from './outputs';
import type { ACTION_STATUSES, RUN_STATUSES } from './values';

/** The workflow's name. It is part of the partition key, so other workflows may use the same table. */
export const WORKFLOW_NAME = 'identity-lifecycle';

export type RunStatus = (typeof RUN_STATUSES)[number];
export type ActionStatus = (typeof ACTION_STATUSES)[number];

/** One run of the workflow, as it is stored and returned. */
export type Run = v.InferOutput<typeof outputs.run>;

/** Whether the user that the run created is deleted. */
export type Cleanup = Run['cleanup'];

/** What started a run. */
export type Trigger = v.InferOutput<typeof outputs.trigger>;

export type RunError = v.InferOutput<typeof outputs.runError>;

/** The record of a step, like that of an action in Logic Apps. Inputs and outputs are included, tokens are redacted. */
export type Action = v.InferOutput<typeof outputs.action>;

/** The result of a deeper check. */
export type CheckRecord = v.InferOutput<typeof outputs.check>;

/** What a run requests from ACS. */
export interface RunRequest {
  /** Scopes of the token that is created together with the user; if empty, no token is created. */
  createTokenWithScopes: readonly Scope[];
  /** Scopes of the token that is issued afterwards. */
  scopes: readonly Scope[];
  /** Lifetime of both tokens, 60 to 1440 minutes. */
  expiresInMinutes: number;
}
