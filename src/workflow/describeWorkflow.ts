import * as v from 'valibot';
import { version } from '../../package.json';
import { OPERATIONS_SETTINGS } from '../base/operationsSettings';
import { redactText } from '../base/redact';
import { RUN_SETTINGS } from '../base/runSettings';
import { readSchedule } from '../base/schedule';
import { scheduleReport } from '../base/scheduleReport';
import {
  ACTION_SETTINGS,
  connectionNames,
  readSetting,
  SCOPES,
  settingText,
  type SettingMetadata,
} from '../base/settings';
import { scheduleSettings, siteName, workflowSettings } from '../base/workflowSettings';
import { describeConnection } from '../identity/connections';
import { identityLifecycle } from './identityLifecycle';
import type * as outputs from './outputs';

/** One setting, without its value if that is a secret. */
type SettingDescription = v.InferOutput<typeof outputs.settingDescription>;

/** The workflow as it is defined and set. Contains no secrets. Times are RFC 3339 UTC. */
export type WorkflowDescription = v.InferOutput<typeof outputs.workflowDescription>;

/** Number of scheduled times that are shown. */
const NEXT_RUNS = 5;

/** Values of azd by the setting that they make. Other settings go into MORE_SETTINGS. */
const AZD_VALUES: Record<string, string> = {
  ALLOWED_SCOPES: 'ALLOWED_SCOPES',
  MAX_TOKEN_MINUTES: 'MAX_TOKEN_MINUTES',
  WORKFLOW_CHECKS: 'WORKFLOW_CHECKS',
  RUN_HISTORY_DAYS: 'RUN_HISTORY_DAYS',
  WORKFLOW_SCHEDULE: 'RUN_EVERY_MINUTES',
  'AzureWebJobs.scheduledRun.Disabled': 'SCHEDULE_PAUSED',
};

/** The workflow's definition and effective settings. Makes no call. `now`: milliseconds since the epoch. */
export function describeWorkflow(now: number): WorkflowDescription {
  const { enabled, expression, reason } = scheduleReport(scheduleSettings(), now);
  const trigger = { enabled, expression, reason };
  const enabledChecks: readonly string[] = valueOr(() => readSetting(RUN_SETTINGS, 'WORKFLOW_CHECKS'), []);
  return {
    name: identityLifecycle.name,
    version,
    site: siteName(),
    trigger: {
      type: 'Recurrence',
      ...trigger,
      nextRuns: trigger.enabled ? nextRuns(trigger.expression ?? '', now) : [],
    },
    steps: identityLifecycle.steps.map(({ name, runAfter, checked = [], deeperChecks = [] }) => ({
      name,
      runAfter: Object.fromEntries(Object.entries(runAfter).map(([step, statuses]) => [step, [...statuses]])),
      checks: [...checked],
      deeperChecks: deeperChecks.map((check) => ({ name: check, enabled: enabledChecks.includes(check) })),
    })),
    settings: [ACTION_SETTINGS, RUN_SETTINGS, OPERATIONS_SETTINGS].flatMap((schema) =>
      Object.keys(schema.entries).map((name) =>
        describeSetting(schema as typeof RUN_SETTINGS, name as 'WORKFLOW_SCHEDULE'),
      ),
    ),
    connections: valueOr(connectionNames, []).map(describeConnection),
    limits: valueOr(
      () => ({
        allowedScopes: [...(readSetting(ACTION_SETTINGS, 'ALLOWED_SCOPES') ?? SCOPES)],
        maxTokenMinutes: readSetting(ACTION_SETTINGS, 'MAX_TOKEN_MINUTES'),
      }),
      null,
    ),
  };
}

function describeSetting(schema: typeof RUN_SETTINGS, name: keyof typeof RUN_SETTINGS.entries): SettingDescription {
  const entry = schema.entries[name] as v.GenericSchema;
  const metadata = v.getMetadata(entry) as SettingMetadata;
  const text = settingText(name);
  const ownDefault = 'default' in entry && typeof entry.default === 'string' ? entry.default : undefined;
  const azd = AZD_VALUES[name];
  const inAzure = azd === undefined ? `azd env set MORE_SETTINGS '{"${name}":"VALUE"}'` : `azd env set ${azd} VALUE`;
  let error: string | undefined;
  try {
    readSetting(schema, name);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : 'It is malformed.';
  }
  const shown = text ?? effectiveDefault(name) ?? ownDefault ?? metadata.default?.replaceAll('`', '') ?? '';
  return {
    name,
    value: metadata.isSecret === true || error !== undefined || shown === '' ? null : redactText(shown),
    source: text === undefined ? 'default' : 'setting',
    description: v.getDescription(entry) ?? '',
    change: `Locally: ${name} in local.settings.json. In Azure: ${inAzure}, then azd provision.`,
    ...(error === undefined ? {} : { error }),
  };
}

/** The default of a setting that depends on other settings. */
function effectiveDefault(name: string): string | undefined {
  const settings = valueOr(workflowSettings, undefined);
  if (name === 'WORKFLOW_SCOPES') return settings?.scopes.join(', ');
  return name === 'WORKFLOW_CONNECTIONS' ? settings?.connections.join(', ') : undefined;
}

function nextRuns(expression: string, now: number): string[] {
  const schedule = readSchedule(expression);
  if (schedule?.kind !== 'cron') return [];
  const times: string[] = [];
  let next = schedule.next(new Date(now));
  while (next !== null && times.length < NEXT_RUNS) {
    times.push(next.toISOString());
    next = schedule.next(next);
  }
  return times;
}

function valueOr<T, D>(read: () => T, otherwise: D): T | D {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
