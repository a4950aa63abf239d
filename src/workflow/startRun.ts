import { history } from '../history';
import { getConnection, identityActions } from '../identity';
import { FunctionUrlActions } from '../identity/functionUrlActions';
import type { CreatedUser, IdentityActions } from '../identity/identityTypes';
import type { Scope } from '../base/settings';
import { checkWithinLimits, enforceLimits } from '../identity/operatorLimits';
import { anonymousStatuses, chatStatus } from '../identity/probes';
import { wakeUp } from '../identity/wakeUp';
import { signRunMark } from '../runs/runMark';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { budgets } from '../base/operationsSettings';
import {
  functionUrlSettings,
  maxConcurrentRuns,
  workflowSettings,
  type WorkflowSettings,
} from '../base/workflowSettings';
import { stopApp, stopSignal } from '../base/stop';
import { prepareTelemetry, reportRun } from '../telemetry';
import { resourceOf } from '../identity/identityTypes';
import { correctedNow } from '../base/clock';
import { identityLifecycle } from './identityLifecycle';
import { ManualRuns } from './manualRuns';
import { stoppedRunLine } from './runLog';
import type { Action, Run, RunRequest, Trigger } from '../runs/run';
import { runWorkflow } from './runWorkflow';
import { createUser } from './steps/createUser';
import { UnrecordedRuns } from './unrecordedRuns';

/** The options of a run. If a value is missing, the setting is used. */
export interface StartOptions {
  createTokenWithScopes?: readonly Scope[] | undefined;
  scopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
  connection?: string | undefined;
  clientTrackingId?: string | undefined;
  /** The trace that the run becomes part of. */
  traceparent?: string | undefined;
  trigger: Trigger;
  onAction?: (action: Action) => void;
  /** For warnings about the run's ledger, record and report, and for the stacks of errors that a step did not expect. */
  log?: RunLog;
}

const running = new Set<Promise<Run>>();
const manualRuns = new ManualRuns();
/** The ids of the ACS resources of connections, from the user ids of the latest runs. */
const resources = new Map<string, string>();

/** Ended runs of this process that could not be saved. */
export const unrecordedRuns = new UnrecordedRuns();

/** The id of a connection's ACS resource; `undefined` if no run of this process has created a user on it. */
export const knownResource = (connection: string): string | undefined => resources.get(connection);

/**
 * Runs the workflow once, and resolves with the ended run, also if it failed.
 * @throws AppError if a setting or the connection is wrong; `TooManyRuns` (429)
 */
export async function startRun(options: StartOptions): Promise<Run> {
  if (options.trigger.kind === 'Timer') return start(options);
  return manualRuns.start(maxConcurrentRuns(), () => start(options));
}

/**
 * Stops the app: ends all runs, and deletes their users if the short time allows it. Returns a message for each run that left a user, or may have left one.
 */
export async function stopRuns(): Promise<string[]> {
  stopApp();
  // a run that could not start has left no user
  const ended = await Promise.allSettled(running);
  return ended.flatMap((run) => (run.status === 'fulfilled' ? (stoppedRunLine(run.value) ?? []) : []));
}

async function start(options: StartOptions): Promise<Run> {
  const settings = workflowSettings();
  checkWithinLimits(settings);
  enforceLimits(options);
  const run = runOn(settings, options);
  running.add(run);
  return run.finally(() => running.delete(run));
}

async function runOn(settings: WorkflowSettings, options: StartOptions): Promise<Run> {
  const { name, origin } = await getConnection(options.connection);
  const { runs, ledger, clockSkewMs } = history();
  const urls = settings.target === 'functions' ? functionUrlSettings() : undefined;
  // also used for cleanup: a host that is stopping accepts no calls
  const direct = await identityActions(name, { outliveStop: true });
  const actions: IdentityActions = urls
    ? new FunctionUrlActions({ ...urls, connection: name, isOwnApp: true })
    : direct;
  const running = runWorkflow({
    ...options,
    workflow: identityLifecycle,
    actions,
    cleanupActions: direct,
    wakeUp: urls && ((signal) => wakeUp(urls.baseUrl, signal)),
    store: runs,
    ledger,
    runMark: (runId) => signRunMark(runId, urls?.key),
    onUnrecorded: (run, deletedUsers) => unrecordedRuns.add(run, deletedUsers),
    startedAt: correctedNow(clockSkewMs()),
    deeper: {
      checks: settings.checks,
      revocationWaitMs: settings.revocationWaitSeconds * 1000,
      probes: {
        chatStatus: (token, signal) => chatStatus(origin, token, signal),
        anonymousStatuses: urls && ((signal) => anonymousStatuses(urls.baseUrl, signal)),
      },
    },
    request: requestOf(settings, options),
    connection: name,
    target: settings.target,
    budgets: budgets(),
    stop: stopSignal,
  });
  prepareTelemetry();
  const run = await running;
  rememberResource(run);
  if (run.recorded && unrecordedRuns.size > 0) {
    // the storage works again, so save earlier runs too
    const limits = { log: options.log, limitMs: LIMITS.progressMs, stop: stopSignal };
    await unrecordedRuns.write(runs, limits).catch(() => undefined);
  }
  await reportRun(run, new URL(urls?.baseUrl ?? origin).host, options.log);
  return run;
}

function requestOf(settings: WorkflowSettings, options: StartOptions): RunRequest {
  return {
    createTokenWithScopes: options.createTokenWithScopes ?? settings.createScopes,
    scopes: options.scopes ?? settings.scopes,
    expiresInMinutes: options.expiresInMinutes ?? settings.tokenMinutes,
  };
}

function rememberResource({ actions, connection }: Run): void {
  const created = actions.find(({ name }) => name === createUser.name)?.outputs as Partial<CreatedUser> | undefined;
  if (created?.identity) resources.set(connection, resourceOf(created.identity.id));
}
