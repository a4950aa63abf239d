// The Bicep templates: compiled and linted, and what they would make, read as Azure would get it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIdentityEmulator } from '../../emulator/src';
import { readSchedule, type Schedule } from '../../src/base/schedule';
import { startApp } from '../app/appUnderTest';
import { everySetting } from '../../local/documents';
import { bicep, infraDirectory, SUBSCRIPTION, testWithBicep as testOne, type Bicep, type Resource } from './bicep';

const MAIN = join(infraDirectory, 'main.bicep');
const PARAMETERS = join(infraDirectory, 'main.bicepparam');
const AZD = { AZURE_ENV_NAME: 'prod', AZURE_LOCATION: 'westeurope' };

/** From "Azure built-in roles", https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const ROLES: Record<string, string> = {
  'b24988ac-6180-42a0-ab88-20f7382dd24c': 'Contributor',
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
};
/** What else each schedule is predicted with: a prediction takes seconds. */
const VARIANTS: Record<number, Record<string, string>> = {
  5: {},
  10: { RUN_EVERY_MINUTES: '10', ALERT_EMAIL: 'ops@example.com' },
  15: { RUN_EVERY_MINUTES: '15', SCHEDULE_PAUSED: 'true' },
  30: { RUN_EVERY_MINUTES: '30', ASSIGN_ROLES: 'false' },
  60: { RUN_EVERY_MINUTES: '60', ALLOWED_ORIGINS: 'https://a.example,https://b.example' },
};
/** Settings of the host, which the app itself does not read. */
const OF_THE_HOST = ['AzureWebJobsStorage__queueServiceUri'];

const predicted = new Map<string, Promise<Resource[]>>();
const predict = (environment: Record<string, string> = {}) => {
  const key = JSON.stringify(environment);
  const found = predicted.get(key) ?? bicep.predict(environment);
  predicted.set(key, found);
  return found;
};

let compiled: Promise<string> | undefined;
const compile = (cli: Bicep) => (compiled ??= cli.run(['build', MAIN, '--stdout']).then(({ said }) => said));

/** A test that needs the CLI. */
function testWithBicep(name: string, work: (cli: Bicep) => Promise<void>): void {
  testOne(name, () => work(bicep), 120_000);
}

/** The same test with several values. */
testWithBicep.each =
  <Value, Expected>(rows: [string, Value, Expected][]) =>
  (name: string, work: (cli: Bicep, value: Value, expected: Expected) => Promise<void>): void => {
    for (const [title, value, expected] of rows) {
      testWithBicep(name.replace('%s', title), (cli) => work(cli, value, expected));
    }
  };

const ofType = (resources: Resource[], type: string) => resources.filter((resource) => resource.type === type);
function only(resources: Resource[], type: string): Resource {
  const found = ofType(resources, type);
  expect(found).toHaveLength(1);
  return found[0] as Resource;
}
const settingsOf = (resources: Resource[]) =>
  only(resources, 'Microsoft.Web/sites/config').properties as Record<string, string>;

