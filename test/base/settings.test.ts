import { redactText } from '../../src/base/redact';
import { connectionNames, connectionSettings } from '../../src/base/settings';
import {
  checkEachSetting,
  historyDays,
  historySettings,
  maxConcurrentRuns,
  workflowSettings,
} from '../../src/base/workflowSettings';

const before = { ...process.env };

/** Only these settings are set. */
function set(settings: Record<string, string>): void {
  for (const name of Object.keys(process.env)) {
    if (/^(WORKFLOW_|AzureWebJobs|AcsIdentity|IDENTITY_|ALLOWED_|MAX_|RUN_|HISTORY_)/.test(name))
      delete process.env[name];
  }
  Object.assign(process.env, settings);
}

afterAll(() => {
  process.env = before;
});

test('without settings each has its default', () => {
  set({});
  expect(workflowSettings()).toStrictEqual({
    scopes: ['chat'],
    createScopes: [],
    tokenMinutes: 60,
    checks: [],
    revocationWaitSeconds: 30,
    connections: ['AcsIdentity'],
    target: 'connection',
  });
  expect([historyDays(), maxConcurrentRuns()]).toEqual([90, 4]);
  expect(historySettings()).toEqual({ kind: 'memory', setting: 'AzureWebJobsStorage' });
  expect(checkEachSetting).not.toThrow();
});

test('blanks around a value, and empty entries of a list, do not count', () => {
  set({
    WORKFLOW_SCOPES: ' chat , ,voip ',
    WORKFLOW_TOKEN_MINUTES: ' 90 ',
    IDENTITY_CONNECTIONS: 'One,Two,',
    RUN_HISTORY_DAYS: ' ',
  });
  expect(workflowSettings()).toMatchObject({ scopes: ['chat', 'voip'], tokenMinutes: 90, connections: ['One'] });
  expect(historyDays()).toBe(90);
});

test.each([
  ['IDENTITY_CONNECTIONS', '1st', 'must be a comma-separated list of connection names.'],
  ['IDENTITY_CONNECTIONS', ' , ', 'must name at least one connection.'],
  ['ALLOWED_SCOPES', 'chat,mail', "has 'mail', which is not a scope. Scopes are: chat, voip,"],
  ['ALLOWED_SCOPES', ',', 'must name at least one scope of: chat,'],
  ['MAX_TOKEN_MINUTES', '59', 'must be a whole number of minutes from 60 to 1440.'],
  ['MAX_TOKEN_MINUTES', '1e2', 'must be a whole number of minutes from 60 to 1440.'],
  ['WORKFLOW_TOKEN_MINUTES', '1441', 'must be a whole number of minutes from 60 to 1440.'],
  ['WORKFLOW_SCOPES', 'chat;voip', 'has an entry that is not a name (not shown), which is not a scope.'],
  ['WORKFLOW_CREATE_SCOPES', 'Chat', "has 'Chat', which is not a scope."],
  ['WORKFLOW_TARGET', 'Functions', "must be 'connection' or 'functions'."],
  [
    'WORKFLOW_CHECKS',
    'tokenAccepted,nonsense',
    "has 'nonsense', which is not a check. Checks are: tokenAccepted, revoked",
  ],
  ['WORKFLOW_REVOCATION_WAIT_SECONDS', '91', 'must be a whole number of seconds from 0 to 90.'],
  ['MAX_CONCURRENT_RUNS', '0', 'must be a whole number of runs from 1 to 1000.'],
  ['RUN_HISTORY_DAYS', '-1', 'must be a whole number of days from 1 to 3650.'],
  ['HISTORY_STORAGE', 'AccountName=a;AccountKey=c2VjcmV0LWtleS1vZi1zdG9yYWdl', 'must be the name of the setting'],
])('%s=%s: the error names the setting, what is wrong and what to do', (name, value, message) => {
  set({ [name]: value });
  expect(checkEachSetting).toThrow(
    expect.objectContaining({
      code: 'Misconfigured',
      target: name,
      message: expect.stringContaining(`Setting '${name}' ${message}`) as string,
    }) as Error,
  );
});

test('a malformed setting fails only what reads it', () => {
  set({ MAX_CONCURRENT_RUNS: 'many', WORKFLOW_CHECKS: 'nonsense' });
  expect(maxConcurrentRuns).toThrow(/MAX_CONCURRENT_RUNS/);
  expect(workflowSettings).toThrow(/WORKFLOW_CHECKS/);
  expect([historyDays(), connectionNames()]).toEqual([90, ['AcsIdentity']]);
  process.env['WORKFLOW_CHECKS'] = 'tokenAccepted';
  expect(workflowSettings().checks).toEqual(['tokenAccepted']);
});

test('a setting is parsed once, for as long as its text stays the same', () => {
  set({ IDENTITY_CONNECTIONS: 'One,Two' });
  expect(connectionNames()).toBe(connectionNames());
});

test('a connection that the workflow tests must be one that there is', () => {
  set({ IDENTITY_CONNECTIONS: 'One,Two', WORKFLOW_CONNECTIONS: 'Two,Three' });
  expect(workflowSettings).toThrow(
    /'WORKFLOW_CONNECTIONS' has 'Three', which is not a connection. Connections are: One, Two/,
  );
});

test('keys are masked from the moment that their setting is read', () => {
  const key = 'bm90LWEtcmVhbC1rZXktYnV0LWxvbmctZW5vdWdo';
  set({ AcsIdentity: `endpoint=https://one.communication.azure.com/;accesskey=${key}` });
  expect(connectionSettings('AcsIdentity').connectionString).toContain(key);
  expect(redactText(`it is ${key}`)).not.toContain(key);
});

test('a kind of credential that the app does not have is refused by its own name', () => {
  set({
    AcsIdentity__credential: 'apikey',
    AzureWebJobsStorage__tableServiceUri: 'https://a.table.core.windows.net',
    AzureWebJobsStorage__credential: 'x',
  });
  expect(() => connectionSettings('AcsIdentity')).toThrow(
    "Setting 'AcsIdentity__credential' must be 'managedidentity'.",
  );
  expect(historySettings).toThrow("Setting 'AzureWebJobsStorage__credential' must be 'managedidentity'.");
});
