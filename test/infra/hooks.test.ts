// The hooks that azd runs, as programs of their own: `azd` and Azure Resource Manager are stand-ins, the app and ACS are as everywhere here.
import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { environmentWith } from '../cli/command';
import { startKeyGate } from '../dashboard/keyGate';

const root = resolve(__dirname, '../..');
const SITE = '/subscriptions/x/resourceGroups/rg-prod/providers/Microsoft.Web/sites/func-1';
const KEYS: Record<string, string> = { healthDeep: 'the-key-of-healthDeep==', runs: 'the-key-of-runs==' };
const ARM_TOKEN = 'eyJhbGciOiJub25lIn0.eyJhdWQiOiJhcm0ifQ.c2ln';
// azd is stood in for by a shell script
const onPosix = process.platform === 'win32' ? test.skip : test;

let emulator: IdentityEmulator;
let app: AppUnderTest;
let gate: { url: string; seen: string[]; server: Server };
let resourceManager: Server;
let tools: string;
/** What Azure Resource Manager answers before it answers with a key. */
const before: { status: number; body?: object }[] = [];
const asked: { method: string; url: string; authorization: string; body: string }[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString });
  gate = await startKeyGate(app.host.port, (path) => KEYS[/^\/api\/health/.test(path) ? 'healthDeep' : 'runs'] ?? '');
  resourceManager = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push({ method, url, authorization: headers.authorization ?? '', body: Buffer.concat(parts).toString() });
      const [, name = ''] = /\/functions\/(\w+)\/listkeys\?api-version=\d{4}-\d\d-\d\d$/.exec(url) ?? [];
      const { status, body } = before.shift() ?? { status: 200 };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? (status === 200 ? { default: KEYS[name] } : { error: { code: 'Refused' } })));
    });
  });
  await new Promise<void>((done) => resourceManager.listen(0, '127.0.0.1', done));
  tools = mkdtempSync(join(tmpdir(), 'acs-identity-azd-'));
  const expiresOn = new Date(Date.now() + 3_600_000).toISOString();
  writeFileSync(join(tools, 'azd'), `#!/bin/sh\necho '${JSON.stringify({ token: ARM_TOKEN, expiresOn })}'\n`);
  chmodSync(join(tools, 'azd'), 0o755);
});
afterAll(async () => {
  for (const server of [gate.server, resourceManager]) {
    server.closeAllConnections();
    server.close();
  }
  await app.stop();
  await emulator.close();
  rmSync(tools, { recursive: true });
});
beforeEach(() => {
  emulator.clearFaults();
  before.length = 0;
  asked.length = 0;
});

