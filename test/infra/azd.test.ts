// What azd is told: azure.yaml, the folder that it deploys, the hooks that it runs, and the pipeline that runs it.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDocument } from 'yaml';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

interface Hook {
  shell: string;
  run: string;
  interactive?: boolean;
}
interface AzureYaml {
  name: string;
  services: Record<string, { project: string; host: string; language: string; remoteBuild?: boolean }>;
  requiredVersions: Record<string, string>;
  workflows: Record<string, { steps: { azd: string }[] }>;
  pipeline: { variables: string[] };
  hooks: Record<string, { posix: Hook; windows: Hook }>;
}
interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, string | boolean | number>;
}
interface Workflow {
  jobs: Record<
    string,
    {
      needs?: string;
      if?: string;
      permissions?: Record<string, string>;
      env?: Record<string, string>;
      steps: Step[];
    }
  >;
}

function yamlOf<T>(file: string): T {
  const document = parseDocument(text(file), { strict: true, uniqueKeys: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS() as T;
}
const azure = yamlOf<AzureYaml>('azure.yaml');
const parameters = [...text('infra/main.bicepparam').matchAll(/readEnvironmentVariable\('(\w+)'/g)].map(
  ([, name = '']) => name,
);
/** Values that the first run after a deployment reads, and no template. */
const ofFirstRun = ['SKIP_FIRST_RUN', 'FIRST_RUN_WAIT_SECONDS'];

test('azd deploys the staged folder as it is, and builds nothing in Azure', () => {
  expect(azure.services).toEqual({
    // what is in the folder: test/local/package.test.ts
    app: { project: '.local/package/app', host: 'function', language: 'js', remoteBuild: false },
  });
});

test('azd up packages, provisions and deploys one after the other, so that nothing overwrites what the first run prints', () => {
  // Azure/azure-dev#9073: without this, azd draws its table of the deployment over what hooks print
  expect(azure.workflows['up']?.steps).toEqual([
    { azd: 'package --all' },
    { azd: 'provision' },
    { azd: 'deploy --all' },
  ]);
});

test('a version of azd that does not know remoteBuild is refused', () => {
  expect(azure.requiredVersions).toEqual({ azd: '>= 1.23.5' });
});

test('azd pipeline config, which does not read .bicepparam files, finds the values that it would ask for', () => {
  const { parameters: given } = JSON.parse(text('infra/main.parameters.json')) as {
    parameters: Record<string, { value: string }>;
  };
  expect(given).toEqual({
    environmentName: { value: '${AZURE_ENV_NAME}' },
    location: { value: '${AZURE_LOCATION}' },
  });
  const required = [...text('infra/main.bicep').matchAll(/^param (\w+) \w+$/gm)].map(([, name = '']) => name);
  expect(Object.keys(given).toSorted()).toEqual(required.toSorted());
});

test('it finds the app by the name of its service', () => {
  expect(text('infra/functionApp.bicep')).toContain("'azd-service-name': 'app'");
});

test('hooks run what is there, on every system', () => {
  expect(Object.keys(azure.hooks)).toEqual(['prepackage', 'predeploy', 'postprovision', 'postdeploy']);
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  for (const { posix, windows } of Object.values(azure.hooks)) {
    expect([posix.shell, windows.shell]).toEqual(['sh', 'pwsh']);
    expect(windows.run).toBe(posix.run);
    const [, script, file] = /^(?:npm run (\w+)|node (\S+))$/.exec(posix.run) ?? [];
    expect(script === undefined ? existsSync(join(root, file ?? '?')) : scripts[script] !== undefined).toBe(true);
  }
  // azd hides what other hooks print
  expect(azure.hooks['postdeploy']?.posix.interactive).toBe(true);
});

test('what hooks read is what the templates give out', () => {
  const outputs = [...text('infra/main.bicep').matchAll(/^output (\w+) /gm)].map(([, name = '']) => name);
  const read = ['firstRun.mjs', 'roles.mjs', 'azure.mjs'].flatMap((file) =>
    [...text(`infra/hooks/${file}`).matchAll(/\b((?:SERVICE|AZURE|ROLE|ASSIGNS|ALERTS)_\w+)/g)].map(
      ([, name = '']) => name,
    ),
  );
  expect(new Set(read).size).toBeGreaterThan(4);
  expect(read.filter((name) => !outputs.includes(name))).toEqual([]);
});

test('each value that a deployer may set is handed on by azd pipeline config, and by the pipeline to azd', () => {
  const optional = parameters.filter((name) => !['AZURE_ENV_NAME', 'AZURE_LOCATION'].includes(name));
  expect(optional.length).toBeGreaterThan(10);
  for (const name of ofFirstRun) expect(text('infra/hooks/firstRun.mjs')).toContain(`process.env.${name}?`);
  expect(azure.pipeline.variables.toSorted()).toEqual([...optional, ...ofFirstRun].toSorted());
  const { deploy } = yamlOf<Workflow>('.github/workflows/azure-dev.yml').jobs;
  for (const name of [...parameters, ...ofFirstRun]) expect(deploy?.env?.[name]).toBe(`\${{ vars.${name} }}`);
});

test('each value that a deployer may set is in docs/deploy.md', () => {
  const rows = text('docs/deploy.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = rows.map((row) => row.split('|')[1] ?? '');
  expect([...parameters, ...ofFirstRun].filter((name) => !named.some((cell) => cell.includes(`\`${name}\``)))).toEqual(
    [],
  );
});

test('hosts that the exporter of telemetry calls besides the one of its connection string are documented', () => {
  const exporter = join(root, 'node_modules/@azure/monitor-opentelemetry-exporter/dist/commonjs');
  const hosts = ['Declarations/Constants.js', 'export/statsbeat/types.js'].flatMap((file) =>
    [...readFileSync(join(exporter, file), 'utf8').matchAll(/https:\/\/([\w-]+(?:\.[\w-]+)*\.azure\.com)/g)].map(
      ([, host = '']) => host,
    ),
  );
  expect(hosts.length).toBeGreaterThan(2);
  expect([...new Set(hosts)].filter((host) => !text('docs/safety.md').includes(host))).toEqual([]);
});

describe('the pipeline', () => {
  const workflow = yamlOf<Workflow>('.github/workflows/azure-dev.yml');

  test('is one that GitHub takes, as is the one in docs/pipelines.md', async () => {
    const inPage = join(root, '.local/workflowOfPage.yml');
    const [, shown = ''] = /^```yaml\n(name: [\s\S]*?)^```$/m.exec(text('docs/pipelines.md')) ?? [];
    writeFileSync(inPage, shown);
    const check = (...files: string[]) =>
      run(process.execPath, [join(__dirname, 'checkWorkflows.mjs'), ...files], { cwd: root });
    expect(JSON.parse((await check('.github/workflows/azure-dev.yml', inPage)).stdout)).toEqual([]);
    writeFileSync(inPage, shown.replace('runs-on', 'run-on'));
    expect(JSON.parse((await check(inPage)).stdout)).not.toEqual([]);
  });

  test('deploys what was tested, from main alone, and signs in without a secret', () => {
    expect(workflow.jobs['deploy']).toMatchObject({ needs: 'test', permissions: { 'id-token': 'write' } });
    expect(workflow.jobs['deploy']?.if).toContain("github.ref == 'refs/heads/main'");
    expect(text('.github/workflows/azure-dev.yml')).not.toMatch(/secrets\./);
    expect(commandsOf('deploy').map((command) => command.split(' ').slice(0, 2).join(' '))).toEqual([
      'azd auth',
      'azd provision',
      'azd deploy',
    ]);
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    const named = commandsOf('test').map((command) => /^npm (?:run )?(\w+)/.exec(command)?.[1] ?? '?');
    expect(named).toEqual(['ci', 'lint', 'typecheck', 'test', 'start', 'package']);
    expect(named.filter((name) => name !== 'ci' && scripts[name] === undefined)).toEqual([]);
  });

  test('runs no package of others where it may sign in to Azure: that job deploys what the other one built', () => {
    const privileged = Object.entries(workflow.jobs).filter(([, { permissions }]) => permissions?.['id-token']);
    expect(privileged.map(([name]) => name)).toEqual(['deploy']);
    expect(commandsOf('deploy').filter((command) => /\b(npm|npx|yarn|pnpm)\b/.test(command))).toEqual([]);
    // tells the hooks of azd to build and install nothing: infra/hooks/package.mjs and firstRun.mjs
    expect(workflow.jobs['deploy']?.env).toMatchObject({ USE_BUILT_PACKAGE: 'true' });
    const artifact = (job: string, action: string) =>
      workflow.jobs[job]?.steps.find(({ uses }) => uses?.startsWith(`actions/${action}@`))?.with;
    const uploaded = artifact('test', 'upload-artifact');
    const downloaded = artifact('deploy', 'download-artifact');
    // names that begin with a dot count as hidden, and the folder has one
    expect(uploaded).toMatchObject({ 'include-hidden-files': true, 'if-no-files-found': 'error' });
    expect(String(uploaded?.['path']).trim().split('\n')).toEqual([
      '.local/package/app',
      '.local/package/acs-identity.cjs',
    ]);
    expect(downloaded).toEqual({ name: uploaded?.['name'], path: '.local/package' });
    // npm's cache is filled by the other job
    const nodeSteps = workflow.jobs['deploy']?.steps.filter(({ uses }) => uses?.includes('setup-node')) ?? [];
    expect(nodeSteps.map(({ with: options }) => options?.['cache'])).toEqual([undefined]);
  });

  test('runs no install scripts of packages', () => {
    expect(commandsOf('test')).toContain('npm ci --ignore-scripts');
  });

  test.each(['.github/workflows/azure-dev.yml', 'docs/pipelines.md'])(
    'each action of %s is pinned to a commit',
    (file) => {
      const uses = text(file)
        .split('\n')
        .filter((line) => /^\s*(- )?uses:/.test(line));
      expect(uses.length).toBeGreaterThan(2);
      const pinned = /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
      expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
    },
  );

  function commandsOf(job: string): string[] {
    return workflow.jobs[job]?.steps.flatMap(({ run: command }) => command ?? []) ?? [];
  }
});

test('Dependabot proposes updates of packages and actions once a week, in groups', () => {
  interface Update {
    'package-ecosystem': string;
    directory: string;
    schedule: { interval: string };
    groups: Record<string, object>;
  }
  const { version, updates } = yamlOf<{ version: number; updates: Update[] }>('.github/dependabot.yml');
  expect(version).toBe(2);
  expect(updates.map((update) => update['package-ecosystem']).toSorted()).toEqual(['github-actions', 'npm']);
  for (const { directory, schedule, groups } of updates) {
    expect([directory, schedule.interval]).toEqual(['/', 'weekly']);
    expect(Object.keys(groups).length).toBeGreaterThan(0);
  }
});
