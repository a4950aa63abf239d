import type { AppFunction } from './functionTable';
import { LONGEST_DELAY_MS } from './waiting';

/** @param reason and `details` are for the log */
type CallFunction = (entry: AppFunction, input: object, reason: string, details?: string) => Promise<unknown>;

/** Calls functions on time. When they last ran is kept in memory only, so no call is ever past due. */
export class Timers {
  private readonly timeouts = new Map<AppFunction, NodeJS.Timeout>();
  /** By name: a function may still run when the app has been loaded again. */
  private readonly running = new Set<string>();
  private readonly lastRuns = new Map<string, Date>();

  constructor(
    private readonly call: CallFunction,
    private readonly reportError: (message: string) => void,
  ) {}

  /** Replaces what was scheduled before. */
  schedule(functions: AppFunction[]): void {
    for (const timeout of this.timeouts.values()) clearTimeout(timeout);
    this.timeouts.clear();
    for (const entry of functions) {
      if (!entry.timing || entry.disabled) continue;
      if (entry.lacksStorage) {
        const reason = 'AzureWebJobsStorage is missing. A timer that fires once a minute or less often needs it.';
        this.reportError(`The listener for function 'Functions.${entry.name}' was unable to start. ${reason}`);
        continue;
      }
      this.wait(entry);
      if (entry.trigger.runOnStartup) void this.fire(entry, undefined, 'UnscheduledInvocationReason: RunOnStartup');
    }
  }

  /** The trigger's data for a call now. */
  input({ name, timing }: AppFunction, due = timing?.next(new Date())): object {
    const isCron = timing?.kind === 'cron';
    const last = timestampOf(this.lastRuns.get(name));
    const status = isCron && timing.needsStorage ? { Last: last, Next: timestampOf(due), LastUpdated: last } : null;
    return { json: JSON.stringify({ Schedule: { AdjustForDST: isCron }, ScheduleStatus: status, IsPastDue: false }) };
  }

  private wait(entry: AppFunction, due = entry.timing?.next(new Date())): void {
    if (!due) return;
    const onTimeout = (): void => {
      // The time was too far away for one timeout, or the timeout came early.
      if (Date.now() < due.getTime()) this.wait(entry, due);
      else void this.fireAndWait(entry, due);
    };
    this.timeouts.set(entry, setTimeout(onTimeout, Math.min(due.getTime() - Date.now(), LONGEST_DELAY_MS)));
  }

  private async fireAndWait(entry: AppFunction, due: Date): Promise<void> {
    await this.fire(entry, due);
    if (this.timeouts.has(entry)) this.wait(entry);
  }

  private async fire(entry: AppFunction, due?: Date, details?: string): Promise<void> {
    if (this.running.has(entry.name)) return;
    const now = new Date();
    const reason = `Timer fired at ${now.toISOString().replace('Z', '0000+00:00')}`;
    this.running.add(entry.name);
    await this.call(entry, this.input(entry, due), reason, details);
    this.running.delete(entry.name);
    this.lastRuns.set(entry.name, now);
  }
}

/** As .NET writes it; its lowest date means "never". */
function timestampOf(time: Date | null | undefined): string {
  return `${time?.toISOString().slice(0, 19) ?? '0001-01-01T00:00:00'}+00:00`;
}
