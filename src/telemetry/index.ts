import { createCredential } from '../identity/credentials';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { siteName, telemetrySettings } from '../base/workflowSettings';
import { stopSignal } from '../base/stop';
import type { Run } from '../runs/run';
import { RunTelemetry } from './runTelemetry';

// Reports runs to Application Insights, if the settings name a resource. A failed report never fails a run.

/** Maximum number of closed runs that one maintenance reports. */
const MAX_CLOSED_RUNS = 20;

let opened: RunTelemetry | undefined;

/** Call it when a run starts: exporter and token are prepared during the run. */
export function prepareTelemetry(): void {
  void telemetry()?.prepare();
}

/** Reports a run that has ended. `host`: the host that its steps called. */
export async function reportRun(run: Run, host: string, log: Pick<RunLog, 'warn'> | undefined): Promise<void> {
  const limitMs = run.trigger.name === 'Recurrence' ? LIMITS.scheduledTelemetryMs : LIMITS.telemetryMs;
  await report(run, host, log, limitMs);
}

/**
 * Reports the maintenance after a scheduled run, and the runs that it closed. Their own process died before it could report them. `usersLeftBehind` is
 * `undefined` if it is not known.
 */
export async function reportMaintenance(
  { closed, ...result }: { usersLeftBehind: number | undefined; failed: boolean; closed: readonly Run[] },
  log: Pick<RunLog, 'warn'>,
): Promise<void> {
  const [reason] = await Promise.all([
    telemetry()?.maintenance(result),
    ...closed.slice(0, MAX_CLOSED_RUNS).map((run) => report(run, 'unknown', log, LIMITS.scheduledTelemetryMs)),
  ]);
  if (reason !== undefined) log.warn(`The metrics of maintenance are not in Application Insights: ${reason}.`);
}

async function report(run: Run, host: string, log: Pick<RunLog, 'warn'> | undefined, limitMs: number): Promise<void> {
  const reason = await telemetry()?.run(run, host, limitMs);
  if (reason === undefined) return;
  const ids = `clientTrackingId=${run.correlation.clientTrackingId}`;
  log?.warn(`Run ${run.id} is not in Application Insights: ${reason}. The run itself is not affected. ${ids}`);
}

function telemetry(): RunTelemetry | undefined {
  const settings = telemetrySettings();
  if (settings === undefined) return undefined;
  const { connectionString, usesEntra, clientId, location } = settings;
  // when the app is stopping, its few seconds are for deleting the users of runs
  opened ??= new RunTelemetry({
    connectionString,
    location,
    site: siteName(),
    stop: stopSignal,
    credential: usesEntra ? () => createCredential('managedidentity', clientId) : undefined,
  });
  return opened;
}
