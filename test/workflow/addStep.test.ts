// The recipe "Add a step" of docs/workflow.md works as it is written there: its text is applied to a copy of the project.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createIdentityEmulator } from '../../emulator/src';
import type { Run } from '../../src/runs/run';
import { startApp } from '../app/appUnderTest';
import { FOUR_NAMES } from '../fourSteps';

const root = resolve(__dirname, '../..');
const execute = promisify(execFile);

/** What the recipe says, without the indentation of its list. */
function readRecipe() {
  const document = readFileSync(join(root, 'docs/workflow.md'), 'utf8');
  const section = /^## Add a step\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(document)?.[1] ?? '';
  const files = [...section.matchAll(/^\d\. .*?`(src\/[^`]+\.ts)`/gm)].map(([, file = '']) => file);
  const blocks = [...section.matchAll(/^ {3}```ts\n([\s\S]*?)^ {3}```$/gm)].map(([, code = '']) =>
    code.replace(/^ {3}/gm, ''),
  );
  expect([files.length, blocks.length]).toEqual([2, 3]);
  const [newFile = '', listFile = ''] = files;
  const [code = '', importLine = '', listLine = ''] = blocks;
  return { newFile, code, listFile, importLine, listLine: listLine.trim() };
}

let copy: string;
const inCopy = (file: string, ...args: string[]) => execute(process.execPath, [file, ...args], { cwd: copy });

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'add-step-'));
  for (const name of ['src', 'local', 'cli', 'emulator/src', 'package.json', 'tsconfig.json', 'host.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
});
afterAll(() => rmSync(copy, { recursive: true }));

test('a step that is added as the document says is checked, built and run, and leaves no user', async () => {
  const { newFile, code, listFile, importLine, listLine } = readRecipe();
  writeFileSync(join(copy, newFile), code);
  // begins with the four steps, also in a project whose developers have added some
  const list = readFileSync(join(copy, listFile), 'utf8').replace(
    /^import \{ (\w+) \} from '\.\/steps\/.*\n/gm,
    (line, step: string) => (line !== importLine && listLine.includes(step) ? line : ''),
  );
  const listed = /steps: \[[^\]]*\],/;
  expect(list).toMatch(listed);
  writeFileSync(join(copy, listFile), importLine + list.replace(listed, () => listLine));

  // the compiler prints errors to stdout, which is in the rejection
  await inCopy('node_modules/typescript/bin/tsc', '-p', 'src').catch(({ stdout }: { stdout: string }) => {
    throw new Error(stdout);
  });
  await inCopy('local/build.mjs');

  const emulator = await createIdentityEmulator();
  const app = await startApp({ AcsIdentity: emulator.connectionString, WORKFLOW_TARGET: 'functions' }, copy);
  try {
    const run = (await app.call('POST', 'runs')).body as unknown as Run;
    const added = /name: '(\w+)'/.exec(code)?.[1] ?? '';
    expect(run.actions.map(({ name }) => name).sort()).toEqual([...FOUR_NAMES, added].sort());
    expect(run.actions.map(({ status }) => status)).toEqual(Array(5).fill('Succeeded'));
    expect(run).toMatchObject({ status: 'Succeeded', cleanup: 'Clean', target: 'functions' });
    expect(emulator.users()).toEqual([]);
  } finally {
    await app.stop();
    await emulator.close();
  }
}, 60_000);
