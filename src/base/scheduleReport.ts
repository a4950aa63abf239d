import { readSchedule } from './schedule';
import type { ScheduleSettings } from './workflowSettings';

/** The schedule of the timer, and when it fires next. */
export interface ScheduleReport {
  enabled: boolean;
  expression: string | null;
  /** RFC 3339 UTC. `null` if the schedule is off, and for a TimeSpan, which counts from the start of the host. */
  nextRun: string | null;
  /** Why the schedule is off; `null` if it is on. */
  reason: string | null;
}

/**
 * Whether the timer fires, and when.
 * @param now milliseconds since the epoch
 * @param timeZone an IANA name; default: that of this process, which is also the host's
 */
export function scheduleReport(settings: ScheduleSettings, now: number, timeZone?: string): ScheduleReport {
  const { expression = null } = settings;
  const reason = reasonOf(settings, now);
  const schedule = reason === null && expression !== null ? readSchedule(expression, timeZone) : undefined;
  const next = schedule?.kind === 'cron' ? schedule.next(new Date(now)) : null;
  return { enabled: reason === null, expression, nextRun: next?.toISOString() ?? null, reason };
}

function reasonOf(settings: ScheduleSettings, now: number): string | null {
  if (settings.isDisabled) return 'AzureWebJobs.scheduledRun.Disabled is set';
  const error = scheduleError(settings, now);
  if (error !== null) return `WORKFLOW_SCHEDULE ${error}`;
  const needsStorage = readSchedule(settings.expression ?? '')?.needsStorage === true;
  return needsStorage && !settings.hasHostStorage ? 'AzureWebJobsStorage is missing' : null;
}

/** What is wrong with WORKFLOW_SCHEDULE; `null` if it is valid. A disabled timer needs no schedule. */
export function scheduleError({ expression, isDisabled }: ScheduleSettings, now: number): string | null {
  if (expression === undefined) return isDisabled ? null : 'is missing';
  const schedule = readSchedule(expression);
  if (schedule === undefined) return 'is malformed';
  return schedule.next(new Date(now)) === null ? 'names a date that never comes' : null;
}
