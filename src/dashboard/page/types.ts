// What the function `runs` answers.
import type * as v from 'valibot';
import type * as outputs from '../../runs/outputs';
import type * as stateOutputs from '../../runs/stateOutputs';
import type * as workflowOutputs from '../../workflow/outputs';

export type Run = v.InferOutput<typeof outputs.run>;
export type RunError = v.InferOutput<typeof outputs.runError>;
export type RunPage = v.InferOutput<typeof outputs.runList>;
export type Step = v.InferOutput<typeof outputs.action>;
export type Status = Run['status'] | Step['status'];
export type ConnectionStatus = v.InferOutput<typeof stateOutputs.connectionStatus>;
type AllStatistics = v.InferOutput<typeof outputs.statistics>;
/** An app of an older version has no `connections`. */
export type Statistics = Omit<AllStatistics, 'connections'> & Partial<Pick<AllStatistics, 'connections'>>;
export type Window = Statistics['window'];
export type Workflow = v.InferOutput<typeof workflowOutputs.workflowDescription>;

/** What a run is asked to do. What is missing comes from the settings. */
export interface RunOptions {
  connection?: string | undefined;
  scopes?: string[] | undefined;
  createTokenWithScopes?: string[] | undefined;
  expiresInMinutes?: number | undefined;
  clientTrackingId?: string | undefined;
}
