import { AppError, isAppError } from './errors';
import { Health, report, type HealthCheck, type HealthReport } from './health';
import { openRunStore } from './history/openRunStore';
import type { RunPage, RunQuery, RunStore } from './history/runStore';
import { AcsActions } from './identity/acsActions';
import { checkConnectionSettings, Connections } from './identity/connections';
import { checkCredentialKind, createCredential } from './identity/credentials';
import { FunctionUrlActions } from './identity/functionUrlActions';
import type { CallOptions, IdentityActions, Scope } from './identity/identityActions';
import { scopesOfSetting } from './identity/inputs';
import { NO_RETRY } from './identity/retries';
import { LIMITS } from './limits';
import { connectionNames, functionUrlSettings, historySettings, siteName, workflowSettings } from './settings';
import { identityLifecycle } from './workflow/identityLifecycle';
import { latestRun, type LatestWish } from './workflow/latestRun';
import type { Action, Run, RunRequest, Trigger } from './workflow/runRecord';
import { runWorkflow } from './workflow/runWorkflow';
import { createUser } from './workflow/steps/createUser';

/** A user id of no resource: asking ACS to revoke its tokens tells whether our credentials are taken, and changes nothing. */
const FOREIGN_USER = '8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000';
const DEEP_HEALTH_MS = 30_000;

/** What a run may be asked for; what is absent comes from the settings. */
export interface RunWish {
  createTokenWithScopes?: readonly Scope[] | undefined;
  scopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
  connection?: string | undefined;
  clientTrackingId?: string | undefined;
  trigger: Trigger;
  onAction?: (action: Action) => void;
}

/** Everything that functions use, made from the settings on first use and then kept. */
export class App {
  private readonly connections = new Connections();
  private readonly health = new Health();
  private readonly stop = new AbortController();
  private readonly running = new Set<Promise<Run>>();
  private openedStore: RunStore | undefined;
  private deep: { until: number; report: Promise<HealthReport> } | undefined;

  /** The identity actions on a connection; they end when the app stops. @throws AppError `UnknownConnection`, `Misconfigured` */
  async identity({ connection }: { connection?: string | undefined }): Promise<AcsActions> {
    return this.open(connection, this.stop.signal);
  }

  /** Runs the workflow once. @throws AppError when a setting or the connection is wrong; a run that fails is an answer */
  async run(wish: RunWish): Promise<Run> {
    const settings = workflowSettings();
    const { name } = await this.connections.get(wish.connection);
    const request: RunRequest = {
      createTokenWithScopes:
        wish.createTokenWithScopes ?? scopesOfSetting('WORKFLOW_CREATE_SCOPES', settings.createScopes, 0),
      scopes: wish.scopes ?? scopesOfSetting('WORKFLOW_SCOPES', settings.scopes, 1),
      expiresInMinutes: wish.expiresInMinutes ?? settings.tokenMinutes,
    };
    const direct = await this.open(name);
    const actions: IdentityActions =
      settings.target === 'functions' ? new FunctionUrlActions({ ...functionUrlSettings(), connection: name }) : direct;
    const running = runWorkflow({
      workflow: identityLifecycle,
      actions,
      // also when the host is stopping and takes no more calls
      cleanupActions: direct,
      store: this.store(),
      request,
      trigger: wish.trigger,
      connection: name,
      target: settings.target,
      clientTrackingId: wish.clientTrackingId,
      stop: this.stop.signal,
      ...(wish.onAction ? { onAction: wish.onAction } : {}),
    });
    this.running.add(running);
    return running.finally(() => this.running.delete(running));
  }

  /** Connections that scheduled runs test, a run for each. */
  scheduledConnections(): string[] {
    return workflowSettings().connections;
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    return this.store().list(query);
  }

  /** @throws AppError `RunNotFound` */
  async getRun(id: string): Promise<Run> {
    const run = await this.store().get(id);
    if (run === undefined)
      throw new AppError(404, 'RunNotFound', 'There is no run with this id, or it is no longer kept.', {
        target: 'runId',
      });
    return run;
  }

