// The pipelines of docs/pipelines.md work.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { identityLifecycle } from '../src/workflow/identityLifecycle';
import { acsIdentity } from './cli/command';

const root = resolve(__dirname, '..');
const page = readFileSync(join(root, 'docs/pipelines.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

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
    const tests = identityLifecycle.steps.length;
    expect(readFileSync(file, 'utf8')).toContain(`<testsuites tests="${tests}" failures="0" errors="0" skipped="0">`);
    rmSync(directory, { recursive: true });
  },
);
