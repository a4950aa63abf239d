import { longestDelayMs } from './appProcess';
import type { AppFunction } from './functionTable';

type Call = (entry: AppFunction, input: object, reason: string, details?: string) => Promise<unknown>;

/** Calls functions on time. What they last did is kept in memory only, so no call is ever past due. */
export function createTimers(call: Call, report: (message: string, isError: boolean) => void) {
  const timeouts = new Map<AppFunction, NodeJS.Timeout>();
  const running = new Set<string>(); // by name: a function may still run when the app was loaded anew
  const lastRuns = new Map<string, Date>();
  const textOf = (time?: Date | null) => (time?.toISOString().slice(0, 19) ?? '0001-01-01T00:00:00') + '+00:00';
  /** The trigger's data for a call now. */
  function input({ name, timing }: AppFunction, due = timing?.next(new Date())): object {
    const last = textOf(lastRuns.get(name));
    const isCron = timing?.kind === 'cron';
    const status = isCron && timing.needsStorage ? { Last: last, Next: textOf(due), LastUpdated: last } : null;
    return { json: JSON.stringify({ Schedule: { AdjustForDST: isCron }, ScheduleStatus: status, IsPastDue: false }) };
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
      if (entry.lacksStorage) {
        const why = 'AzureWebJobsStorage is missing, which a schedule of a minute or slower needs.';
        report(`The listener for function 'Functions.${entry.name}' was unable to start. ${why}`, true);
        continue;
      }
      wait(entry);
      if (entry.trigger.runOnStartup) void fire(entry, undefined, 'UnscheduledInvocationReason: RunOnStartup');
    }
  }
  return { input, schedule };
}
