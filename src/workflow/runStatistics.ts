import { history } from '../history';
import { historyStatistics, type HistoryStatistics, type StatisticsQuery } from '../history/historyStatistics';
import { scheduleReport, type ScheduleReport } from '../base/scheduleReport';
import { scheduleSettings } from '../base/workflowSettings';

/** What the runs of a window came to, how many users are left behind, and when the next scheduled run is. `now`: milliseconds since the epoch. */
export async function runStatistics(
  query: StatisticsQuery,
  now: number = Date.now(),
): Promise<HistoryStatistics & { schedule: ScheduleReport }> {
  const statistics = await historyStatistics(history(), query, now);
  return { ...statistics, schedule: scheduleReport(scheduleSettings(), now) };
}
