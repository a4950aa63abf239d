import type * as v from 'valibot';
import { callerSettings } from '../base/callerSettings';
import { isAppError, misconfigured } from '../base/errors';
import { clockSkewMs } from '../history';
import { lastHealth, type HealthCheck, type HealthStatus } from '../base/dependencyHealth';
import { checkConnectionSettings } from '../identity/connections';
import { checkWithinLimits } from '../identity/operatorLimits';
import { LIMITS } from '../base/limits';
import { scheduleError, scheduleReport } from '../base/scheduleReport';
import { connectionNames } from '../base/settings';
import {
  checkEachSetting,
  functionUrlSettings,
  historySettings,
  scheduleSettings,
  workflowSettings,
} from '../base/workflowSettings';
import type { healthReport } from './outputs';

export type HealthReport = v.InferOutput<typeof healthReport>;

/** The overall health: that of the worst check. `Unknown` counts as healthy. */
export function report(checks: HealthCheck[]): HealthReport {
  const worst = (['Unhealthy', 'Degraded'] as const).find((status) => checks.some((check) => check.status === status));
  return { status: worst ?? 'Healthy', checks };
}

/** Names of the connections; empty if the setting that names them is malformed. */
export function acsNames(): string[] {
  try {
    return connectionNames();
  } catch {
    return [];
  }
}

/** The health of settings and schedule, and of storage and ACS as their latest use showed it. Makes no call. */
export function health(): HealthReport {
  return report([
    settingsCheck(),
    scheduleCheck(),
    storageCheck(clockSkewMs()),
    ...acsNames().map((name) => lastHealth(`acs:${name}`)),
    ...callersCheck(),
  ]);
}

function settingsCheck(): HealthCheck {
  try {
    checkEachSetting();
    const workflow = workflowSettings();
    checkWithinLimits(workflow);
    if (workflow.target === 'functions') functionUrlSettings();
    connectionNames().forEach(checkConnectionSettings);
    historySettings();
    const error = scheduleError(scheduleSettings(), Date.now());
    if (error !== null) throw misconfigured('WORKFLOW_SCHEDULE', `${error}.`);
    return { name: 'settings', status: 'Healthy' };
  } catch (error) {
    return misconfiguredCheck('settings', error);
  }
}

/** @param error of reading settings */
function misconfiguredCheck(name: string, error: unknown): HealthCheck {
  const setting = isAppError(error) ? error.target : undefined;
  return {
    name,
    status: 'Unhealthy',
    code: 'Misconfigured',
    message: `Setting '${setting ?? '?'}' is missing or malformed.`,
  };
}

function scheduleCheck(): HealthCheck {
  const name = 'schedule';
  const settings = scheduleSettings();
  const { reason } = scheduleReport(settings, Date.now());
  if (reason === null) return { name, status: 'Healthy' };
  const message = `The schedule is off: ${reason}.`;
  if (settings.isDisabled) return { name, status: 'Healthy', code: 'ScheduleOff', message };
  return scheduleError(settings, Date.now()) === null
    ? { name, status: 'Degraded', code: 'ScheduleOff', message }
    : { name, status: 'Unhealthy', code: 'Misconfigured', message };
}

function storageCheck(skewMs = 0): HealthCheck {
  try {
    if (historySettings().kind === 'memory') {
      return {
        name: 'storage',
        status: 'Degraded',
        code: 'InMemory',
        message: 'Runs are kept in memory. They are lost when the process ends.',
      };
    }
  } catch {
    return {
      name: 'storage',
      status: 'Unhealthy',
      code: 'Misconfigured',
      message: 'A setting of the storage is malformed.',
    };
  }
  const check = lastHealth('storage');
  if (check.status !== 'Healthy' || Math.abs(skewMs) <= LIMITS.clockSkewMs) return check;
  return {
    ...check,
    status: 'Unhealthy',
    code: 'ClockSkew',
    message: "This machine's clock differs from the storage's by more than a minute. Earlier runs are not cleaned up.",
  };
}

/** Empty if signed-in callers are off. */
function callersCheck(): HealthCheck[] {
  const name = 'signedInCallers';
  try {
    const { issuers } = callerSettings();
    const storage = historySettings();
    if (storage.kind === 'memory') {
      throw misconfigured(storage.setting, 'is missing. Signed-in callers need a storage.');
    }
    const checks = issuers.map((issuer) => ({ ...lastHealth(`issuer:${issuer}`), name }));
    const found = (status: HealthStatus) => checks.find((check) => check.status === status);
    return [found('Degraded') ?? found('Healthy') ?? lastHealth(name)];
  } catch (error) {
    if (isAppError(error) && error.code === 'NotEnabled') return [];
    return [misconfiguredCheck(name, error)];
  }
}
