// What the app's `runs` answers: the app's own types, as far as JSON keeps them.
import type { ScheduleReport } from '../../base/scheduleReport';
import type { HistoryStatistics } from '../../history/historyStatistics';
import type { Action, ActionStatus, Run, RunStatus } from '../../runs/run';
import type { StatisticsWindow } from '../../runs/inputs';

export type { Run, RunError } from '../../runs/run';
export type Status = RunStatus | ActionStatus;
export type Step = Action;
export type Window = StatisticsWindow;

export interface RunPage {
  value: Run[];
  nextLink?: string;
}

export type Statistics = HistoryStatistics & { schedule: ScheduleReport };
export type Bucket = Statistics['buckets'][number];
