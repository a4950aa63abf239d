import type { AccessToken, CallOptions, CreatedUser, IdentityActions, RetryPolicy } from '../identity/identityTypes';
import type { Probes } from '../identity/probes';
import type { TraceContext } from '../base/traceContext';
import type { DeeperCheck } from '../base/runSettings';
import type { RunRequest } from '../runs/run';

/** States of an earlier step in a `runAfter` condition, as in Logic Apps. */
export type RunAfterStatus = 'Succeeded' | 'Failed' | 'Skipped' | 'TimedOut';

/** Data that steps pass on to later steps. */
export interface WorkflowState {
  readonly request: RunRequest;
  userId?: string;
  createdToken?: AccessToken;
  issuedToken?: AccessToken;
}

/** Everything that a step may use. */
export interface StepContext {
  actions: IdentityActions;
  state: WorkflowState;
  /** Options for every action that the step calls: timeout, retries, tracking. */
  call: CallOptions;
  trace?: TraceContext | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  /**
   * Call it with every createUser request. The user is recorded when its id is received, even if the step has ended before. If no step deletes the user, the
   * run does at its end.
   */
  userCreation: (answer: Promise<CreatedUser>) => void;
  userDeleted: (userId: string) => void;
  /** The enabled deeper checks, and the calls that they make. */
  checks?: readonly DeeperCheck[] | undefined;
  probes?: Probes | undefined;
  /** How long ACS may still accept a revoked token, in milliseconds. */
  revocationWaitMs?: number | undefined;
}

/** One step of a workflow. */
export interface Step<Output = unknown> {
  /** In the form of Logic Apps' action names: `Create_a_user`. */
  name: string;
  /** The step runs if each of these earlier steps has one of these states. Empty: it always runs. */
  runAfter: Readonly<Record<string, readonly RunAfterStatus[]>>;
  /** The `code` of a success in the record: the name of an HTTP status. */
  successCode: string;
  /**
   * Does the step create a user? Then its request is not aborted when the step times out: the run waits for the answer until the end of its cleanup. If the
   * app stops, the step still gets a moment to receive the answer.
   */
  makesUser?: boolean;
  /** Default: `LIMITS.stepMs`. */
  timeoutMs?: number;
  /** Default: the retry policy of the identity actions. */
  retry?: RetryPolicy;
  /** The inputs for the record; tokens in them are redacted. */
  inputs(state: WorkflowState): Record<string, unknown>;
  execute(context: StepContext): Promise<Output>;
  /** The outputs for the record; tokens in them are redacted. Default: no outputs. */
  outputs?(output: Output, state: WorkflowState): unknown;
  /**
   * Checks the result. Returns for each check a description of the problem, or `undefined` if it passed. With any problem the step fails with code
   * `CheckFailed`.
   */
  checks?(output: Output, context: StepContext): (string | undefined)[];
  /** What `checks` looks at, as sentences for people. */
  checked?: readonly string[];
  /** Deeper checks of this step. They are made after it if they are enabled. */
  deeperChecks?: readonly DeeperCheck[];
}

/** A named list of steps. */
export interface Workflow {
  name: string;
  steps: readonly Step[];
}

/** The id of the run's user. @throws Error if no step has created one */
export function userOf(state: WorkflowState): string {
  if (state.userId === undefined)
    throw new Error('This step needs a user. Its runAfter must include Create_a_user: Succeeded.');
  return state.userId;
}
