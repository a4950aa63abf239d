// infra/entra-app.sh, with a program in place of `az`. Nothing here was ever compared with a real tenant.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { infraDirectory } from './bicep';

jest.setTimeout(60_000);

const SCRIPT = join(infraDirectory, 'entra-app.sh');
const TENANT = '11111111-1111-1111-1111-111111111111';
const MICROSOFT_GRAPH = { id: '99999999-9999-4999-8999-999999999999', appId: '00000003-0000-0000-c000-000000000000' };
const PAGE = 'https://www.example.com/';

const hasBash = process.platform !== 'win32' && existsSync('/bin/bash');
if (!hasBash) console.log('Skipped: infra/entra-app.sh is run where /bin/bash is.');
const withBash = hasBash ? test : test.skip;

interface Application {
  id: string;
  appId: string;
  displayName: string;
  identifierUris: string[];
  api: {
    requestedAccessTokenVersion: number | null;
    oauth2PermissionScopes: { id: string; value: string; type: string; isEnabled: boolean }[];
    preAuthorizedApplications: { appId: string; delegatedPermissionIds: string[] }[];
  };
  spa: { redirectUris: string[] };
  requiredResourceAccess: { resourceAppId: string; resourceAccess: { id: string; type: string }[] }[];
}
interface State {
  tenantId?: string;
  applications: Application[];
  servicePrincipals: { id: string; appId: string }[];
  grants: { clientId: string; resourceId: string; scope: string }[];
  calls: unknown[][];
  delayed?: string[];
  broken?: string;
  forgets?: boolean;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'acs-identity-entra-'));
  const double = join(__dirname, 'azDouble.mjs');
  writeFileSync(join(directory, 'az'), `#!/bin/sh\nexec '${process.execPath}' '${double}' "$@"\n`);
  chmodSync(join(directory, 'az'), 0o755);
  change({ tenantId: TENANT, applications: [], servicePrincipals: [MICROSOFT_GRAPH], grants: [], calls: [] });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What the first run of the script has made, with one page. */
let registered: State | undefined;
async function register(): Promise<void> {
  if (registered === undefined) {
    await runScript('--redirect-uri', PAGE);
    registered = stateNow();
  }
  change({ ...registered, calls: [] });
}

const stateFile = () => join(directory, 'state.json');
const stateNow = () => JSON.parse(readFileSync(stateFile(), 'utf8')) as State;
const change = (state: State) => writeFileSync(stateFile(), JSON.stringify(state));

function runScript(...args: string[]): Promise<{ exitCode: number; out: string; log: string }> {
  const env = {
    PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}`,
    AZ_STATE: stateFile(),
    ENTRA_APP_WAIT_SECONDS: '0',
  };
  return new Promise((done) => {
    execFile('/bin/bash', [SCRIPT, ...args], { env }, (error, out, log) =>
      done({ exitCode: error === null ? 0 : Number(error.code), out, log }),
    );
  });
}
const changesIn = (state: State) =>
  state.calls.filter(([command, method]) => command === 'ad sp create' || ['POST', 'PATCH'].includes(String(method)));
/** The commands that it prints, by the name of the value. */
const printed = (out: string) =>
  Object.fromEntries(
    [...out.matchAll(/^azd env set (\w+) "(.*)"$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

withBash('bash finds no error of syntax, and shellcheck none if it is there', () => {
  execFileSync('/bin/bash', ['-n', SCRIPT]);
  try {
    execFileSync('shellcheck', ['--version'], { stdio: 'ignore' });
  } catch {
    console.log('shellcheck is not on this machine.');
    return;
  }
  execFileSync('shellcheck', [SCRIPT]);
});

withBash(
  'the API has the scope Token.Self and v2 tokens, its single-page app may ask for it, and users are not asked',
  async () => {
    const { exitCode, out, log } = await runScript('--redirect-uri', PAGE, '--redirect-uri', 'http://localhost:5173/');
    expect({ exitCode, log }).toMatchObject({ exitCode: 0 });
    const { applications, servicePrincipals, grants } = stateNow();
    const [api, spa] = applications as [Application, Application];
    expect(applications).toHaveLength(2);
    expect(api).toMatchObject({
      displayName: 'ACS identity',
      identifierUris: [`api://${api.appId}`],
      api: {
        requestedAccessTokenVersion: 2,
        oauth2PermissionScopes: [{ value: 'Token.Self', type: 'User', isEnabled: true }],
        preAuthorizedApplications: [
          { appId: spa.appId, delegatedPermissionIds: [api.api.oauth2PermissionScopes[0]?.id] },
        ],
      },
      spa: { redirectUris: [] },
    });
    expect(spa).toMatchObject({
      displayName: 'ACS identity SPA',
      spa: { redirectUris: ['http://localhost:5173/', PAGE] },
      requiredResourceAccess: [
        { resourceAppId: api.appId, resourceAccess: [{ id: api.api.oauth2PermissionScopes[0]?.id, type: 'Scope' }] },
      ],
    });
    expect(servicePrincipals.map(({ appId }) => appId)).toEqual([MICROSOFT_GRAPH.appId, api.appId, spa.appId]);
    expect(grants).toEqual([]);
    expect(printed(out)).toEqual({
      ENTRA_ISSUERS: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      ENTRA_AUDIENCE: api.appId,
      MY_TOKEN_SCOPES: 'chat',
      ALLOWED_ORIGINS: 'https://www.example.com',
    });
    expect(out).toContain(`client id   ${spa.appId}\n`);
    expect(out).toContain(`scope       api://${api.appId}/Token.Self\n`);
  },
);