const written: string[] = [];
function hook(name: string, variables: Record<string, string>): Promise<{ exitCode: number | null; said: string }> {
  const child = spawn(process.execPath, [join(root, 'infra/hooks', name)], {
    cwd: root,
    env: environmentWith({ ...variables, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((done) =>
    child.on('close', (exitCode) => {
      written.push(said);
      done({ exitCode, said });
    }),
  );
}
const atResourceManager = () => `http://127.0.0.1:${(resourceManager.address() as AddressInfo).port}/`;
const firstRun = (variables: Record<string, string> = {}) =>
  hook('firstRun.mjs', {
    SERVICE_APP_URI: gate.url,
    SERVICE_APP_RESOURCE_ID: SITE,
    AZURE_RESOURCE_MANAGER: atResourceManager(),
    ALERTS_ARE_SENT: 'true',
    FIRST_RUN_WAIT_SECONDS: '1',
    ...variables,
  });
const runsMade = async () => ((await app.call('GET', 'runs')).body as unknown as { value: object[] }).value.length;

onPosix(
  'the first run waits for the app, runs its workflow, shows the steps, and is in the history',
  async () => {
    before.push({ status: 404 });
    const made = await runsMade();
    const { exitCode, said } = await firstRun({ ALERTS_ARE_SENT: 'false' });
    expect(said).toContain('Waiting: Azure knows no key of function healthDeep yet (404).');
    for (const step of ['Create_a_user', 'Issue_a_user_access_token', 'Revoke_user_access_tokens', 'Delete_a_user']) {
      expect(said).toMatch(new RegExp(`✓ ${step} +Succeeded`));
    }
    expect(said).toContain(`Dashboard: ${gate.url}/api/dashboard`);
    expect(said).toContain('azd env set ALERT_EMAIL');
    expect(exitCode).toBe(0);
    expect(await runsMade()).toBe(made + 1);
    // each key is that of one function, asked for as azd's user
    expect(asked.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
      `POST ${SITE}/functions/healthDeep/listkeys`,
      `POST ${SITE}/functions/healthDeep/listkeys`,
      `POST ${SITE}/functions/runs/listkeys`,
    ]);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${ARM_TOKEN}`]));
  },
  60_000,
);

describe('with a package that was built elsewhere (USE_BUILT_PACKAGE=true)', () => {
  const packageDirectory = join(root, '.local/package');
  const command = join(packageDirectory, 'acs-identity.cjs');
  const manifest = join(packageDirectory, 'app/package.json');
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, 'local/package.mjs')], { cwd: root });
  });

  onPosix(
    'the first run is made by the command in it',
    async () => {
      writeFileSync(command, `console.log('built elsewhere');${readFileSync(command, 'utf8')}`);
      const { exitCode, said } = await firstRun({ USE_BUILT_PACKAGE: 'true' });
      expect(said).toMatch(/built elsewhere[^]*✓ Delete_a_user +Succeeded/);
      expect(exitCode).toBe(0);
    },
    60_000,
  );

  test('nothing is built', async () => {
    const builtAt = statSync(join(root, '.local/build/start.js')).mtimeMs;
    const { exitCode, said } = await hook('package.mjs', { USE_BUILT_PACKAGE: 'true' });
    expect(said.trim()).toBe('Deploying .local/package/app as it is (USE_BUILT_PACKAGE=true).');
    expect(exitCode).toBe(0);
    expect(statSync(join(root, '.local/build/start.js')).mtimeMs).toBe(builtAt);
  });

  test('a package that is not there is an error that says what to do', async () => {
    rmSync(manifest);
    const { exitCode, said } = await hook('package.mjs', { USE_BUILT_PACKAGE: 'true' });
    expect(exitCode).toBe(1);
    expect(said).toContain('USE_BUILT_PACKAGE is true, but .local/package/app is not there: run npm run package');
  });

  test('without the variable it is built', async () => {
    rmSync(manifest, { force: true });
    const { exitCode, said } = await hook('package.mjs', {});
    expect(said).toContain('Packaged ');
    expect([exitCode, existsSync(manifest)]).toEqual([0, true]);
  }, 60_000);
});

onPosix(
  'a run that fails is a deployment that failed',
  async () => {
    emulator.addFault({ operation: 'issueAccessToken', status: 400, body: { error: { code: 'Odd', message: 'no' } } });
    const { exitCode, said } = await firstRun();
    expect(exitCode).toBe(1);
    expect(said).toMatch(/✗ Issue_a_user_access_token +Failed/);
    expect(said).not.toContain('ALERT_EMAIL');
  },
  60_000,
);

onPosix(
  'a role that is not in force is waited for, then told; no run is made',
  async () => {
    emulator.addFault({
      operation: 'revokeAccessTokens',
      status: 401,
      body: { error: { code: 'Denied', message: 'Denied by the resource provider.' } },
      count: 9,
    });
    const other = await startApp({ AcsIdentity: emulator.connectionString });
    const otherGate = await startKeyGate(other.host.port, KEYS['healthDeep'] ?? '');
    try {
      const { exitCode, said } = await firstRun({ SERVICE_APP_URI: otherGate.url });
      expect(exitCode).toBe(1);
      expect(said).toMatch(/Waited in vain: acs:AcsIdentity: ConnectionDenied: /);
      expect(said).toContain('azd hooks run postdeploy');
      expect(otherGate.seen.filter((path) => path.startsWith('/api/runs'))).toEqual([]);
    } finally {
      otherGate.server.closeAllConnections();
      otherGate.server.close();
      await other.stop();
    }
  },
  60_000,
);

onPosix(
  'who may not list keys is told which role it takes',
  async () => {
    before.push({ status: 403 });
    const { exitCode, said } = await firstRun();
    expect(exitCode).toBe(1);
    expect(said).toContain(
      'You may not list the keys of function healthDeep (403). It takes the role Website Contributor',
    );
  },
  60_000,
);

test('it is left out where it can not get through', async () => {
  const skipped = await firstRun({ SKIP_FIRST_RUN: 'true' });
  expect(skipped).toEqual({ exitCode: 0, said: 'The first run is left out (SKIP_FIRST_RUN=true).\n' });
  expect(asked).toEqual([]);
});

test('without azd it says whose hook it is, and what a bad value should be', async () => {
  const { exitCode, said } = await hook('firstRun.mjs', {});
  expect(exitCode).toBe(1);
  expect(said).toContain('SERVICE_APP_URI is not set: this is a hook of azd');
  const bad = await firstRun({ FIRST_RUN_WAIT_SECONDS: 'soon' });
  expect(bad).toMatchObject({ exitCode: 1, said: expect.stringContaining('whole number of seconds') as string });
});

describe('roles', () => {
  const SCOPE =
    '/subscriptions/s-2/resourceGroups/others/providers/Microsoft.Communication/communicationServices/theirs';
  const [HERE, THERE] = ['0d28774c-53c9-5279-bba3-2c3ea2bc3b25', '317a531c-3005-58b4-a251-dd307f840e9c'];
  const here = { name: HERE, principalId: 'p-1', role: 'r-0', scope: '/subscriptions/s-1/x', isAssigned: true };
  const there = { name: THERE, principalId: 'p-1', role: 'r-1', scope: SCOPE, isAssigned: false };
  const roles = (assignments: object[], variables: Record<string, string> = {}) =>
    hook('roles.mjs', {
      ASSIGNS_ROLES: 'true',
      ROLE_ASSIGNMENTS: JSON.stringify(assignments),
      AZURE_RESOURCE_MANAGER: atResourceManager(),
      ...variables,
    });
  const COMMAND = `az role assignment create --name ${THERE} --assignee-principal-type ServicePrincipal --assignee-object-id p-1 --role r-1 --scope "${SCOPE}"`;

  test('that the templates assigned are not spoken of', async () => {
    expect(await roles([here])).toEqual({ exitCode: 0, said: '' });
    expect(asked).toEqual([]);
  });

  onPosix('on a resource that was there before are assigned, twice as once', async () => {
    before.push({ status: 201, body: {} }, { status: 409, body: { error: { code: 'RoleAssignmentExists' } } });
    for (let i = 0; i < 2; i += 1) {
      expect(await roles([here, there])).toEqual({
        exitCode: 0,
        said: `Assigned: role r-1 on ${SCOPE}\nThe roles of the app are assigned.\n`,
      });
    }
    expect(asked.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
    // the name that the templates give it
    const url = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${THERE}?api-version=2022-04-01`;
    expect(asked.map((request) => request.url)).toEqual([url, url]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      properties: {
        principalId: 'p-1',
        principalType: 'ServicePrincipal',
        roleDefinitionId: '/subscriptions/s-2/providers/Microsoft.Authorization/roleDefinitions/r-1',
      },
    });
  });

  onPosix('that the deployer may not assign are told as commands', async () => {
    before.push({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
    const { exitCode, said } = await roles([here, there]);
    expect(exitCode).toBe(0);
    expect(said).toContain('(Azure answers 403 AuthorizationFailed)');
    expect(said).toContain(COMMAND);
  });

  const assigned = (role: string, scope: string) => ({
    status: 200,
    body: {
      value: [
        { properties: { roleDefinitionId: '/subscriptions/s-2/providers/x/roleDefinitions/other', scope } },
        { properties: { roleDefinitionId: `/subscriptions/s-2/providers/x/roleDefinitions/${role}`, scope } },
      ],
    },
  });

  onPosix('that are left to somebody else are told as commands', async () => {
    const { exitCode, said } = await roles([{ ...here, isAssigned: false }, there], { ASSIGNS_ROLES: 'false' });
    expect(exitCode).toBe(0);
    expect(said).toContain('(ASSIGN_ROLES=false)');
    expect(said).toContain(COMMAND);
    expect(said).toContain(`--name ${HERE} `);
    expect(said).toContain('--role r-0 --scope "/subscriptions/s-1/x"');
    expect(said).toContain('azd deploy');
    // nothing is assigned
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  onPosix('that somebody else has assigned, on the resource or above it, are not told again', async () => {
    before.push(assigned('R-1', '/subscriptions/S-2/resourceGroups/others'), assigned('r-0', '/subscriptions/s-1/x'));
    const open = [there, { ...here, isAssigned: false }];
    expect(await roles(open, { ASSIGNS_ROLES: 'false' })).toEqual({
      exitCode: 0,
      said: 'The roles of the app are assigned.\n',
    });
    expect(asked[0]?.url).toBe(
      `${SCOPE}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId%20eq%20%27p-1%27`,
    );
  });

  onPosix('on another resource, or of another kind, do not count', async () => {
    before.push(assigned('r-1', '/subscriptions/s-2/resourceGroups/other'), assigned('r-2', SCOPE));
    for (let i = 0; i < 2; i += 1) expect((await roles([there], { ASSIGNS_ROLES: 'false' })).said).toContain(COMMAND);
  });

  onPosix('that the deployer may not assign, and somebody else has assigned, are not told', async () => {
    before.push({ status: 403, body: { error: { code: 'AuthorizationFailed' } } }, assigned('r-1', SCOPE));
    expect(await roles([there])).toEqual({ exitCode: 0, said: 'The roles of the app are assigned.\n' });
  });

  onPosix('that can not be read are told as commands, with the reason', async () => {
    before.push({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
    const { exitCode, said } = await roles([there], { ASSIGNS_ROLES: 'false' });
    expect(exitCode).toBe(0);
    expect(said).toContain('could not be checked: Azure answers 403 AuthorizationFailed');
    expect(said).toContain(COMMAND);
  });

  test('without a name are those of older templates', async () => {
    const { exitCode, said } = await roles([{ ...there, name: undefined }]);
    expect(exitCode).toBe(1);
    expect(said).toContain('azd provision sets it');
  });
});

test('no hook writes a key or a token', () => {
  expect(written.length).toBeGreaterThan(1);
  for (const secret of [...Object.values(KEYS), ARM_TOKEN, 'eyJ']) expect(written.join('\n')).not.toContain(secret);
});
