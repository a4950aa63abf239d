import { history } from '../history';
import { identityActions } from '../identity';
import { connectionAt, directory } from '../auth/people';
import { hasSignedInCallers } from '../base/callerSettings';
import type { RunLog } from '../base/log';
import { historyDays } from '../base/workflowSettings';
import { stopSignal } from '../base/stop';
import { reportMaintenance } from '../telemetry';
import { maintain, type MaintenanceReport } from './maintenance';
import { sweepPeople, type PeopleSweepReport } from './sweepPeople';
import { knownResource, unrecordedRuns } from './startRun';

/** Cleans up after earlier runs, and reports the result to Application Insights. Does nothing if the app is stopping. Never rejects. */
export async function maintainHistory(log: RunLog): Promise<MaintenanceReport> {
  if (stopSignal.aborted) return { sweep: undefined, failure: undefined };
  const report = await maintain(log, () => ({
    ...history(),
    unrecorded: unrecordedRuns,
    sweepPeople: peopleSweep(),
    keepDays: historyDays(),
    actionsOn: (connection) => identityActions(connection),
    resourceOf: knownResource,
  }));
  const { sweep, failure } = report;
  const found = { usersLeftBehind: sweep?.left.length, failed: failure !== undefined, closed: sweep?.closed ?? [] };
  await reportMaintenance(found, log);
  return report;
}

/** The sweep of the directory of people. If there are no signed-in people, nothing is called. */
function peopleSweep(): ((limitMs: number) => Promise<PeopleSweepReport>) | undefined {
  if (!hasSignedInCallers() || history().runs.kind === 'memory') return undefined;
  return (limitMs) =>
    sweepPeople({
      directory: directory(),
      connectionAt,
      actionsOn: (connection) => identityActions(connection),
      limitMs,
    });
}