  async latestRun(wish: LatestWish): Promise<Run> {
    return latestRun(this.store(), wish);
  }

  /** As things were last seen. Makes no call. */
  lastSeen(): HealthReport {
    return report([
      this.settingsCheck(),
      this.storageCheck(),
      ...this.acsNames().map((name) => this.health.get(`acs:${name}`)),
    ]);
  }

  /** As things are: storage and every connection are asked, at most once in 30 s. */
  askAll(now: number = Date.now()): Promise<HealthReport> {
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
    return ended.flatMap(({ id, cleanup, actions }) => {
      if (cleanup === 'Pending')
        return [`Run ${id} was stopped and its user could not be deleted in time: it was left in ACS.`];
      const cut = actions.some(({ name, status }) => name === createUser.name && status === 'Aborted');
      return cut ? [`Run ${id} was stopped while it created a user: ACS may have made one that is left.`] : [];
    });
  }

  private async open(connection: string | undefined, stop?: AbortSignal): Promise<AcsActions> {
    const found = await this.connections.get(connection);
    const onOutcome = (name: string, error: AppError | undefined) => this.health.noteAcs(name, error);
    return new AcsActions(found, stop ? { onOutcome, stop } : { onOutcome });
  }

  private async ask(): Promise<HealthReport> {
    const call: CallOptions = { retry: NO_RETRY, timeoutMs: LIMITS.callMs };
    const asked = this.acsNames().map(async (connection) => {
      const actions = await this.identity({ connection });
      await actions.revokeTokens({ userId: FOREIGN_USER }, call);
    });
    // what they find is noted where it is found
    await Promise.allSettled([this.store().check(), ...asked]);
    return this.lastSeen();
  }

  private acsNames(): string[] {
    try {
      return connectionNames();
    } catch {
      return [];
    }
  }

  private settingsCheck(): HealthCheck {
    try {
      const { scopes, createScopes, target } = workflowSettings();
      scopesOfSetting('WORKFLOW_SCOPES', scopes, 1);
      scopesOfSetting('WORKFLOW_CREATE_SCOPES', createScopes, 0);
      if (target === 'functions') functionUrlSettings();
      connectionNames().forEach(checkConnectionSettings);
      const history = historySettings();
      if (history.kind === 'entra') checkCredentialKind(`${history.setting}__credential`, history.credential);
      return { name: 'settings', status: 'Healthy' };
    } catch (error) {
      const setting = isAppError(error) ? error.target : undefined;
      return {
        name: 'settings',
        status: 'Unhealthy',
        code: 'Misconfigured',
        message: `Setting '${setting ?? '?'}' is missing or malformed.`,
      };
    }
  }

  private storageCheck(): HealthCheck {
    try {
      if (historySettings().kind === 'memory') {
        return {
          name: 'storage',
          status: 'Degraded',
          code: 'InMemory',
          message: 'Runs are kept in memory: they end with the process.',
        };
      }
    } catch {
      return {
        name: 'storage',
        status: 'Unhealthy',
        code: 'Misconfigured',
        message: 'The setting of the storage is malformed.',
      };
    }
    return this.health.get('storage');
  }

  private store(): RunStore {
    this.openedStore ??= this.openStore();
    return this.openedStore;
  }

  private openStore(): RunStore {
    const settings = historySettings();
    const store = openRunStore(
      settings.kind === 'entra'
        ? {
            kind: 'entra',
            setting: settings.setting,
            uri: settings.uri,
            credential: () => createCredential(settings.credential, settings.clientId),
          }
        : settings,
      `${siteName()}-${identityLifecycle.name}`,
    );
    const noted = async <T>(work: Promise<T>): Promise<T> => {
      try {
        const result = await work;
        this.health.note('storage');
        return result;
      } catch (error) {
        this.health.note('storage', error);
        throw error;
      }
    };
    return {
      kind: store.kind,
      save: (run) => noted(store.save(run)),
      get: (id) => noted(store.get(id)),
      list: (query) => noted(store.list(query)),
      check: () => noted(store.check()),
    };
  }
}

/** The app of this process. Making it reads nothing and connects to nothing. */
export const theApp = new App();
