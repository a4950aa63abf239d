import { isAppError } from './errors';
import { report, type Health, type HealthCheck, type HealthReport } from './health';
import { checkConnectionSettings } from './identity/connections';
import { checkCredentialKind } from './identity/credentials';
import { scopesOfSetting } from './identity/inputs';
import { checkWithinLimits } from './identity/operatorLimits';
import { connectionNames, functionUrlSettings, historyDays, historySettings, workflowSettings } from './settings';
import { readChecks } from './workflow/deeperChecks';

/** Names of the connections; none when the setting that names them is malformed. */
export function acsNames(): string[] {
  try {
    return connectionNames();
  } catch {
    return [];
  }
}

/** As things were last seen. Makes no call. */
export function lastSeen(health: Health): HealthReport {
  return report([settingsCheck(), storageCheck(health), ...acsNames().map((name) => health.get(`acs:${name}`))]);
}

function settingsCheck(): HealthCheck {
  try {
    const workflow = workflowSettings();
    const { scopes, createScopes, target, checks } = workflow;
    // the limits first: what is not set follows from them
    checkWithinLimits(workflow);
    scopesOfSetting('WORKFLOW_SCOPES', scopes, 1);
    scopesOfSetting('WORKFLOW_CREATE_SCOPES', createScopes, 0);
    readChecks(checks);
    if (target === 'functions') functionUrlSettings();
    connectionNames().forEach(checkConnectionSettings);
    const history = historySettings();
    if (history.kind === 'entra') checkCredentialKind(`${history.setting}__credential`, history.credential);
    historyDays();
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

function storageCheck(health: Health): HealthCheck {
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
  return health.get('storage');
}
