// What the app's `runs` answers: the app's own types, as far as JSON keeps them.
import type { ScheduleReport } from '../../base/scheduleReport';
import type { HistoryStatistics } from '../../history/historyStatistics';
import type { ConnectionStatus } from '../../runs/connectionState';
import type { StatisticsWindow } from '../../runs/inputs';
import type { WorkflowDescription } from '../../workflow/describeWorkflow';
import type { Action, ActionStatus, Run as StoredRun, RunStatus } from '../../runs/run';

export type { RunError } from '../../runs/run';
export type { ConnectionStatus };
export type Status = RunStatus | ActionStatus;
export type Step = Action;
export type Window = StatisticsWindow;
export type Run = StoredRun & { cancelRequested?: boolean };

export interface RunPage {
  value: Run[];
  nextLink?: string;
}

export type Statistics = HistoryStatistics & { schedule: ScheduleReport; connections?: ConnectionStatus[] };

/** What a run is asked to do; what is missing is taken from the settings. */
export interface RunWish {
  connection?: string | undefined;
  scopes?: string[] | undefined;
  createTokenWithScopes?: string[] | undefined;
  expiresInMinutes?: number | undefined;
  clientTrackingId?: string | undefined;
}

/** The answer of `runs/workflow`. */
export type Workflow = WorkflowDescription;
