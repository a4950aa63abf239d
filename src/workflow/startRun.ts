import { history } from '../history';
import { getConnection, identityActions } from '../identity';
import { FunctionUrlActions } from '../identity/functionUrlActions';
import type { CreatedUser, IdentityActions } from '../identity/identityActions';
import type { Scope } from '../base/settings';
import { checkWithinLimits, enforceLimits } from '../identity/operatorLimits';
import { anonymousStatuses, chatStatus } from '../identity/probes';
import { wakeUp } from '../identity/wakeUp';
import { signRunMark } from '../runs/runMark';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import {
  functionUrlSettings,
  maxConcurrentRuns,
  workflowSettings,
  type WorkflowSettings,
} from '../base/workflowSettings';
import { stopApp, stopSignal } from '../base/stop';
import { prepareTelemetry, reportRun } from '../telemetry';
import { resourceOf } from '../identity/userId';
import { correctedNow } from './clock';
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
  /** The trace that the run is to be part of. */
  traceparent?: string | undefined;
  trigger: Trigger;
  onAction?: (action: Action) => void;
  /** Takes warnings about the run: of its ledger, its record and its report. */
  log?: Pick<RunLog, 'info' | 'warn'>;
}

const running = new Set<Promise<Run>>();
const manualRuns = new ManualRuns();
/** ACS resources that connections point at, as the users of the latest runs showed. */
const resources = new Map<string, string>();

/** Runs of this process that have ended and could not be recorded. */
export const unrecordedRuns = new UnrecordedRuns();

/** The ACS resource that a connection points at, if a run of this process has seen it. */
export const knownResource = (connection: string): string | undefined => resources.get(connection);

/**
 * Runs the workflow once, and resolves when it has ended; a run that fails is a result.
 * @throws AppError if a setting or the connection is wrong; `TooManyRuns` (429)
 */
export async function startRun(options: StartOptions): Promise<Run> {
  if (options.trigger.kind === 'Timer') return start(options);
  return manualRuns.start(maxConcurrentRuns(), () => start(options));
}

/**
 * Stops the app: ends the runs in flight, each with its user deleted as far as the short time allows. Returns a sentence for each run that left, or
 * may have left, a user.
 */
export async function stopRuns(): Promise<string[]> {
  stopApp();
  // one that could not begin has left nothing
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
  // it also cleans up when the host is stopping and takes no more calls
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
    stop: stopSignal,
  });
  prepareTelemetry();
  const run = await running;
  noteResource(run);
  if (run.recorded && unrecordedRuns.size > 0) {
    // the storage works again
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

function noteResource({ actions, connection }: Run): void {
  const made = actions.find(({ name }) => name === createUser.name)?.outputs as Partial<CreatedUser> | undefined;
  if (made?.identity) resources.set(connection, resourceOf(made.identity.id));
}
