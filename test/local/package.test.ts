// What is deployed: made by the command, unzipped where nothing else is, and run there by the local host.
import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { createIdentityEmulator } from '../../emulator/src';
import { environmentWith } from '../cli/command';
import { endLaunched, launch } from './launched';
import { node22 } from './node22';

const root = resolve(__dirname, '../..');
const packageDirectory = join(root, '.local/package');
const run = promisify(execFile);
let zip: Buffer;
let files: Record<string, Uint8Array>;
let emptyDirectory: string;

beforeAll(async () => {
  await run(process.execPath, [join(root, 'local/package.mjs')], { cwd: root });
  zip = readFileSync(join(packageDirectory, 'app.zip'));
  files = unzipSync(zip);
  emptyDirectory = mkdtempSync(join(tmpdir(), 'acs-identity-package-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(emptyDirectory, path)), { recursive: true });
    writeFileSync(join(emptyDirectory, path), content);
  }
});
afterEach(endLaunched);
afterAll(() => rmSync(emptyDirectory, { recursive: true }));

const text = (path: string) => Buffer.from(files[path] ?? []).toString();

test('the package is small, the bundle and its chunks with what the host reads, and the same as the folder', () => {
  expect(zip.length).toBeLessThan(1024 * 1024);
  const chunks = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.js'));
  expect(chunks.length).toBeGreaterThan(3);
  expect(Object.keys(files).sort()).toEqual(
    ['.funcignore', 'host.json', 'package.json', ...chunks.map((name) => `dist/${name}`)].sort(),
  );
  for (const path of Object.keys(files))
    expect(readFileSync(join(packageDirectory, 'app', path), 'utf8')).toBe(text(path));
});

test('the library that checks tokens is in a chunk, which the app does not load when it starts', () => {
  const code = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
  expect(Object.keys(files).filter((path) => text(path).includes(code))).toEqual(['dist/jose.chunk.js']);
});

test('nothing is left to install or to build there', () => {
  const manifest = JSON.parse(text('package.json')) as Record<string, unknown>;
  expect(manifest).toMatchObject({ main: 'dist/main.js' });
  for (const field of ['scripts', 'dependencies', 'devDependencies', 'optionalDependencies']) {
    expect(manifest).not.toHaveProperty(field);
  }
  // azd would build in Azure
  expect(text('.funcignore')).not.toContain('node_modules');
  // npm, which azd runs there, may leave its lock file
  expect(text('.funcignore').split('\n')).toContain('package-lock.json');
});

test('source maps stay apart, and no file names one', () => {
  expect(readdirSync(join(packageDirectory, 'maps')).sort()).toEqual(
    Object.keys(files)
      .filter((path) => path.startsWith('dist/'))
      .map((path) => `${path.slice('dist/'.length)}.map`)
      .sort(),
  );
  expect(Object.keys(files).filter((path) => text(path).includes('sourceMappingURL='))).toEqual([]);
});

test('the command is one file that needs no packages', async () => {
  const alone = mkdtempSync(join(tmpdir(), 'acs-identity-command-'));
  const command = join(alone, 'acs-identity.cjs');
  copyFileSync(join(packageDirectory, 'acs-identity.cjs'), command);
  const { stdout } = await run(process.execPath, [command, 'run', '--emulator'], {
    cwd: alone,
    env: environmentWith({ NODE_PATH: '' }),
  });
  expect(stdout).toMatch(/Delete_a_user +Succeeded/);
  rmSync(alone, { recursive: true });
});

test('the same source makes the same file, and leaves what is there alone but for strangers', async () => {
  const inFolder = (path: string) => join(packageDirectory, 'app', path);
  writeFileSync(inFolder('dist/earlier.chunk.js'), '');
  writeFileSync(inFolder('package-lock.json'), '{}');
  const writtenAt = statSync(inFolder('dist/main.js')).mtimeMs;
  await run(process.execPath, [join(root, 'local/package.mjs')], { cwd: root });
  expect(readFileSync(join(packageDirectory, 'app.zip')).equals(zip)).toBe(true);
  expect(existsSync(inFolder('dist/earlier.chunk.js'))).toBe(false);
  expect(existsSync(inFolder('package-lock.json'))).toBe(true);
  expect(statSync(inFolder('dist/main.js')).mtimeMs).toBe(writtenAt);
  rmSync(inFolder('package-lock.json'));
});

test.each([
  ['--help', 0, 'stdout', /^Usage: npm run package\n/],
  ['--hlep', 2, 'stderr', /^Unknown option '--hlep'[^]*Usage: npm run package\n/],
] as const)('%s packages nothing and prints the usage', async (option, exitCode, stream, usage) => {
  const ended = await run(process.execPath, [join(root, 'local/package.mjs'), option], { cwd: root }).then(
    (output) => ({ ...output, code: 0 }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  expect(ended.code).toBe(exitCode);
  expect(ended[stream]).toMatch(usage);
  expect(ended.stdout).not.toContain('Packaged');
});

test('it runs on Node 22 with no node_modules, and its workflow passes', async () => {
  const node = node22();
  if (node === undefined) {
    console.log('Skipped: Node 22 (the npm package node@22) could not be had.');
    return;
  }
  const emulator = await createIdentityEmulator();
  try {
    const settings = environmentWith({
      FUNCTIONS_WORKER_RUNTIME: 'node',
      WORKFLOW_SCHEDULE: '0 0 0 1 1 *',
      WORKFLOW_TARGET: 'functions',
      AcsIdentity: emulator.connectionString,
      NODE_PATH: '',
    });
    const host = launch(
      [join(root, '.local/build/functionsHost/command.js'), '--app', emptyDirectory, '--port', '0', '--no-watch'],
      { cwd: emptyDirectory, env: settings },
      node,
    );
    const [, port = ''] = await host.until(/http:\/\/localhost:(\d+)\/api\/users/);
    const answer = await fetch(`http://127.0.0.1:${port}/api/runs`, { method: 'POST' });
    const body = (await answer.json()) as { status: string; target: string; cleanup: string };
    expect(body).toMatchObject({ status: 'Succeeded', target: 'functions', cleanup: 'Clean' });
    expect((await fetch(`http://127.0.0.1:${port}/api/dashboard`)).status).toBe(200);
    // credentials are in a chunk of their own
    const health = await fetch(`http://127.0.0.1:${port}/api/runs/statistics`);
    expect(health.status).toBe(200);
    expect(execFileSync(node, ['-v'], { encoding: 'utf8' })).toMatch(/^v22\./);
    expect(readdirSync(emptyDirectory).sort()).toEqual(['.funcignore', 'dist', 'host.json', 'package.json']);
  } finally {
    endLaunched();
    await emulator.close();
  }
}, 180_000);
