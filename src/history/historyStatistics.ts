import { LIMITS } from '../base/limits';
import type { StatisticsWindow } from '../runs/inputs';
import { countEntries } from '../runs/ledger';
import type { History } from './openHistory';
import { statisticsOf, windowOf, type Statistics } from '../runs/statistics';

/** The results of the runs of a window, and the users that runs left behind. */
export type HistoryStatistics = Omit<Statistics, 'schedule' | 'connections'>;

/** With `connection`, only runs on this connection count. */
export interface StatisticsQuery {
  window: StatisticsWindow;
  connection?: string | undefined;
}

/** Reads the statistics of a window. `now`: milliseconds since the epoch. */
export async function historyStatistics(
  { runs, ledger }: Pick<History, 'runs' | 'ledger'>,
  { window, connection }: StatisticsQuery,
  now: number,
): Promise<HistoryStatistics> {
  const { since, until } = windowOf(window, now);
  const [hours, running, left, usersUnknown] = await Promise.all([
    runs.hours({ since, until, connection }),
    runs.list({ status: 'Running', since, connection, top: 250 }),
    countEntries(ledger, { startedBefore: now - LIMITS.runOverMs, connection }),
    runs.unknown({ since, until, connection }),
  ]);
  return {
    ...statisticsOf(window, now, hours, running.value.length),
    ...(connection === undefined ? {} : { connection }),
    usersLeftBehind: left.count,
    ...(left.isExact ? {} : { usersLeftBehindIsExact: false }),
    usersUnknown,
  };
}
