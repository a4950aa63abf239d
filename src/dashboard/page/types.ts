// What the function `runs` answers.
import type * as v from 'valibot';
import type * as outputs from '../../runs/outputs';

export type Run = v.InferOutput<typeof outputs.run>;
export type RunError = v.InferOutput<typeof outputs.runError>;
export type RunPage = v.InferOutput<typeof outputs.runList>;
export type Step = v.InferOutput<typeof outputs.action>;
export type Status = Run['status'] | Step['status'];
export type Statistics = v.InferOutput<typeof outputs.statistics>;
export type Window = Statistics['window'];
export type Bucket = Statistics['buckets'][number];
