import { LIMITS } from '../base/limits';
import type { StatisticsWindow } from '../runs/inputs';
import { countEntries } from '../runs/ledger';
import type { History } from './openHistory';
import { statisticsOf, windowOf, type RunStatistics } from '../runs/statistics';

/** What the runs of a window came to, and their users. */
export interface HistoryStatistics extends RunStatistics {
  /** Users of runs of any time that are over and that still exist. */
  usersLeftBehind: number;
  /** `false`: there are more than that. */
  usersLeftBehindIsExact?: false;
  /** Runs of the window that ended without knowing whether ACS made a user. */
  usersUnknown: number;
}

/** `connection`: of its runs alone. */
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
