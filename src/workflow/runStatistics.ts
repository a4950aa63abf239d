import { history } from '../history';
import { historyStatistics, type HistoryStatistics, type StatisticsQuery } from '../history/historyStatistics';
import { scheduleReport, type ScheduleReport } from '../base/scheduleReport';
import { scheduleSettings } from '../base/workflowSettings';

/** The results of the runs of a window, the number of users left behind, and the next scheduled run. `now`: milliseconds since the epoch. */
export async function runStatistics(
  query: StatisticsQuery,
  now: number = Date.now(),
): Promise<HistoryStatistics & { schedule: ScheduleReport }> {
  const statistics = await historyStatistics(history(), query, now);
  return { ...statistics, schedule: scheduleReport(scheduleSettings(), now) };
}
