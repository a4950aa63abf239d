import type { RunLog } from '../base/log';
import { scheduleReport, type ScheduleReport } from '../base/scheduleReport';
import { scheduleSettings } from '../base/workflowSettings';
import { history } from '../history';
import { historyStatistics, type HistoryStatistics, type StatisticsQuery } from '../history/historyStatistics';
import type { ConnectionStatus } from '../runs/connectionState';
import { connectionStatuses } from '../status/connectionStatus';

/** The results of a window, the schedule, and the state of each connection that scheduled runs test. */
export interface RunStatisticsAnswer extends HistoryStatistics {
  schedule: ScheduleReport;
  connections: ConnectionStatus[];
}

/** The results of the runs of a window, the number of users left behind, the next scheduled run, and the states of connections. `now`: milliseconds since the epoch. */
export async function runStatistics(
  query: StatisticsQuery,
  log: Pick<RunLog, 'warn'>,
  now: number = Date.now(),
): Promise<RunStatisticsAnswer> {
  const [statistics, connections] = await Promise.all([
    historyStatistics(history(), query, now),
    connectionStatuses(log, now, query.connection),
  ]);
  return { ...statistics, schedule: scheduleReport(scheduleSettings(), now), connections };
}
