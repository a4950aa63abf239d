import type { AccessToken, CallOptions, CreatedUser, IdentityActions, RetryPolicy } from '../identity/identityActions';
import type { Probes } from '../identity/probes';
import type { TraceContext } from '../base/traceContext';
import type { DeeperCheck } from '../base/runSettings';
import type { RunRequest } from '../runs/run';

/** States of an earlier step that a step may wait for, as in Logic Apps. */
export type RunAfterStatus = 'Succeeded' | 'Failed' | 'Skipped' | 'TimedOut';

/** What steps hand to each other. */
export interface WorkflowState {
  readonly request: RunRequest;
  userId?: string;
  createdToken?: AccessToken;
  issuedToken?: AccessToken;
}

/** What a step works with. */
export interface StepContext {
  actions: IdentityActions;
  state: WorkflowState;
  /** Pass it to every action: limits, retries and tracking come with it. */
  call: CallOptions;
  trace?: TraceContext | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  /**
   * Hand every request that creates a user over to this. The user is recorded when ACS names it, also when the step has ended by then, and the run
   * deletes it at its end if no step did.
   */
  userCreation: (answer: Promise<CreatedUser>) => void;
  userDeleted: (userId: string) => void;
  /** Deeper checks that the run is asked for, and what they ask with. */
  checks?: readonly DeeperCheck[] | undefined;
  probes?: Probes | undefined;
  /** How long a revoked token may go on being accepted, in milliseconds. */
  revocationWaitMs?: number | undefined;
}

/** One step of a workflow. */
export interface Step<Output = unknown> {
  /** As Logic Apps names actions: `Create_a_user`. */
  name: string;
  /** Which states of which earlier steps let this one run; empty: it runs first. */
  runAfter: Readonly<Record<string, readonly RunAfterStatus[]>>;
  /** The HTTP status name that a success is recorded with. */
  successCode: string;
  /**
   * Does the step create a user? Its request is not cut off when the step's time is up: the run waits for the answer until its cleanup ends. When the
   * app stops, the step gets a moment for the answer to come.
   */
  makesUser?: boolean;
  /** Default: the limit of a step. */
  timeoutMs?: number;
  /** Default: that of the identity actions. */
  retry?: RetryPolicy;
  /** What the step will ask for; recorded, tokens redacted. */
  inputs(state: WorkflowState): Record<string, unknown>;
  execute(context: StepContext): Promise<Output>;
  /** What is kept of the result; tokens are redacted. Default: no outputs. */
  outputs?(output: Output, state: WorkflowState): unknown;
  /**
   * The checks of the result: for each, a sentence that describes the problem, or `undefined` if it passed. Any problem fails the
   * step with code `CheckFailed`.
   */
  checks?(output: Output, context: StepContext): (string | undefined)[];
  /** Deeper checks that are about this step; made after it when the run is asked for them. */
  deeperChecks?: readonly DeeperCheck[];
}

/** A named list of steps. */
export interface Workflow {
  name: string;
  steps: readonly Step[];
}

/** The run's user. A step that needs it runs after the one that makes it. */
export function userOf(state: WorkflowState): string {
  if (state.userId === undefined) throw new Error('This step needs a user: let it run after Create_a_user succeeded.');
  return state.userId;
}
