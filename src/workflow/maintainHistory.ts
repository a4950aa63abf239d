import { history } from '../history';
import { identityActions } from '../identity';
import type { RunLog } from '../base/log';
import { historyDays } from '../base/workflowSettings';
import { stopSignal } from '../base/stop';
import { reportMaintenance } from '../telemetry';
import { maintain, type MaintenanceReport } from './maintenance';
import { knownResource, unrecordedRuns } from './startRun';

/** Cleans up after earlier runs, and reports the result to Application Insights. Does nothing if the app is stopping. Never rejects. */
export async function maintainHistory(log: RunLog): Promise<MaintenanceReport> {
  if (stopSignal.aborted) return { sweep: undefined, failure: undefined };
  const report = await maintain(log, () => ({
    ...history(),
    unrecorded: unrecordedRuns,
    keepDays: historyDays(),
    actionsOn: (connection) => identityActions(connection),
    resourceOf: knownResource,
  }));
  const { sweep, failure } = report;
  const found = { usersLeftBehind: sweep?.left.length, failed: failure !== undefined, closed: sweep?.closed ?? [] };
  await reportMaintenance(found, log);
  return report;
}
