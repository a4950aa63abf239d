import { history } from '../history';
import { historyStatistics, type StatisticsQuery } from '../history/historyStatistics';
import { scheduleReport } from '../base/scheduleReport';
import { scheduleSettings } from '../base/workflowSettings';
import type { Statistics } from '../runs/statistics';

/** The results of the runs of a window, the number of users left behind, and the next scheduled run. `now`: milliseconds since the epoch. */
export async function runStatistics(query: StatisticsQuery, now: number = Date.now()): Promise<Statistics> {
  const statistics = await historyStatistics(history(), query, now);
  return { ...statistics, schedule: scheduleReport(scheduleSettings(), now) };
}
