// The description of the workflow, as schemas: see runs/outputs.
import * as v from 'valibot';
import { timestamp } from '../identity/outputs';

export const settingDescription = v.pipe(
  v.strictObject({
    name: v.string(),
    value: v.pipe(
      v.nullable(v.string()),
      v.description(
        'The text that is set, or the default. `null` if there is none, or if it is a secret or malformed.',
      ),
    ),
    source: v.picklist(['setting', 'default']),
    description: v.string(),
    change: v.pipe(v.string(), v.description('How to change it.')),
    error: v.exactOptional(v.pipe(v.string(), v.description('What is wrong with it.'))),
  }),
  v.title('SettingDescription'),
);

export const connectionDescription = v.pipe(
  v.strictObject({
    name: v.string(),
    host: v.pipe(v.nullable(v.string()), v.description('`null` if its settings are wrong.')),
    credential: v.nullable(v.picklist(['accessKey', 'managedIdentity', 'defaultAzureCredential'])),
    error: v.exactOptional(v.string()),
  }),
  v.title('ConnectionDescription'),
);

export const workflowDescription = v.pipe(
  v.strictObject({
    name: v.pipe(v.string(), v.examples(['identity-lifecycle'])),
    version: v.pipe(v.string(), v.description('The version of the app.')),
    site: v.string(),
    trigger: v.strictObject({
      type: v.literal('Recurrence'),
      enabled: v.boolean(),
      expression: v.nullable(v.string()),
      reason: v.nullable(v.string()),
      nextRuns: v.pipe(
        v.array(timestamp),
        v.description('The next five times; empty if the schedule is off, or a TimeSpan.'),
      ),
    }),
    steps: v.array(
      v.strictObject({
        name: v.string(),
        runAfter: v.record(v.string(), v.array(v.string())),
        checks: v.array(v.string()),
        deeperChecks: v.array(v.strictObject({ name: v.string(), enabled: v.boolean() })),
      }),
    ),
    settings: v.array(settingDescription),
    connections: v.array(connectionDescription),
    limits: v.nullable(v.strictObject({ allowedScopes: v.array(v.string()), maxTokenMinutes: v.number() })),
  }),
  v.title('WorkflowDescription'),
  v.description('The workflow as it is defined and set. Contains no secrets.'),
);
