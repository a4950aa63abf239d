import { acsNames, lastSeen } from './appHealth';
import { openAppHistory } from './appHistory';
import { AppTelemetry } from './appTelemetry';
import { AppError } from './errors';
import { Health, type HealthReport } from './health';
import { historyStatistics, type StatisticsQuery } from './history/historyStatistics';
import type { History } from './history/openHistory';
import type { RunPage, RunQuery } from './history/runStore';
import { AcsActions } from './identity/acsActions';
import { Connections } from './identity/connections';
import { FunctionUrlActions } from './identity/functionUrlActions';
import type { CallOptions, CreatedUser, IdentityActions } from './identity/identityActions';
import { scopesOfSetting } from './identity/inputs';
import { allowedWish, checkWithinLimits } from './identity/operatorLimits';
import { anonymousStatuses, chatStatus, FOREIGN_USER } from './identity/probes';
import { NO_RETRY } from './identity/retries';
import { wakeUp } from './identity/wakeUp';
import { LIMITS, stopSignal } from './limits';
import { scheduleReport } from './scheduleReport';
import { readRunMark, signRunMark } from './identity/runMark';
import {
  functionKey,
  functionUrlSettings,
  historyDays,
  maxConcurrentRuns,
  scheduleSettings,
  workflowSettings,
} from './settings';
import { readChecks } from './workflow/deeperChecks';
import { identityLifecycle } from './workflow/identityLifecycle';
import { getRun, latestRun, type LatestWish } from './workflow/storedRuns';
import { correctedNow } from './workflow/clock';
import { ManualRuns } from './workflow/manualRuns';
import { maintain, type MaintenanceReport } from './workflow/maintenance';
import { stoppedRunLine, type RunLog } from './workflow/runLog';
import type { Run, RunRequest } from './workflow/runRecord';
import type { RunWish } from './workflow/runWish';
import { createUserOfRun } from './workflow/createUserOfRun';
import { ledgerOf, runWorkflow } from './workflow/runWorkflow';
import { createUser } from './workflow/steps/createUser';
import { UnrecordedRuns } from './workflow/unrecordedRuns';
import { resourceOf } from './userId';

const DEEP_HEALTH_MS = 30_000;

/** Everything that functions use, made from the settings on first use and then kept. */
export class App {
  private readonly connections = new Connections();
  private readonly health = new Health();
  private readonly stop = stopSignal();
  private readonly telemetry = new AppTelemetry(this.stop.signal);
  private readonly running = new Set<Promise<Run>>();
  private openedHistory: History | undefined;
  /** ACS resources that connections point at, as the users of the latest runs showed. */
  private readonly resources = new Map<string, string>();
  private readonly unrecorded = new UnrecordedRuns();
  private readonly manualRuns = new ManualRuns();
  private deep: { until: number; report: Promise<HealthReport> } | undefined;

  /** The identity actions on a connection; they end when the app stops. @throws AppError `UnknownConnection`, `Misconfigured` */
  async identity({ connection }: { connection?: string | undefined }): Promise<AcsActions> {
    return this.open(connection, this.stop.signal);
  }

  /**
   * Creates a user for a caller. A call with the mark of a run (see `runMark`) waits longer for ACS, and its user is in the ledger before the caller
   * gets the answer: the caller may have died meanwhile.
   */
  async createUser(
    input: Parameters<IdentityActions['createUser']>[0] & { connection?: string | undefined },
    call: CallOptions & { log: Pick<RunLog, 'warn'> },
  ): Promise<CreatedUser> {
    const { name } = await this.connections.get(input.connection);
    const actions = await this.identity({ connection: name });
    const runId = call.runMark === undefined ? undefined : readRunMark(call.runMark, functionKey());
    // in memory only the process of the run itself can know what became of the user
    if (runId === undefined || this.history().runs.kind === 'memory') return actions.createUser(input, call);
    const ledger = ledgerOf(this.history().ledger, { id: runId, connection: name }, call.log);
    return createUserOfRun(actions, input, call, ledger);
  }

  /** Runs the workflow once. @throws AppError when a setting or the connection is wrong, or too many run; a run that fails is an answer */
  async run(wish: RunWish): Promise<Run> {
    if (wish.trigger.kind === 'Timer') return this.runNow(wish);
    return this.manualRuns.start(maxConcurrentRuns(), () => this.runNow(wish));
  }

