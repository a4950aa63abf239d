import { Cron } from 'croner';
import { longestDelayMs } from './appProcess';
import type { AppFunction } from './functionTable';
import { parseTimeSpanMs } from './hostSettings';

/** Not `isMonitored`: the platform keeps no status of schedules that may fire more than once a minute. */
export type Schedule = { next: (after: Date) => Date | null; isMonitored: boolean };
type Call = (entry: AppFunction, input: object, reason: string, details?: string) => Promise<unknown>;

/** Reads an NCRONTAB expression of six fields (or five, without seconds), or a TimeSpan, or throws. No time zone: the machine's. */
export function parseSchedule(expression: string, timezone?: string): Schedule {
  const everyMs = parseTimeSpanMs(expression);
  if (everyMs) return { next: (after) => new Date(after.getTime() + everyMs), isMonitored: false };
  // Signs of other crons (L, W, #, ?, @daily) are none of NCRONTAB's, nor is 7 for Sunday.
  if (/[^\w*/,\s-]|\b\d*[LW]\b|[\s,-]7$/i.test(expression)) throw new Error(expression);
  // As in NCRONTAB, the day of the month AND the day of the week have to match, and 5/15 is 5-59/15.
  const options = { paused: true, mode: '5-or-6-parts', domAndDow: true, sloppyRanges: true } as const;
  const cron = new Cron(expression.trim(), { ...options, ...(timezone && { timezone }) });
  cron.nextRun(); // throws when there is no such time zone
  return { next: (after) => cron.nextRun(after), isMonitored: /^(\d+\s+)?(\S+\s+){4}\S+$/.test(expression.trim()) };
}

/** Calls functions on time. What they last did is kept in memory only, so no call is ever past due. */
export function createTimers(call: Call) {
  const timeouts = new Map<AppFunction, NodeJS.Timeout>();
  const running = new Set<string>(); // by name: a function may still run when the app was loaded anew
  const lastRuns = new Map<string, Date>();
  const textOf = (time?: Date | null) => (time?.toISOString().slice(0, 19) ?? '0001-01-01T00:00:00') + '+00:00';
  /** The trigger's data for a call now. */
  function input({ name, timing }: AppFunction, due = timing?.next(new Date())): object {
    const last = textOf(lastRuns.get(name));
    const status = timing?.isMonitored ? { Last: last, Next: textOf(due), LastUpdated: last } : null;
    return { json: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: false }) };
  }
  async function fire(entry: AppFunction, due?: Date, details?: string): Promise<void> {
    if (running.has(entry.name)) return;
    const now = new Date();
    running.add(entry.name);
    await call(entry, input(entry, due), `Timer fired at ${now.toISOString().replace('Z', '0000+00:00')}`, details);
    running.delete(entry.name);
    lastRuns.set(entry.name, now);
  }
  function wait(entry: AppFunction, due = entry.timing?.next(new Date())): void {
    if (!due) return;
    const elapsed = (): void => {
      // It was too long for one timeout, or the timeout came early.
      if (Date.now() < due.getTime()) wait(entry, due);
      else void fire(entry, due).then(() => timeouts.has(entry) && wait(entry));
    };
    timeouts.set(entry, setTimeout(elapsed, Math.min(due.getTime() - Date.now(), longestDelayMs)));
  }
  /** Takes the place of what was scheduled before. */
  function schedule(functions: AppFunction[]): void {
    timeouts.forEach((timeout) => clearTimeout(timeout));
    timeouts.clear();
    for (const entry of functions.filter(({ timing, disabled }) => timing && !disabled)) {
      wait(entry);
      if (entry.trigger.runOnStartup) void fire(entry, undefined, 'UnscheduledInvocationReason: RunOnStartup');
    }
  }
  return { input, schedule };
}
