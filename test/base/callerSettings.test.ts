import { callerSettings } from '../../src/base/callerSettings';
import { checkEachSetting } from '../../src/base/workflowSettings';
import { health } from '../../src/status/health';

const before = { ...process.env };
const TENANT = '0f3b6f0a-7d1c-4c5e-9a55-3f6a4a2f9b10';
const ENTRA = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const COMPLETE = {
  ENTRA_ISSUERS: ENTRA,
  ENTRA_AUDIENCE: 'api://app',
  MY_TOKEN_SCOPES: 'chat, voip',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
};

/** Only these settings are set. */
function set(settings: Record<string, string>): void {
  for (const name of Object.keys(process.env)) {
    if (/^(WORKFLOW_|AzureWebJobs|AcsIdentity|IDENTITY_|ALLOWED_|HISTORY_|ENTRA_|MY_TOKEN)/.test(name)) {
      delete process.env[name];
    }
  }
  Object.assign(process.env, { WORKFLOW_SCHEDULE: '0 0 0 1 1 *', ...settings });
}
const callersCheck = () => health().checks.find(({ name }) => name === 'signedInCallers');
const refusal = () => {
  try {
    return callerSettings();
  } catch (error) {
    return error as { code: string; target: string; message: string };
  }
};

afterAll(() => {
  process.env = before;
});

test('if all are set, others have their defaults', () => {
  set(COMPLETE);
  expect(callerSettings()).toEqual({
    issuers: [ENTRA],
    audiences: ['api://app'],
    scopes: ['chat', 'voip'],
    connection: 'AcsIdentity',
    perMinute: 30,
  });
});

test('the connection is the first one unless a setting names another', () => {
  set({ ...COMPLETE, IDENTITY_CONNECTIONS: 'One,Two' });
  expect(callerSettings().connection).toBe('One');
  set({ ...COMPLETE, IDENTITY_CONNECTIONS: 'One,Two', MY_TOKEN_CONNECTION: 'Two' });
  expect(callerSettings().connection).toBe('Two');
});

test.each([
  `https://contoso.ciamlogin.com/${TENANT}/v2.0`,
  'https://contoso.eu.auth0.com/',
  `http://127.0.0.1:8089/${TENANT}/v2.0`,
  'http://localhost:8089',
  'http://[::1]:8089/common-tenant/v2.0',
])('%s is an issuer', (issuer) => {
  set({ ...COMPLETE, ENTRA_ISSUERS: `${issuer}, ${ENTRA}` });
  expect(callerSettings().issuers).toEqual([issuer, ENTRA]);
});

describe('signed-in callers are off', () => {
  test.each<[string, Record<string, string>]>([
    ['without settings', {}],
    ['if the settings are blank', { ENTRA_ISSUERS: ' ', ENTRA_AUDIENCE: '', MY_TOKEN_SCOPES: ' ' }],
    ['if only others are set, even malformed', { MY_TOKENS_PER_MINUTE: 'many', MY_TOKEN_CONNECTION: 'Nowhere' }],
  ])('%s, and health does not mention them', (_how, settings) => {
    set(settings);
    expect(refusal()).toMatchObject({ status: 404, code: 'NotEnabled' });
    expect(callersCheck()).toBeUndefined();
    expect(checkEachSetting).not.toThrow();
  });
});