  private async runNow(wish: RunWish): Promise<Run> {
    const settings = workflowSettings();
    checkWithinLimits(settings);
    allowedWish(wish);
    const { name, origin } = await this.connections.get(wish.connection);
    const request: RunRequest = {
      createTokenWithScopes:
        wish.createTokenWithScopes ?? scopesOfSetting('WORKFLOW_CREATE_SCOPES', settings.createScopes, 0),
      scopes: wish.scopes ?? scopesOfSetting('WORKFLOW_SCOPES', settings.scopes, 1),
      expiresInMinutes: wish.expiresInMinutes ?? settings.tokenMinutes,
    };
    const checks = readChecks(settings.checks);
    const direct = await this.open(name);
    const urls = settings.target === 'functions' ? functionUrlSettings() : undefined;
    const actions: IdentityActions = urls
      ? new FunctionUrlActions({ ...urls, connection: name, isOwnApp: true })
      : direct;
    const history = this.history();
    const host = new URL(urls?.baseUrl ?? origin).host;
    const running = runWorkflow({
      workflow: identityLifecycle,
      actions,
      // also when the host is stopping and takes no more calls
      cleanupActions: direct,
      wakeUp: urls && ((signal) => wakeUp(urls.baseUrl, signal)),
      store: history.runs,
      ledger: history.ledger,
      runMark: (runId) => signRunMark(runId, urls?.key),
      log: wish.log,
      onUnrecorded: (run, deletedUsers) => this.unrecorded.add(run, deletedUsers),
      startedAt: correctedNow(history.clockSkewMs()),
      deeper: {
        checks,
        revocationWaitMs: settings.revocationWaitSeconds * 1000,
        probes: {
          chatStatus: (token, signal) => chatStatus(origin, token, signal),
          anonymousStatuses: urls && ((signal) => anonymousStatuses(urls.baseUrl, signal)),
        },
      },
      request,
      trigger: wish.trigger,
      connection: name,
      target: settings.target,
      clientTrackingId: wish.clientTrackingId,
      traceparent: wish.traceparent,
      stop: this.stop.signal,
      ...(wish.onAction ? { onAction: wish.onAction } : {}),
    }).then(async (run) => {
      if (run.recorded && this.unrecorded.size > 0) {
        // the storage works again
        const options = { log: wish.log, limitMs: LIMITS.progressMs, stop: this.stop.signal };
        await this.unrecorded.write(history.runs, options).catch(() => undefined);
      }
      await this.telemetry.ended(run, host, wish.log);
      return run;
    });
    this.telemetry.prepare();
    this.running.add(running);
    return running.then((run) => this.ended(run)).finally(() => this.running.delete(running));
  }

  /** Connections that scheduled runs test, a run for each. */
  scheduledConnections(): string[] {
    return workflowSettings().connections;
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    return this.history().runs.list(query);
  }

  /** @throws AppError `RunNotFound` */
  async getRun(id: string): Promise<Run> {
    return getRun(this.history().runs, id);
  }

  /** What the runs of a window came to, how many users are left behind, and when the next scheduled run is. */
  async statistics(query: StatisticsQuery, now: number = Date.now()): Promise<object> {
    const statistics = await historyStatistics(this.history(), query, now);
    return { ...statistics, schedule: scheduleReport(scheduleSettings(), now) };
  }

  /** Cleans up what earlier runs left, and reports what it found; nothing when the app is stopping. Never rejects. */
  async maintain(log: RunLog): Promise<MaintenanceReport> {
    if (this.stop.signal.aborted) return { sweep: undefined, failure: undefined };
    const report = await maintain(log, () => ({
      ...this.history(),
      unrecorded: this.unrecorded,
      keepDays: historyDays(),
      actionsOn: (connection) => this.identity({ connection }),
      resourceOf: (connection) => this.resources.get(connection),
    }));
    await this.telemetry.maintenance(report, log);
    return report;
  }

  async latestRun(wish: LatestWish): Promise<Run> {
    return latestRun(this.history().runs, wish);
  }

  /** As things were last seen. Makes no call. */
  lastSeen(): HealthReport {
    return lastSeen(this.health, this.openedHistory?.clockSkewMs());
  }

  /** As things are: storage and every connection are asked, at most once in 30 s. */
  askAll(now: number = performance.now()): Promise<HealthReport> {
    if (this.deep === undefined || now >= this.deep.until) {
      this.deep = { until: now + DEEP_HEALTH_MS, report: this.ask() };
    }
    return this.deep.report;
  }

  /**
   * Ends the runs in flight, each with its user deleted as far as the short time allows. Returns a sentence for each run that
   * left, or may have left, a user.
   */
  async terminate(): Promise<string[]> {
    this.stop.abort(new AppError(503, 'Stopped', 'The app is stopping.'));
    const ended = await Promise.all([...this.running]);
    return ended.flatMap((run) => stoppedRunLine(run) ?? []);
  }

  private ended(run: Run): Run {
    const made = run.actions.find(({ name }) => name === createUser.name)?.outputs as Partial<CreatedUser> | undefined;
    if (made?.identity) this.resources.set(run.connection, resourceOf(made.identity.id));
    return run;
  }

  private async open(connection: string | undefined, stop?: AbortSignal): Promise<AcsActions> {
    const found = await this.connections.get(connection);
    const onOutcome = (name: string, error: AppError | undefined) => this.health.noteAcs(name, error);
    return new AcsActions(found, stop ? { onOutcome, stop } : { onOutcome });
  }

  private async ask(): Promise<HealthReport> {
    const call: CallOptions = { retry: NO_RETRY, timeoutMs: LIMITS.callMs };
    const asked = acsNames().map(async (connection) => {
      const actions = await this.identity({ connection });
      await actions.revokeTokens({ userId: FOREIGN_USER }, call);
    });
    // what they find is noted where it is found
    await Promise.allSettled([this.history().runs.check(), ...asked]);
    return this.lastSeen();
  }

  private history(): History {
    this.openedHistory ??= openAppHistory(this.health);
    return this.openedHistory;
  }
}

/** The app of this process. Making it reads nothing and connects to nothing. */
export const theApp = new App();
