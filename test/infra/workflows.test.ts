// What holds for every workflow of GitHub Actions here. azd.test.ts has what is about deploying.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const root = resolve(__dirname, '../..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

interface Job {
  permissions?: Record<string, string>;
  strategy?: { matrix: { node?: number[]; include?: { os: string; node: number }[] } };
  steps: { run?: string; uses?: string; env?: Record<string, string> }[];
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}
const files = readdirSync(join(root, '.github/workflows')).map((name) => `.github/workflows/${name}`);
const workflows = files.map((file) => ({ file, ...(parse(text(file)) as Workflow) }));
const workflow = (name: string) => workflows.find(({ file }) => file.endsWith(`/${name}`)) as Workflow;
const commandsOf = (job: Job | undefined) =>
  job?.steps.flatMap(({ run = '' }) => run.split('\n').filter((line) => line !== '')) ?? [];
const manifest = JSON.parse(text('package.json')) as {
  scripts: Record<string, string>;
  workspaces: string[];
  engines: { node: string };
};

test('GitHub takes each', async () => {
  const checker = join(__dirname, 'checkWorkflows.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [checker, ...files], { cwd: root });
  expect(files.length).toBeGreaterThan(2);
  expect(JSON.parse(stdout)).toEqual([]);
});

test('each uses actions of a fixed commit only, and may only read unless a job needs more', () => {
  for (const { file, permissions } of workflows) {
    const uses = text(file)
      .split('\n')
      .filter((line) => line.includes('uses:'));
    expect(uses.filter((line) => !/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    expect({ file, permissions }).toEqual({ file, permissions: { contents: 'read' } });
  }
  const privileged = workflows.flatMap(({ jobs }) =>
    Object.entries(jobs).flatMap(([name, job]) => (job.permissions?.['id-token'] === 'write' ? [name] : [])),
  );
  expect(privileged.sort()).toEqual(['deploy', 'publish']);
});

test('the scripts and tests that they run are there', () => {
  const commands = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap(commandsOf));
  const scripts = commands.flatMap((command) => /^npm (?:run (\w+)|(test|start)\b)/.exec(command)?.slice(1) ?? []);
  const named = scripts.filter((name) => name !== undefined);
  expect(new Set(named).size).toBeGreaterThan(4);
  expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  const tests = commands.flatMap((command) => command.match(/\btest\/\S+/g) ?? []).map((name) => name.split('.')[0]);
  expect(tests.length).toBeGreaterThan(2);
  expect(tests.filter((name) => !existsSync(join(root, `${name}.test.ts`)))).toEqual([]);
});

test('CI tests the lowest version of Node.js that is supported, the one of the deployed app, and every system', () => {
  const { test: tested, packages } = workflow('ci.yml').jobs;
  const runs = tested?.strategy?.matrix.include ?? [];
  const nodes = [...new Set(runs.map(({ node }) => node))];
  expect(`>=${Math.min(...nodes)}`).toBe(manifest.engines.node);
  expect(nodes).toContain(Number(text('.nvmrc')));
  expect(new Set(runs.map(({ os }) => os))).toEqual(new Set(['ubuntu-latest', 'windows-latest', 'macos-latest']));
  expect(packages?.strategy?.matrix.node).toEqual(nodes);
});

test('a release publishes every workspace with provenance, and runs no package where it may publish', () => {
  const { pack, publish } = workflow('release.yml').jobs;
  const packing = commandsOf(pack).find((command) => command.includes('npm pack')) ?? '';
  const packed = [...packing.matchAll(/--workspace (\S+)/g)].map(([, name]) => name);
  expect(packed).toEqual(['emulator', 'cli']);
  expect(manifest.workspaces.filter((name) => !packed.includes(name))).toEqual([]);
  expect(commandsOf(publish).filter((command) => /npm publish .* --provenance/.test(command))).toHaveLength(1);
  expect(commandsOf(publish)).toHaveLength(1);
  expect(text('.github/workflows/release.yml').match(/secrets\.\w+/g)).toEqual(['secrets.NPM_TOKEN']);
});
