import type { RunLog } from '../base/log';
import { scheduleReport } from '../base/scheduleReport';
import { scheduleSettings } from '../base/workflowSettings';
import { history } from '../history';
import { historyStatistics, type StatisticsQuery } from '../history/historyStatistics';
import type { Statistics } from '../runs/statistics';
import { connectionStatuses } from '../status/connectionStatus';

/** The results of the runs of a window, the number of users left behind, the next scheduled run, and the states of connections. `now`: milliseconds since the epoch. */
export async function runStatistics(
  query: StatisticsQuery,
  log: Pick<RunLog, 'warn'>,
  now: number = Date.now(),
): Promise<Statistics> {
  const [statistics, connections] = await Promise.all([
    historyStatistics(history(), query, now),
    connectionStatuses(log, now, query.connection),
  ]);
  return { ...statistics, schedule: scheduleReport(scheduleSettings(), now), connections };
}
