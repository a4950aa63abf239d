// What the command says about itself, and what it loads for that.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { acsIdentity, COMMAND } from './command';

const COMMANDS = [
  ['run'],
  ['user', 'create'],
  ['user', 'delete'],
  ['token', 'issue'],
  ['token', 'revoke'],
  ['doctor'],
  ['runs', 'start'],
  ['runs', 'list'],
  ['runs', 'show'],
  ['status'],
  ['notify', 'test'],
  ['sweep'],
  ['people', 'show'],
  ['people', 'delete'],
];
const manifest = JSON.parse(readFileSync(resolve(__dirname, '../../cli/package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const optionsIn = (text: string) => [...text.matchAll(/--[a-z][a-z-]*[a-z]/g)].map(([name]) => name);

test('each command has a help of its own, and the main help names the command', async () => {
  const { exitCode, out } = await acsIdentity(['--help']);
  expect(exitCode).toBe(0);
  const names = [...out.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining([...new Set(COMMANDS.map(([name]) => name))]));
  for (const { exitCode, out } of await Promise.all(COMMANDS.map((args) => acsIdentity([...args, '--help'])))) {
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Usage: acs-identity \w+[\s\S]*--help/);
  }
});

test('the main help gives for each target the commands that accept it, and no others', async () => {
  const [main, ...helps] = await Promise.all([[], ...COMMANDS].map((args) => acsIdentity([...args, '--help'])));
  const targets = [...(main?.out ?? '').matchAll(/^ {2}(--[a-z-]+).* {2}([a-z, ]+)$/gm)];
  expect(targets.map(([, option]) => option)).toEqual(['--connection-string-env', '--endpoint', '--app', '--emulator']);
  for (const [, option = '', names = ''] of targets) {
    const accepting = COMMANDS.filter((_, i) => optionsIn(helps[i]?.out ?? '').includes(option)).map(([name]) => name);
    expect({ option, commands: names.split(', ') }).toEqual({ option, commands: [...new Set(accepting)] });
  }
  const storage = optionsIn(/^sweep and people also .*$/m.exec(main?.out ?? '')?.[0] ?? '');
  expect(storage).toHaveLength(2);
  for (const [i, [name]] of COMMANDS.entries()) {
    const accepted = storage.filter((option) => optionsIn(helps[i]?.out ?? '').includes(option));
    expect({ name, accepted }).toEqual({ name, accepted: name === 'sweep' || name === 'people' ? storage : [] });
  }
});

test('its version is that of its package', async () => {
  expect(await acsIdentity(['--version'])).toEqual({ exitCode: 0, out: `${manifest.version}\n`, err: '' });
});

describe('packages', () => {
  let directory: string;
  let preloaded: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'acs-identity-help-'));
    preloaded = join(directory, 'loaded.cjs');
    writeFileSync(
      preloaded,
      `process.on('exit', () => console.error(JSON.stringify(Object.keys(require.cache).flatMap((file) =>
        /node_modules[\\\\/]((?:@[^\\\\/]+[\\\\/])?[^\\\\/]+)/.exec(file)?.[1].replace('\\\\', '/') ?? []))));`,
    );
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function loadedBy(args: string[]): Promise<Set<string>> {
    const { stderr } = await promisify(execFile)(process.execPath, ['--require', preloaded, COMMAND, ...args]);
    return new Set(JSON.parse(stderr) as string[]);
  }

  test.each([['--version'], ['--help'], ...COMMANDS.map((args) => [...args, '--help'])])(
    'of Azure are not loaded for %s %s %s',
    async (...args) => {
      expect([...(await loadedBy(args))].sort()).toEqual(['commander', 'valibot']);
    },
  );

  test('are loaded when they are needed', async () => {
    expect(await loadedBy(['run', '--emulator'])).toContain('@azure/communication-identity');
  });

  test('are dependencies of its package, each of them and no others', () => {
    const code = readFileSync(COMMAND, 'utf8');
    const imported = [...code.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)].map(([, name = '']) => name);
    expect([...new Set(imported.filter((name) => !name.startsWith('node:')))].sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
    const ofApp = JSON.parse(readFileSync(resolve(__dirname, '../../package.json'), 'utf8')) as typeof manifest;
    const versions = Object.entries(ofApp.dependencies).filter(([name]) => name in manifest.dependencies);
    expect(versions.filter(([name, version]) => manifest.dependencies[name] !== version)).toEqual([]);
  });
});