describe('500 Misconfigured, and health names', () => {
  test.each<[string, string | undefined, string]>([
    ['ENTRA_ISSUERS', undefined, 'is missing. Signed-in callers need ENTRA_ISSUERS, ENTRA_AUDIENCE, MY_TOKEN_SCOPES.'],
    ['ENTRA_ISSUERS', ',', 'must name at least one issuer.'],
    ['ENTRA_ISSUERS', 'contoso.onmicrosoft.com', 'must be a comma-separated list of URLs that begin with https://'],
    ['ENTRA_ISSUERS', `${ENTRA} ${ENTRA}`, 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', `http://login.microsoftonline.com/${TENANT}/v2.0`, 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', 'http://localhost.example/', 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', 'https://user:secret@example.com/', 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', `${ENTRA}?appid=1`, 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', `${ENTRA}#a`, 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', `https://example.com/${'x'.repeat(255)}`, 'must be a comma-separated list of URLs'],
    ['ENTRA_ISSUERS', 'file:///etc/issuer', 'must be a comma-separated list of URLs'],
    [
      'ENTRA_ISSUERS',
      'https://login.microsoftonline.com/common/v2.0',
      "never 'common', 'organizations' or 'consumers'",
    ],
    ['ENTRA_ISSUERS', 'https://login.microsoftonline.com/Organizations/v2.0', "is never 'common'"],
    ['ENTRA_ISSUERS', `https://sts.windows.net/${TENANT}/`, 'issuer of v1 tokens'],
    ['ENTRA_ISSUERS', Array.from({ length: 21 }, (_, n) => `https://issuer${n}.example`).join(), 'at most 20 issuers'],
    ['ENTRA_AUDIENCE', undefined, 'is missing. Signed-in callers need'],
    ['ENTRA_AUDIENCE', ' , ', 'must name at least one audience.'],
    ['ENTRA_AUDIENCE', 'api://a b', 'must be a comma-separated list of client ids or App ID URIs'],
    ['ENTRA_AUDIENCE', 'x'.repeat(256), 'must be a comma-separated list of client ids or App ID URIs'],
    ['MY_TOKEN_SCOPES', undefined, 'is missing. Signed-in callers need'],
    ['MY_TOKEN_SCOPES', 'chat,mail', "has 'mail', which is not a scope."],
    ['MY_TOKEN_SCOPES', ',', 'must name at least one scope of: chat'],
    ['MY_TOKEN_CONNECTION', 'Nowhere', 'is not a connection. Connections are: AcsIdentity.'],
    ['MY_TOKENS_PER_MINUTE', '0', 'must be a whole number of calls from 1 to 999999.'],
    ['MY_TOKENS_PER_MINUTE', 'many', 'must be a whole number of calls from 1 to 999999.'],
  ])('%s: %s', (name, value, message) => {
    const others = Object.fromEntries(Object.entries(COMPLETE).filter(([other]) => other !== name));
    set({ ...others, ...(value === undefined ? {} : { [name]: value }) });
    const error = refusal() as { message: string };
    expect(error).toMatchObject({ status: 500, code: 'Misconfigured', target: name });
    expect(error.message).toContain(message);
    if (value !== undefined && value.length > 8) expect(error.message).not.toContain(value);
    expect(health().status).toBe('Unhealthy');
    expect(callersCheck()).toEqual({
      name: 'signedInCallers',
      status: 'Unhealthy',
      code: 'Misconfigured',
      message: `Setting '${name}' is missing or malformed.`,
    });
  });

  test('MY_TOKEN_SCOPES with a scope that callers may not request', () => {
    set({ ...COMPLETE, ALLOWED_SCOPES: 'chat' });
    expect(refusal()).toMatchObject({ code: 'Misconfigured', target: 'MY_TOKEN_SCOPES' });
    expect(callersCheck()?.message).toContain('MY_TOKEN_SCOPES');
    set({ ...COMPLETE, ALLOWED_SCOPES: 'voip,chat' });
    expect(callerSettings().scopes).toEqual(['chat', 'voip']);
  });

  test('the storage, if there is none', () => {
    set({ ...COMPLETE, AzureWebJobsStorage: '' });
    expect(callersCheck()).toMatchObject({ status: 'Unhealthy', code: 'Misconfigured' });
    expect(callersCheck()?.message).toContain("'AzureWebJobsStorage'");
  });
});

test('if all are set, health does not know more before the first call', () => {
  set(COMPLETE);
  expect(callersCheck()).toMatchObject({ name: 'signedInCallers', status: 'Unknown' });
});
