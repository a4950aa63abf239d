/**
 * Timeouts, in milliseconds. An action has less time than a step of the workflow, so that a step that calls a function by URL receives the function's
 * own error.
 */
export const LIMITS = {
  /** One request to ACS. createUser has all the time of its action or step instead, because it can't be retried. */
  callMs: 10_000,
  /** One request for an Entra ID token for ACS. */
  entraTokenMs: 10_000,
  /** One action function with its retries. */
  actionMs: 25_000,
  /** One step of the workflow with its retries. */
  stepMs: 30_000,
  /** Waiting for an instance of the app before the first step of a run (see `wakeUp.ts`). */
  wakeUpMs: 20_000,
  /** All steps of a run. */
  runMs: 120_000,
  /** Deleting the users that a run left, after its steps. */
  cleanupMs: 30_000,
  // The host kills the worker 5 s after it has asked it to end (azure-functions-host, GrpcWorkerChannel). The next three run one after the other.
  /** When the host is stopping: waiting for the answer of createUser, whose id is needed to delete the user. */
  terminateStepMs: 1_500,
  /** When the host is stopping: deleting the users that a run left, and writing those that can't be deleted to the ledger. */
  terminateMs: 2_000,
  /** When the host is stopping: writing the run. */
  terminateRecordMs: 1_000,
  /** One operation on the history's storage, with its retries. */
  storageMs: 8_000,
  /** Writing a user to the ledger. A run waits for this at its end. */
  ledgerMs: 2_000,
  /** At the end of a run: waiting for a write of its progress that is in flight. */
  progressMs: 2_000,
  /** Writing a run that has ended, with its retries. */
  recordMs: 15_000,
  /** Reporting a run to Application Insights. The caller of a manual run waits for this. */
  telemetryMs: 3_000,
  /** The same for a scheduled run: nobody waits for it, and alerts depend on it. */
  scheduledTelemetryMs: 10_000,
  /** One request to Application Insights. */
  telemetryRequestMs: 4_000,
  /** Maintenance after a scheduled run: closing runs whose process died, deleting their users, deleting old runs. */
  maintenanceMs: 45_000,
  /** Deleting one user of an earlier run, with its retries. */
  sweepDeleteMs: 5_000,
  /** Fetching the keys of an issuer: its discovery document, then its key set. A caller may wait for this. */
  issuerKeysMs: 5_000,
  /** One request to the receiver of notifications or of the heartbeat. */
  webhookMs: 5_000,
  /** Sending notifications after a scheduled run, with retries. */
  notifyMs: 20_000,
  /** Sending notifications that waited, in a function that somebody waits for. */
  notifyWhileReadingMs: 3_000,
  /** How long after its due time a scheduled run may start before it counts as missing. */
  scheduledStartMs: 60_000,
  /** Maximum difference between this machine's clock and the storage's. With a larger one nothing is deleted. */
  clockSkewMs: 60_000,
  /**
   * A run that started longer ago than this is over, even if its record says that it is running: twice the time of its steps
   * and cleanup. The platform has ended its invocation by then.
   */
  runOverMs: 300_000,
} as const;