withBash('a second run changes nothing but the redirect URIs, of which it keeps those that are there', async () => {
  const first = await runScript('--redirect-uri', PAGE);
  const before = stateNow();
  change({ ...before, calls: [] });
  const second = await runScript('--reuse', '--redirect-uri', 'https://other.example:8443/app');
  expect(second).toMatchObject({ exitCode: 0 });
  const after = stateNow();
  const [, spa] = after.applications as [Application, Application];
  const uris = ['https://other.example:8443/app', PAGE];
  expect(changesIn(after)).toEqual([['rest', 'PATCH', `applications/${spa.id}`, { spa: { redirectUris: uris } }]]);
  expect(printed(second.out)).toEqual({
    ...printed(first.out),
    ALLOWED_ORIGINS: 'https://other.example:8443,https://www.example.com',
  });
});

withBash('a registration that somebody else may have made under this name is used only with --reuse', async () => {
  await register();
  const whole = stateNow();
  for (const one of whole.applications) {
    change({ ...whole, calls: [], applications: [one] });
    const { exitCode, out, log } = await runScript('--redirect-uri', PAGE);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(log).toContain(`"${one.displayName}" exists already, with the client id ${one.appId}`);
    expect(log).toContain('--reuse');
    expect(changesIn(stateNow())).toEqual([]);
  }
});

withBash('in an external tenant an administrator consents for all users, once', async () => {
  for (const attempt of [1, 2]) {
    const { exitCode, out } = await runScript(
      '--kind',
      'external',
      '--scopes',
      'chat,voip.join',
      '--redirect-uri',
      PAGE,
      ...(attempt === 1 ? [] : ['--reuse']),
    );
    expect({ attempt, exitCode }).toEqual({ attempt, exitCode: 0 });
    const { applications, servicePrincipals, grants } = stateNow();
    const [api, spa] = applications as [Application, Application];
    const principal = (client: string) => servicePrincipals.find(({ appId }) => appId === client)?.id;
    expect(grants).toEqual([
      expect.objectContaining({
        clientId: principal(spa.appId),
        resourceId: principal(api.appId),
        scope: 'Token.Self',
      }),
      expect.objectContaining({
        clientId: principal(spa.appId),
        resourceId: MICROSOFT_GRAPH.id,
        scope: 'openid profile offline_access',
      }),
    ]);
    expect(spa.requiredResourceAccess.map(({ resourceAppId }) => resourceAppId)).toEqual([
      api.appId,
      MICROSOFT_GRAPH.appId,
    ]);
    expect(api.api.preAuthorizedApplications).toEqual([]);
    expect(printed(out)).toMatchObject({
      ENTRA_ISSUERS: `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`,
      MY_TOKEN_SCOPES: 'chat,voip.join',
    });
    expect(out).toContain('add "ACS identity SPA" to a user flow');
  }
});

withBash('it waits for what Entra does not know yet', async () => {
  change({ ...stateNow(), delayed: ['principal', 'application', 'principal'] });
  const { exitCode, log } = await runScript('--redirect-uri', PAGE);
  expect({ exitCode, waits: log.match(/call has failed/g)?.length }).toEqual({ exitCode: 0, waits: 3 });
  expect(stateNow().applications).toHaveLength(2);
});

withBash('a run that was stopped in the middle is finished by the next one', async () => {
  await register();
  const whole = stateNow();
  const [api, spa] = whole.applications as [Application, Application];
  // what was there after each of the first steps
  for (const [applications, servicePrincipals] of [
    [[{ ...api, identifierUris: [], api: { ...api.api, preAuthorizedApplications: [] } }], []],
    [[{ ...api, api: { ...api.api, preAuthorizedApplications: [] } }], whole.servicePrincipals.slice(1, 2)],
    [
      [
        { ...api, api: { ...api.api, preAuthorizedApplications: [] } },
        { ...spa, spa: { redirectUris: [] } },
      ],
      whole.servicePrincipals.slice(1, 2),
    ],
  ] as [Application[], State['servicePrincipals']][]) {
    change({ ...whole, applications, servicePrincipals: [MICROSOFT_GRAPH, ...servicePrincipals] });
    expect(await runScript('--redirect-uri', PAGE, '--reuse')).toMatchObject({ exitCode: 0 });
    const [, newSpa] = stateNow().applications as [Application, Application];
    expect(stateNow().applications).toMatchObject([
      {
        identifierUris: api.identifierUris,
        api: { preAuthorizedApplications: [{ appId: newSpa.appId }] },
      },
      { spa: { redirectUris: [PAGE] } },
    ]);
    expect(stateNow().servicePrincipals.map(({ appId }) => appId)).toContain(newSpa.appId);
  }
});

