import { createCredential } from './identity/credentials';
import { LIMITS } from './limits';
import { siteName, telemetrySettings } from './settings';
import { RunTelemetry } from './telemetry/runTelemetry';
import type { MaintenanceReport } from './workflow/maintenance';
import type { RunLog } from './workflow/runLog';
import type { Run } from './workflow/runRecord';

/** Closed runs that one maintenance reports. */
const MOST_CLOSED_RUNS = 20;

/** What is reported to Application Insights, if the settings name one. Nothing of it ever fails a run. */
export class AppTelemetry {
  private opened: RunTelemetry | undefined;

  /** `stop` aborts when the app is stopping: the little time there is then is for the users of runs. */
  constructor(private readonly stop: AbortSignal) {}

  /** Call it when a run starts: what the report needs is made ready beside the run. */
  prepare(): void {
    void this.telemetry()?.prepare();
  }

  /** Reports a run that has ended and is recorded. `host`: where its steps called. */
  async ended(run: Run, host: string, log: Pick<RunLog, 'warn'> | undefined): Promise<void> {
    const limitMs = run.trigger.name === 'Recurrence' ? LIMITS.scheduledTelemetryMs : LIMITS.telemetryMs;
    await this.report(run, host, log, limitMs);
  }

  /** Reports the maintenance after a scheduled run, and the runs that it closed because their process had died: nobody else reports those. */
  async maintenance({ sweep, failure }: MaintenanceReport, log: Pick<RunLog, 'warn'>): Promise<void> {
    const result = { usersLeftBehind: sweep?.left.length, failed: failure !== undefined };
    const [reason] = await Promise.all([
      this.telemetry()?.maintenance(result),
      ...(sweep?.closed ?? [])
        .slice(0, MOST_CLOSED_RUNS)
        .map((run) => this.report(run, 'unknown', log, LIMITS.scheduledTelemetryMs)),
    ]);
    if (reason !== undefined) log.warn(`The metrics of maintenance are not in Application Insights: ${reason}.`);
  }

  private async report(run: Run, host: string, log: Pick<RunLog, 'warn'> | undefined, limitMs: number): Promise<void> {
    const reason = await this.telemetry()?.run(run, host, limitMs);
    if (reason !== undefined) {
      const ids = `clientTrackingId=${run.correlation.clientTrackingId}`;
      log?.warn(`Run ${run.id} is not in Application Insights: ${reason}. The run itself is unharmed. ${ids}`);
    }
  }

  private telemetry(): RunTelemetry | undefined {
    const settings = telemetrySettings();
    if (settings === undefined) return undefined;
    const { connectionString, usesEntra, clientId, location } = settings;
    this.opened ??= new RunTelemetry({
      connectionString,
      location,
      site: siteName(),
      stop: this.stop,
      credential: usesEntra ? () => createCredential('managedidentity', clientId) : undefined,
    });
    return this.opened;
  }
}
