/**
 * How long things may take, in milliseconds. An action called by URL stops a little before a step of the workflow does,
 * so that a workflow that drives the functions by URL hears why it failed.
 */
export const LIMITS = {
  /** One request to ACS; creating a user may take as long as its action or step, as it can't be repeated. */
  callMs: 10_000,
  /** One request for an Entra ID token for ACS, before the call that needs it. */
  tokenMs: 10_000,
  /** One action function with its retries. */
  actionMs: 25_000,
  /** One step of the workflow with its retries. */
  stepMs: 30_000,
  /** Waking up the app's own instances before the steps of a run. */
  wakeUpMs: 20_000,
  /** All steps of a run. */
  runMs: 120_000,
  /** Deleting what a run left, after its steps. */
  cleanupMs: 30_000,
  // The host kills the worker 5 s after it has asked it to end (azure-functions-host, GrpcWorkerChannel). The next three follow each other.
  /** How long creating a user may go on when the host is stopping, so that its id is heard and it can be deleted. */
  terminateStepMs: 1_500,
  /** Deleting what a run left, and writing what can't be deleted into the ledger, when the host is stopping. */
  terminateMs: 2_000,
  /** Writing the run when the host is stopping. */
  terminateRecordMs: 1_000,
  /** One operation on the history's storage, with its retries. */
  storageMs: 8_000,
  /** Writing a user into the ledger: a run waits for it at its end. */
  ledgerMs: 2_000,
  /** How long a run's end waits for a write of its progress that is on its way. */
  progressMs: 2_000,
  /** All attempts to write a run that has ended. */
  recordMs: 15_000,
  /** Reporting a run to Application Insights: the caller of the run waits for it. */
  telemetryMs: 3_000,
  /** The same in the timer's invocation, where nobody waits and alerts depend on it. */
  scheduledTelemetryMs: 10_000,
  /** One request to Application Insights. */
  telemetryRequestMs: 4_000,
  /** All that is done about earlier runs after a scheduled one: closing those that died, deleting their users, trimming history. */
  maintenanceMs: 45_000,
  /** Deleting one user of an earlier run, with its retries. */
  sweepDeleteMs: 5_000,
  /** How far this clock may be from the storage's before nothing is deleted by it. */
  clockSkewMs: 60_000,
  /** How old a run must be to be over, however it ended: its steps, its cleanup, and as much again. The platform ends it by then. */
  runOverMs: 300_000,
} as const;
