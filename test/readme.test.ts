// What the README tells people to copy is right.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { acsIdentity } from './cli/command';

const root = resolve(__dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

interface Step {
  run?: string;
  script?: string;
  uses?: string;
  task?: string;
  if?: string;
  condition?: string;
  with?: Record<string, string>;
  inputs?: Record<string, string>;
}
interface Pipeline {
  steps?: Step[];
  jobs?: Record<string, { steps: Step[] }>;
}

const pipelines = blocks('yaml').map((text) => {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  return { faults: [...document.errors, ...document.warnings], steps: stepsOf(document.toJS() as Pipeline) };
});

function stepsOf({ steps, jobs }: Pipeline): Step[] {
  return steps ?? Object.values(jobs ?? {}).flatMap((job) => job.steps);
}

test('the pipelines are good YAML, one for GitHub Actions and one for Azure Pipelines', () => {
  expect(pipelines.map(({ faults }) => faults)).toEqual([[], []]);
  expect(pipelines[0]?.steps.some(({ uses }) => uses?.startsWith('actions/checkout@'))).toBe(true);
  expect(pipelines[1]?.steps.some(({ task }) => task === 'PublishTestResults@2')).toBe(true);
});

test.each([0, 1])(
  'pipeline %d runs a command that works, and publishes the file that it writes, also after a failure',
  async (i) => {
    const { steps = [] } = pipelines[i] ?? {};
    const line = steps
      .flatMap(({ run, script }) => run ?? script ?? [])
      .find((text) => text.startsWith('npx --no-install acs-identity'));
    const words = (line ?? '').split(' ').slice(3);
    const published = steps
      .filter((step) => step.if === 'always()' || step.condition === 'succeededOrFailed()')
      .map((step) => step.with?.report_paths ?? step.inputs?.testResultsFiles);
    expect(published).toEqual([words.at(-1)]);

    const directory = mkdtempSync(join(tmpdir(), 'acs-identity-pipeline-'));
    const file = join(directory, words.at(-1) ?? '');
    const { exitCode } = await acsIdentity([...words.slice(0, -1), file]);
    expect(exitCode).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('<testsuites tests="4" failures="0" errors="0" skipped="0">');
    rmSync(directory, { recursive: true });
  },
);

test('files and scripts that it names are there', () => {
  const { scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map(([, name = '']) => name);
  expect(new Set(named).size).toBeGreaterThan(5);
  expect(named.filter((name) => scripts?.[name] === undefined)).toEqual([]);
  expect(Object.values(bin ?? {}).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('npx never asks the registry for acs-identity, where that name is free', () => {
  const documents = ['README.md', 'cli/README.md', 'docs/safety.md', 'docs/stand-ins.md', 'ARCHITECTURE.md'];
  for (const file of documents)
    expect([
      ...readFileSync(join(root, file), 'utf8').matchAll(/npx (?!--no-install )[^\n`]*acs-identity(?!-)/g),
    ]).toEqual([]);
});

test('commands of acs-identity that it names are there', async () => {
  const { out } = await acsIdentity(['--help']);
  const named = [...readme.matchAll(/acs-identity (run|runs|user|token|doctor|sweep)\b/g)].map(([, name = '']) => name);
  expect(new Set(named).size).toBe(6);
  expect(named.filter((name) => !new RegExp(`^ {2}${name} `, 'm').test(out))).toEqual([]);
});
