/** The schedule of the timer, and when it fires next. */
export interface ScheduleReport {
  /** False: the function is disabled, or there is no schedule. */
  enabled: boolean;
  expression: string | null;
  /** RFC 3339 UTC; null: none, or it can't be told (a TimeSpan counts from when the host started). */
  nextRun: string | null;
}

/**
 * When the timer fires next. NCRONTAB of five or six fields in UTC: the day of the month and the day of the week both have to match.
 * `now`: milliseconds since the epoch.
 */
export async function nextRun(
  { expression, isDisabled }: { expression: string | undefined; isDisabled: boolean },
  now: number,
): Promise<ScheduleReport> {
  const report = { enabled: !isDisabled && expression !== undefined, expression: expression ?? null };
  if (!report.enabled || expression === undefined || expression.includes(':')) return { ...report, nextRun: null };
  const { Cron } = await import('./schedule.chunk');
  try {
    const options = {
      paused: true,
      mode: '5-or-6-parts',
      domAndDow: true,
      sloppyRanges: true,
      timezone: 'UTC',
    } as const;
    const next = new Cron(expression, options).nextRun(new Date(now));
    return { ...report, nextRun: next?.toISOString() ?? null };
  } catch {
    // the host says what is wrong with an expression that it can't read
    return { ...report, nextRun: null };
  }
}
