// What the import rules (.dependency-cruiser.mjs) can't see: files and their names, access levels, settings and their documents.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { ANSWERED_CODES } from '../src/base/errors';
import { everySetting } from '../local/documents';

const root = resolve(__dirname, '..');
const run = promisify(execFile);

function filesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|js)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

const sources = ['src', 'local', 'cli', 'bench', 'emulator/src'].flatMap(filesUnder);
const text = (file: string) => readFileSync(join(root, file), 'utf8');

test('an import that goes upwards, a circle and a file that is too long are found', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'structure-'));
  try {
    for (const name of [
      'src',
      'local',
      'cli',
      'bench',
      'test',
      'emulator',
      'examples',
      'tsconfig.json',
      'package.json',
      '.dependency-cruiser.mjs',
    ])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
    const add = (file: string, line: string) => writeFileSync(join(copy, file), `${text(file)}${line}\n`);
    add('src/base/log.ts', "export type { Run } from '../runs/run';");
    add('src/base/stop.ts', "export type { Circle } from './dependencyHealth';");
    add('src/base/dependencyHealth.ts', "export type Circle = typeof import('./stop');");
    add('src/runs/runId.ts', '// a line\n'.repeat(260));
    const { code, stdout } = (await run(process.execPath, [join(copy, 'local/structure.mjs')]).catch(
      (error: unknown) => error,
    )) as { code?: number; stdout: string };
    expect(code).toBe(1);
    expect(stdout).toContain('base-imports-nothing-above: src/base/log.ts -> src/runs/run.ts');
    expect(stdout).toMatch(/circles: [1-9]/);
    expect(stdout).toMatch(/src\/runs\/runId\.ts: \d+ lines/);
  } finally {
    rmSync(copy, { recursive: true });
  }
}, 60_000);

test('only the folders that face Azure import Azure packages by value', () => {
  const importing = sources
    .filter((file) => file.startsWith('src/'))
    .flatMap((file) =>
      [...text(file).matchAll(/^(?:import|export) (?!type )[^;]*? from '(@azure\/[^']+)'/gm)]
        .filter(([statement]) => !/^import \{(?: *type \w+,?)+ *\}/.test(statement.replace(/\s+/g, ' ')))
        .map(([, name = '']) => `${file.split('/').slice(0, 2).join('/')} ${name}`),
    );
  expect([...new Set(importing)].sort()).toEqual([
    'src/functions @azure/functions',
    'src/history @azure/data-tables',
    'src/identity @azure/communication-identity',
    'src/identity @azure/identity',
    'src/main.ts @azure/functions',
    'src/telemetry @azure/monitor-opentelemetry-exporter',
  ]);
});

test('no file has a name that says nothing', () => {
  expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc|service)\.[a-z]+$/i.test(file))).toEqual([]);
});

test('every function has a file of its own name, which the entry imports', () => {
  const entry = text('src/main.ts');
  for (const file of filesUnder('src/functions')) {
    const name = file.replace(/^src\/functions\/|\.ts$/g, '');
    expect(text(file)).toMatch(new RegExp(`app\\.(http|timer)\\('${name}', \\{`));
    expect(text(file).match(/\bapp\.(http|timer)\(/g)).toHaveLength(1);
    expect(entry).toContain(`import './functions/${name}';`);
  }
});

test('every HTTP function asks for a key, but for those that may be seen by all', () => {
  const levels = Object.fromEntries(
    filesUnder('src/functions').flatMap((file) => {
      const [, name] = /app\.http\('(\w+)'/.exec(text(file)) ?? [];
      return name === undefined ? [] : [[name, /authLevel: '(\w+)'/.exec(text(file))?.[1]]];
    }),
  );
  const anonymous = Object.keys(levels).filter((name) => levels[name] !== 'function');
  expect(anonymous.filter((name) => name !== 'dashboard')).toEqual([
    'badge',
    // these check a token
    ...['deleteMe', 'getMe'],
    'health',
    'issueMyToken',
    'openapi',
    'revokeMyTokens',
  ]);
  expect(Object.keys(levels)).toEqual(
    expect.arrayContaining([
      'createUser',
      'issueToken',
      'revokeTokens',
      'deleteUser',
      'exchangeTeamsToken',
      'runs',
      'healthDeep',
    ]),
  );
});

test('the timer never fires because the app started', () => {
  expect(text('src/functions/scheduledRun.ts')).toContain('runOnStartup: false');
});

test('process.env is read where settings are read', () => {
  expect(sources.filter((file) => file.startsWith('src/') && text(file).includes('process.env'))).toEqual([
    'src/base/settings.ts',
    'src/base/workflowSettings.ts',
  ]);
});

test('docs/http-api.md explains every code of an error that functions answer with, with its status', () => {
  const documented = text('docs/http-api.md')
    .split('\n')
    .map((line) => /^\| (\d{3}) ((?:`\w+`(?:, )?)+) +\|/.exec(line))
    .flatMap((row) => [...(row?.[2] ?? '').matchAll(/`(\w+)`/g)].map(([, code = '']) => [code, Number(row?.[1])]));
  expect(Object.fromEntries(documented)).toEqual(ANSWERED_CODES);
});

test('every setting that the app reads is in the schema, and the generated parts of the documents are up to date', async () => {
  const files = sources.filter((file) => file.startsWith('src/'));
  const names = [...everySetting().keys()];
  // the timer's binding names its setting by itself
  const named = files.flatMap((file) => [...text(file).matchAll(/%(\w+)%/g)].map(([, name = '']) => name));
  expect(named).toContain('WORKFLOW_SCHEDULE');
  expect(named.filter((name) => !names.includes(name))).toEqual([]);
  const { stdout } = await run(process.execPath, ['.local/build/documents.js', '--check'], { cwd: root }).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
});