withBash(
  'a registration that was made by hand gets v2 tokens and the scope, but none of its own is changed',
  async () => {
    await register();
    const whole = stateNow();
    const [api, spa] = whole.applications as [Application, Application];
    const bare = {
      ...api.api,
      requestedAccessTokenVersion: null,
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
    };
    change({ ...whole, applications: [{ ...api, api: bare }, spa] });
    expect(await runScript('--redirect-uri', PAGE, '--reuse')).toMatchObject({ exitCode: 0 });
    expect(stateNow().applications[0]).toEqual(api);

    const consent = { adminConsentDisplayName: 'Read files', adminConsentDescription: 'Reads files.' };
    const own = {
      ...{ id: '77777777-7777-4777-8777-777777777777', value: 'Files.Read', type: 'User', isEnabled: true },
      ...consent,
    };
    change({ ...whole, calls: [], applications: [{ ...api, api: { ...bare, oauth2PermissionScopes: [own] } }, spa] });
    const refused = await runScript('--redirect-uri', PAGE, '--reuse');
    expect(refused).toMatchObject({ exitCode: 1, out: '' });
    expect(refused.log).toContain('has other scopes');
    expect(changesIn(stateNow())).toEqual([]);
  },
);

withBash('two registrations with the same name are not guessed between', async () => {
  await register();
  const { applications, ...rest } = stateNow();
  change({ ...rest, calls: [], applications: [...applications, { ...(applications[0] as Application), id: 'other' }] });
  const { exitCode, log, out } = await runScript('--redirect-uri', PAGE);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
  expect(log).toContain('several registrations with the name "ACS identity"');
  expect(changesIn(stateNow())).toEqual([]);
});

withBash('if Entra can not be asked whether a registration is there, none is made', async () => {
  for (const broken of ['ad app list', 'ad sp list']) {
    change({ ...stateNow(), calls: [], applications: [], broken });
    const { exitCode, out, log } = await runScript('--redirect-uri', PAGE);
    expect({ exitCode, out, waits: log.match(/call has failed/g)?.length }).toEqual({ exitCode: 1, out: '', waits: 5 });
    const made = changesIn(stateNow()).map(([command, method]) => `${String(command)} ${String(method)}`);
    expect(made).toEqual(broken === 'ad app list' ? [] : ['rest POST', 'rest PATCH']);
  }
});

withBash('it notices if a change has lost the version of tokens', async () => {
  await register();
  const { applications, ...rest } = stateNow();
  const [api, spa] = applications as [Application, Application];
  const untrusting = { ...api, api: { ...api.api, preAuthorizedApplications: [] } };
  change({ ...rest, forgets: true, applications: [untrusting, spa] });
  const { exitCode, out, log } = await runScript('--redirect-uri', PAGE, '--reuse');
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
  expect(log).toContain('does not have the scope Token.Self');
});

withBash('without a sign-in it says how to sign in', async () => {
  const signedOut = stateNow();
  delete signedOut.tenantId;
  change(signedOut);
  const { exitCode, log } = await runScript('--redirect-uri', PAGE);
  expect(exitCode).toBe(1);
  expect(log).toContain('az login --tenant TENANT_ID');
});

(hasBash ? test.each : test.skip.each)([
  [[]],
  [['--redirect-uri']],
  [['--redirect-uri', 'http://www.example.com/']],
  [['--redirect-uri', 'https://www.example.com/?a=1']],
  [['--redirect-uri', 'https://www.example.com/"]}']],
  [['--redirect-uri', PAGE, '--name', "x' or displayName ne 'x"]],
  [['--redirect-uri', PAGE, '--kind', 'b2c']],
  [['--redirect-uri', PAGE, '--scopes', 'chat voip']],
  [['--redirect-uri', PAGE, '--other', 'x']],
])('refuses %j before it calls az', async (args) => {
  const { exitCode, out } = await runScript(...args);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(stateNow().calls).toEqual([]);
});

test('it asks for no secret, and says that it was not tried', () => {
  const text = readFileSync(SCRIPT, 'utf8');
  expect(text).not.toMatch(/password|credential|addPassword|addKey|get-access-token|--debug|--verbose|set -x/i);
  expect(text.slice(0, 600)).toContain('NOT TRIED with a real tenant');
});
