// What the function `runs` answers.
import type * as v from 'valibot';
import type * as outputs from '../../runs/outputs';
import type { connectionStatus } from '../../runs/stateOutputs';
import type { workflowDescription } from '../../workflow/outputs';

export type Run = v.InferOutput<typeof outputs.run>;
export type RunError = v.InferOutput<typeof outputs.runError>;
export type RunPage = v.InferOutput<typeof outputs.runList>;
export type Step = v.InferOutput<typeof outputs.action>;
export type Status = Run['status'] | Step['status'];
export type Statistics = v.InferOutput<typeof outputs.statistics>;
export type Window = Statistics['window'];
export type ConnectionStatus = v.InferOutput<typeof connectionStatus>;
export type Workflow = v.InferOutput<typeof workflowDescription>;

/** What a run is asked to do; what is missing is taken from the settings. */
export interface RunWish {
  connection?: string | undefined;
  scopes?: string[] | undefined;
  createTokenWithScopes?: string[] | undefined;
  expiresInMinutes?: number | undefined;
  clientTrackingId?: string | undefined;
}