/** Expressions that only Azure can work out, as it would. */
function asInAzure(value: string): string {
  return value
    .replace(/^\[.*\.primaryEndpoints\.(\w+)\]$/, 'https://stexample.$1.core.windows.net/')
    .replace(/^\[.*\.clientId\]$/, '33333333-3333-3333-3333-333333333333')
    .replace(/^\[format\('([^']*)\{0\}', .*\.clientId\)\]$/, '$133333333-3333-3333-3333-333333333333')
    .replace(/^\[format\('https:\/\/\{0\}', .*\.hostName\)\]$/, 'https://acs-example.europe.communication.azure.com')
    .replace(
      /^\[.*\.ConnectionString\]$/,
      'InstrumentationKey=44444444-4444-4444-4444-444444444444;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/',
    );
}

describe('the templates', () => {
  testWithBicep('compile and lint without a word', async (cli) => {
    for (const args of [
      ['lint', MAIN],
      ['lint', PARAMETERS],
    ]) {
      expect(await cli.run(args, AZD)).toEqual({ exitCode: 0, said: '' });
    }
    const built = await compile(cli);
    expect(built.trimStart().startsWith('{')).toBe(true);
    expect(built).not.toMatch(/: (Warning|Error) /);
  });

  testWithBicep(
    'refuse a schedule that is none of the five, and say the missing name of the environment',
    async (cli) => {
      const wrong = await cli.predict({ RUN_EVERY_MINUTES: '7' }).then(
        (resources) => JSON.stringify(resources),
        (error: Error) => error.message,
      );
      expect(wrong).toMatch(/5, 10, 15, 30, 60|allowed/i);
      const nameless = await cli.run(['build-params', PARAMETERS, '--stdout'], { AZURE_LOCATION: 'westeurope' });
      expect(nameless.said).toContain('AZURE_ENV_NAME');
    },
  );

  for (const [minutes, environment] of Object.entries(VARIANTS)) {
    testWithBicep(`give no warning with the values of the test for ${minutes} minutes`, async (cli) => {
      // predict() throws when `snapshot` prints anything
      expect((await predict(environment)).length).toBeGreaterThan(20);
      const built = await cli.run(['build-params', PARAMETERS, '--stdout'], { ...AZD, ...environment });
      expect(built.exitCode).toBe(0);
      expect(() => JSON.parse(built.said) as unknown).not.toThrow();
    });
  }

  testWithBicep.each([
    ['a region that does not offer Flex Consumption', { AZURE_LOCATION: 'westindia' }, /'westeurope'/],
    ['a data location that ACS does not have', { ACS_DATA_LOCATION: 'Mars' }, /'Europe'/],
    ['a form of notifications that the app does not have', { NOTIFY_FORMAT: 'slack' }, /'cloudevents'/],
    ['a setting that is a number', { MORE_SETTINGS: '{"WORKFLOW_TOKEN_MINUTES":90}' }, /"string".*"(90|int)"/],
  ])('refuse %s before anything is deployed', async (cli, environment, message) => {
    const { exitCode, said } = await cli.run(['build-params', PARAMETERS, '--stdout'], { ...AZD, ...environment });
    expect(said).toMatch(message);
    expect(exitCode).not.toBe(0);
  });

  testWithBicep('name each resource whose name has to be unique by the same token', async () => {
    // the name of an environment may have characters that not every resource takes, and be longer than some take
    const resources = await predict();
    const [, token] = /^func-(\w{13})$/.exec(only(resources, 'Microsoft.Web/sites').name) ?? [];
    expect(only(resources, 'Microsoft.OperationalInsights/queryPacks').name).toBe(`qp-${token}`);
  });

  testWithBicep('document each parameter and each output', async (cli) => {
    const template = JSON.parse(await compile(cli)) as Template;
    const bare = templatesIn(template).flatMap(({ parameters = {}, outputs = {} }) =>
      Object.entries({ ...parameters, ...outputs }).flatMap(([name, { metadata }]) =>
        (metadata?.description ?? '').length > 10 ? [] : [name],
      ),
    );
    expect(bare).toEqual([]);
  });

  testWithBicep('give out no secret, and take none', async (cli) => {
    const text = await compile(cli);
    expect(text).not.toMatch(/\blist\w*\(/i);
    const template = JSON.parse(text) as Template;
    const outputs = templatesIn(template).flatMap(({ outputs: all = {} }) => Object.entries(all));
    expect(outputs.length).toBeGreaterThan(10);
    const secret = /key|secret|password|connectionstring|token/i;
    expect(outputs.filter(([name, { value }]) => secret.test(name) || secret.test(JSON.stringify(value)))).toEqual([]);
  });
});

interface Template {
  parameters?: Record<string, { type?: string; metadata?: { description?: string } }>;
  outputs?: Record<string, { metadata?: { description?: string }; value: unknown }>;
  resources?: Record<
    string,
    {
      type: string;
      name?: string;
      copy?: object;
      resourceGroup?: string;
      subscriptionId?: string;
      properties?: { template?: Template };
    }
  >;
}

function templatesIn(template: Template): Template[] {
  const nested = Object.values(template.resources ?? {}).flatMap(({ properties }) =>
    properties?.template ? templatesIn(properties.template) : [],
  );
  return [template, ...nested];
}

describe('the settings of the app', () => {
  testWithBicep('are ones that the app reads, or the host', async () => {
    const names = Object.keys(settingsOf(await predict()));
    expect(names.length).toBeGreaterThan(10);
    const known = [...everySetting().keys(), ...OF_THE_HOST];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  testWithBicep(
    'are all that the app needs: it starts with them, finds no fault, and is without a secret',
    async () => {
      const settings = Object.fromEntries(
        Object.entries(settingsOf(await predict())).map(([name, value]) => [name, asInAzure(value)]),
      );
      expect(Object.values(settings).filter((value) => value.startsWith('['))).toEqual([]);
      expect(JSON.stringify(settings)).not.toMatch(/accesskey|accountkey|sharedaccess|sig=/i);
      const app = await startApp(settings);
      try {
        const health = (await app.call('GET', 'health')).body as unknown as {
          checks: { name: string; status: string }[];
        };
        expect(health.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
          'settings Healthy',
          'schedule Healthy',
          'storage Unknown',
          'acs:AcsIdentity Unknown',
        ]);
      } finally {
        await app.stop();
      }
    },
  );

  testWithBicep('turn notifications, heartbeat, budgets and badge on, with the secrets in Key Vault', async () => {
    const reference = '@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/notify-webhook)';
    const values = {
      NOTIFY_WEBHOOK_URL: reference,
      NOTIFY_FORMAT: 'teams',
      NOTIFY_AFTER_FAILURES: '3',
      HEARTBEAT_URL: 'https://hc-ping.example/1b5d',
      WORKFLOW_BUDGET_MS: '20000',
      WORKFLOW_STEP_BUDGET_MS: '9000',
      PUBLIC_STATUS: 'true',
    };
    const resources = await predict(values);
    expect(settingsOf(resources)).toMatchObject(values);
    // whoever resolves the reference
    expect(only(resources, 'Microsoft.Web/sites').properties?.['keyVaultReferenceIdentity']).toContain(
      'Microsoft.ManagedIdentity/userAssignedIdentities/id-',
    );
    const emulator = await createIdentityEmulator();
    const app = await startApp({
      ...values,
      NOTIFY_WEBHOOK_URL: 'https://teams.example/hook',
      AcsIdentity: emulator.connectionString,
    });
    try {
      const { checks } = (await app.call('GET', 'health')).body as { checks?: unknown };
      expect(checks).toContainEqual(expect.objectContaining({ name: 'settings', status: 'Healthy' }));
      expect((await app.call('GET', 'badge')).status).toBe(200);
    } finally {
      await app.stop();
      await emulator.close();
    }
  });

  testWithBicep('leave all of these off', async () => {
    expect(settingsOf(await predict())).toMatchObject({
      ...{ NOTIFY_WEBHOOK_URL: '', HEARTBEAT_URL: '', WORKFLOW_BUDGET_MS: '', WORKFLOW_STEP_BUDGET_MS: '' },
      PUBLIC_STATUS: 'false',
    });
  });

  const CALLERS = {
    ENTRA_ISSUERS: `https://login.microsoftonline.com/${SUBSCRIPTION}/v2.0,https://idp.example`,
    ENTRA_AUDIENCE: '66666666-6666-6666-6666-666666666666',
    MY_TOKEN_SCOPES: 'chat,voip',
    MY_TOKEN_CONNECTION: 'AcsIdentity',
    MY_TOKENS_PER_MINUTE: '12',
  };

  testWithBicep('about signed-in callers are only there if they have a value', async () => {
    const without = Object.keys(settingsOf(await predict()));
    expect(without.filter((name) => Object.keys(CALLERS).includes(name))).toEqual([]);
    expect(settingsOf(await predict(CALLERS))).toMatchObject(CALLERS);
    const some = settingsOf(await predict({ ...CALLERS, MY_TOKEN_CONNECTION: '', MY_TOKENS_PER_MINUTE: '' }));
    expect(Object.keys(some).filter((name) => Object.keys(CALLERS).includes(name))).toEqual([
      'ENTRA_ISSUERS',
      'ENTRA_AUDIENCE',
      'MY_TOKEN_SCOPES',
    ]);
  });

  testWithBicep('about signed-in callers are ones with which the app checks tokens', async () => {
    const settings = settingsOf(await predict(CALLERS));
    const known = [...everySetting().keys()];
    expect(Object.keys(CALLERS).filter((name) => !known.includes(name))).toEqual([]);
    const emulator = await createIdentityEmulator();
    const app = await startApp({
      ...Object.fromEntries(Object.keys(CALLERS).map((name) => [name, settings[name] ?? ''])),
      AcsIdentity: emulator.connectionString,
    });
    try {
      const { checks } = (await app.call('GET', 'health')).body as { checks?: unknown };
      expect(checks).toContainEqual(expect.objectContaining({ name: 'settings', status: 'Healthy' }));
      const refused = await app.call('POST', 'me/token');
      expect([refused.status, refused.body.error?.code]).toEqual([401, 'InvalidToken']);
    } finally {
      await app.stop();
      await emulator.close();
    }
  });

  testWithBicep('that are secrets are secure parameters', async (cli) => {
    const secure = templatesIn(JSON.parse(await compile(cli)) as Template).flatMap(({ parameters = {} }) =>
      Object.entries(parameters).flatMap(([name, { type }]) => (type === 'securestring' ? [name] : [])),
    );
    const names = ['alertWebhooks', 'heartbeatUrl', 'notifyWebhookUrl'];
    // in the main template, and in the one that it passes them to
    expect(secure.toSorted()).toEqual([...names, ...names].toSorted());
  });

  testWithBicep('can be added to: a second connection is one that the app then knows', async () => {
    const emulator = await createIdentityEmulator();
    const more = { IDENTITY_CONNECTIONS: 'AcsIdentity,Second', Second__endpoint: 'https://second.example' };
    const settings = settingsOf(await predict({ MORE_SETTINGS: JSON.stringify(more) }));
    expect(settings).toMatchObject({ ...more, WORKFLOW_SCHEDULE: '0 */5 * * * *' });
    const app = await startApp({
      IDENTITY_CONNECTIONS: settings.IDENTITY_CONNECTIONS ?? '',
      AcsIdentity: emulator.connectionString,
      Second: emulator.connectionString,
    });
    try {
      expect((await app.call('POST', 'users?connection=Second')).status).toBe(201);
    } finally {
      await app.stop();
      await emulator.close();
    }
  });
});

describe('nobody gets in without an identity', () => {
  testWithBicep('storage has no shared keys, ACS no access keys, telemetry no instrumentation key alone', async () => {
    const resources = await predict();
    expect(only(resources, 'Microsoft.Storage/storageAccounts').properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    });
    expect(only(resources, 'Microsoft.Communication/communicationServices').properties).toMatchObject({
      disableLocalAuth: true,
    });
    expect(only(resources, 'Microsoft.Insights/components').properties).toMatchObject({ DisableLocalAuth: true });
    expect(only(resources, 'Microsoft.OperationalInsights/workspaces').properties).toMatchObject({
      features: { disableLocalAuth: true },
    });
  });

  testWithBicep(
    'the app speaks https with TLS 1.2, no FTP, no deployment passwords, on Flex Consumption with Node.js 22',
    async () => {
      const resources = await predict();
      const app = only(resources, 'Microsoft.Web/sites');
      expect(app).toMatchObject({
        identity: { type: 'UserAssigned' },
        tags: { 'azd-env-name': 'prod', 'azd-service-name': 'app' },
        properties: {
          httpsOnly: true,
          siteConfig: {
            minTlsVersion: '1.2',
            scmMinTlsVersion: '1.2',
            cors: { allowedOrigins: [] },
          },
          functionAppConfig: {
            runtime: { name: 'node', version: '22' },
            deployment: { storage: { type: 'blobContainer', authentication: { type: 'UserAssignedIdentity' } } },
          },
        },
      });
      expect(
        ofType(resources, 'Microsoft.Web/sites/basicPublishingCredentialsPolicies').map(({ properties }) => properties),
      ).toEqual([{ allow: false }, { allow: false }]);
      const others = await predict(VARIANTS[60]);
      // exactly these: no page may make the browser send cookies along (supportCredentials)
      const { siteConfig } = only(others, 'Microsoft.Web/sites').properties as { siteConfig: { cors: object } };
      expect(siteConfig.cors).toEqual({ allowedOrigins: ['https://a.example', 'https://b.example'] });
    },
  );

  testWithBicep('its roles are these four, each on one resource, by ids that are what their names say', async () => {
    const resources = await predict();
    const roles = ofType(resources, 'Microsoft.Authorization/roleAssignments').map(({ id, properties }) => {
      const [, role = ''] = /roleDefinitions\/([0-9a-f-]{36})/.exec(String(properties?.roleDefinitionId)) ?? [];
      expect(properties?.principalType).toBe('ServicePrincipal');
      const [, on = ''] = /providers\/(Microsoft\.\w+\/\w+)\/[\w-]+['/]/.exec(id) ?? [];
      return `${ROLES[role] ?? role} on ${on}`;
    });
    expect(roles.sort()).toEqual([
      'Contributor on Microsoft.Communication/communicationServices',
      'Monitoring Metrics Publisher on Microsoft.Insights/components',
      'Storage Blob Data Owner on Microsoft.Storage/storageAccounts',
      'Storage Table Data Contributor on Microsoft.Storage/storageAccounts',
    ]);
  });

  test('the comment beside each role id names that role', () => {
    const found = readdirSync(infraDirectory)
      .filter((name) => /\.bicep(param)?$/.test(name))
      .flatMap((name) => {
        const lines = readFileSync(join(infraDirectory, name), 'utf8').split('\n');
        return lines.flatMap((line, i) => {
          const [id] = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(line) ?? [];
          return id === undefined ? [] : [{ name, id, before: lines[i - 1] ?? '' }];
        });
      });
    expect(found.length).toBe(5);
    expect(found.filter(({ id, before }) => !before.includes(ROLES[id] ?? 'no role at all'))).toEqual([]);
  });

  testWithBicep('the names of its role assignments are given out, for whoever assigns them instead', async (cli) => {
    const all = templatesIn(JSON.parse(await compile(cli)) as Template);
    const names = all.flatMap(({ resources = {} }) =>
      Object.values(resources)
        .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
        .flatMap(({ name, copy }) =>
          copy === undefined ? [name] : [0, 1].map((i) => name?.replace('copyIndex()', String(i))),
        ),
    );
    const given = all.flatMap(({ outputs = {} }) => [
      ...((outputs['assignments']?.value ?? []) as { name: string }[]).map(({ name }) => name),
      ...(outputs['assignmentName'] === undefined ? [] : [outputs['assignmentName'].value]),
    ]);
    expect(names).toHaveLength(4);
    expect(names.filter((name) => !name?.startsWith('[guid('))).toEqual([]);
    expect(given.toSorted()).toEqual(names.toSorted());
    // the one on an ACS resource that is only read
    const { value } = all[0]?.outputs?.['ROLE_ASSIGNMENTS'] ?? {};
    expect(value).toContain("createObject('name', if(variables('makesCommunication'), reference('communication')");
    expect(value).toContain("guid(variables('communicationId'), reference('foundation')");
  });

  testWithBicep('where the deployer may not assign roles none is assigned; all else is made', async () => {
    const [all, fewer] = [await predict(), await predict(VARIANTS[30])];
    expect(ofType(fewer, 'Microsoft.Authorization/roleAssignments')).toEqual([]);
    expect(fewer).toHaveLength(all.length - 4);
  });

  testWithBicep('an ACS resource that is there is only read: nothing is made of it, or in its group', async (cli) => {
    const id = `/subscriptions/${SUBSCRIPTION.replace(/2/g, '5')}/resourceGroups/others/providers/Microsoft.Communication/communicationServices/theirs`;
    const resources = await predict({ ACS_RESOURCE_ID: id });
    expect(ofType(resources, 'Microsoft.Communication/communicationServices')).toEqual([]);
    expect(settingsOf(resources)['AcsIdentity__endpoint']).toMatch(
      new RegExp(`^\\[format\\('https://\\{0\\}', reference\\('${id}', '[\\d-]+'\\)\\.hostName\\)\\]$`),
    );
    // azd down of some versions deletes each group that a deployment touched
    expect(
      resources.filter((resource) => !resource.id.includes(`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-prod`)),
    ).toEqual([]);
    const nested = Object.values((JSON.parse(await compile(cli)) as Template).resources ?? {}).filter(
      ({ type }) => type === 'Microsoft.Resources/deployments',
    );
    expect(nested.length).toBeGreaterThan(3);
    expect(new Set(nested.map(({ resourceGroup }) => resourceGroup))).toEqual(
      new Set(["[parameters('resourceGroupName')]"]),
    );
    expect(nested.filter(({ subscriptionId }) => subscriptionId !== undefined)).toEqual([]);
  });

  testWithBicep('another role on ACS is one value away', async () => {
    const role = '09976791-48a7-449e-bb21-39d1a415f350';
    const roles = ofType(await predict({ ACS_ROLE_DEFINITION_ID: role }), 'Microsoft.Authorization/roleAssignments');
    expect(
      roles.map(({ properties }) => String(properties?.roleDefinitionId)).filter((id) => id.endsWith(role)),
    ).toHaveLength(1);
  });
});

/** `PT30M`, `PT2H` in minutes. */
function minutesOf(duration: unknown): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(String(duration)) ?? [];
  return Number(hours) * 60 + Number(minutes);
}
/** What log alerts may look back, and how often they may look, in minutes (Microsoft.Insights/scheduledQueryRules). */
const WINDOWS = [5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880];

describe('the alerts', () => {
  interface Rule {
    enabled: boolean;
    windowSize: string;
    evaluationFrequency: string;
    actions: { actionGroups: string[] };
    criteria: { allOf: { operator: string; threshold: number; query: string; timeAggregation: string }[] };
  }
  const ruleOf = (resources: Resource[], name: string) =>
    resources.find((resource) => resource.name === `acs-identity-${name}-prod`)?.properties as unknown as Rule;

  for (const minutes of Object.keys(VARIANTS).map(Number)) {
    testWithBicep(`silence is noticed in time when runs come every ${minutes} minutes`, async () => {
      const resources = await predict(VARIANTS[minutes]);
      const { next } = readSchedule(settingsOf(resources).WORKFLOW_SCHEDULE ?? '', 'UTC') as Schedule;
      const times = Array.from({ length: 30 }).reduce<Date[]>(
        (list) => [...list, next(list.at(-1) as Date) as Date],
        [next(new Date('2026-02-03T04:01:00Z')) as Date],
      );
      const gaps = times.slice(1).map((time, i) => (time.getTime() - (times[i]?.getTime() ?? 0)) / 60_000);
      expect(new Set(gaps)).toEqual(new Set([minutes]));

      const rule = ruleOf(resources, 'silence');
      const [condition] = rule.criteria.allOf;
      const window = minutesOf(rule.windowSize);
      const expected = window / minutes;
      expect(WINDOWS).toContain(window);
      expect(WINDOWS).toContain(minutesOf(rule.evaluationFrequency));
      // several runs, so that one that is late or fails is not silence; half of them, so that it is noticed within half the window
      expect(expected).toBeGreaterThanOrEqual(6);
      expect(condition).toMatchObject({ operator: 'LessThan', threshold: expected / 2, timeAggregation: 'Total' });
      expect(minutesOf(rule.evaluationFrequency)).toBeLessThanOrEqual(window / 2);
    });
  }

  testWithBicep('there is one for each thing that somebody must know, and they are sent', async () => {
    const resources = await predict(VARIANTS[10]);
    const group = only(resources, 'Microsoft.Insights/actionGroups');
    expect(group.properties).toMatchObject({ emailReceivers: [{ emailAddress: 'ops@example.com' }] });
    for (const name of ['run-failed', 'silence', 'users-left', 'unrecorded', 'maintenance-failed', 'users-unknown']) {
      expect(ruleOf(resources, name)).toMatchObject({ enabled: true, actions: { actionGroups: [group.id] } });
    }
    expect(only(resources, 'Microsoft.Insights/metricAlerts').properties).toMatchObject({
      enabled: true,
      actions: [{ actionGroupId: group.id }],
    });
  });

  testWithBicep('they are posted to each webhook, with or without mail, in the common schema', async () => {
    const urls = ['https://a.example/hook?sig=1', 'https://b.example/hook'];
    const resources = await predict({ ALERT_WEBHOOKS: ` ${urls.join(' , ')},` });
    const group = only(resources, 'Microsoft.Insights/actionGroups');
    expect(group.properties).toMatchObject({
      emailReceivers: [],
      webhookReceivers: urls.map((serviceUri, i) => ({
        name: `webhook-${i + 1}`,
        serviceUri,
        useCommonAlertSchema: true,
      })),
    });
    expect(ruleOf(resources, 'silence').actions.actionGroups).toEqual([group.id]);
    const mailed = only(await predict(VARIANTS[10]), 'Microsoft.Insights/actionGroups');
    expect(mailed.properties).toMatchObject({ webhookReceivers: [] });
  });

  testWithBicep('what they tell people to look at sees what the timer saw', async () => {
    const texts = ofType(await predict(), 'Microsoft.Insights/scheduledQueryRules').map((rule) =>
      String(rule.properties?.['description']),
    );
    // plain api/health is answered by another process than the one that the timer runs in
    expect(texts.filter((text) => /api\/health(?!\/deep)/.test(text))).toEqual([]);
    expect(texts.filter((text) => text.includes('api/runs/latest'))).toHaveLength(1);
  });

  testWithBicep('without an address they are there all the same', async () => {
    const resources = await predict();
    expect(ofType(resources, 'Microsoft.Insights/actionGroups')).toEqual([]);
    expect(ofType(resources, 'Microsoft.Insights/scheduledQueryRules')).toHaveLength(6);
    expect(ruleOf(resources, 'silence').actions.actionGroups).toEqual([]);
  });

  testWithBicep('a schedule that is paused is not called silent', async () => {
    const [going, paused] = [await predict(), await predict(VARIANTS[15])];
    expect(settingsOf(going)['AzureWebJobs.scheduledRun.Disabled']).toMatch(/^false$/i);
    expect(settingsOf(paused)['AzureWebJobs.scheduledRun.Disabled']).toMatch(/^true$/i);
    expect(ruleOf(paused, 'silence').enabled).toBe(false);
    expect(ruleOf(paused, 'run-failed').enabled).toBe(true);
  });
});
