// The package acs-identity-cli as npm installs it: packed, and installed in an empty folder with its dependencies from the registry.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createIdentityEmulator } from '../../emulator/src';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { installFromRegistry, npm } from '../npmInstall';
import { environmentWith } from './command';

const directory = mkdtempSync(join(tmpdir(), 'acs-identity-packed-'));
const installed = join(directory, 'installed');
const whyNot = install();
const ifInstalled = whyNot === undefined ? test : test.skip;
if (whyNot !== undefined) console.log(`Skipped: the registry can't be reached. ${whyNot}`);

afterAll(() => rmSync(directory, { recursive: true }));

/** Packs and installs. @returns why there is no registry, if that is so. @throws for any other failure */
function install(): string | undefined {
  const cli = resolve(__dirname, '../../cli');
  npm(['pack', '--silent', '--pack-destination', directory], cli);
  mkdirSync(installed);
  return installFromRegistry([`../${packedFile()}`], installed);
}

function packedFile(): string {
  return readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '';
}

/** Runs the bin as npm links it. */
async function acsIdentity(args: string[], variables: Record<string, string> = {}) {
  const bin = join(installed, 'node_modules/acs-identity-cli/acs-identity.mjs');
  const options = { cwd: installed, env: environmentWith({ ...variables, NODE_PATH: '' }) };
  return promisify(execFile)(process.execPath, [bin, ...args], options).then(
    ({ stdout, stderr }) => ({ exitCode: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      exitCode: code,
      out: stdout,
      err: stderr,
    }),
  );
}

ifInstalled('it holds the bin, one built file and what npm adds, and is small', () => {
  const root = join(installed, 'node_modules/acs-identity-cli');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  expect(files.sort()).toEqual(
    ['LICENSE', 'README.md', 'acs-identity.mjs', 'dist', 'dist/acs-identity.cjs', 'package.json'].sort(),
  );
  expect(statSync(join(directory, packedFile())).size).toBeLessThan(150 * 1024);
  expect(readdirSync(join(installed, 'node_modules/.bin'))).toContain('acs-identity');
});

ifInstalled('it tells its version', async () => {
  const { version } = JSON.parse(readFileSync(resolve(__dirname, '../../cli/package.json'), 'utf8')) as {
    version: string;
  };
  expect(await acsIdentity(['--version'])).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
});

ifInstalled('it runs the workflow on an emulator of its own, and reports it as JUnit', async () => {
  const { exitCode, out, err } = await acsIdentity(['run', '--emulator', '--output', 'junit']);
  expect(err).toMatch(/✓ Delete_a_user +Succeeded/);
  expect(exitCode).toBe(0);
  expect(out).toContain(`<testsuites tests="${identityLifecycle.steps.length}" failures="0" errors="0" skipped="0">`);
});

ifInstalled('it examines a connection', async () => {
  const emulator = await createIdentityEmulator();
  try {
    const variables = { ACS_TEST: emulator.connectionString };
    const { exitCode, out } = await acsIdentity(['doctor', '--connection-string-env', 'ACS_TEST'], variables);
    expect(out).toContain('The connection works.');
    expect(exitCode).toBe(0);
  } finally {
    await emulator.close();
  }
});

ifInstalled('it has the packages for storage and Entra ID', async () => {
  // nothing listens on port 1
  const table = `TableEndpoint=http://127.0.0.1:1/devstoreaccount1;`;
  const STORAGE = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${'A'.repeat(86)}==;${table}`;
  const sweep = ['sweep', '--dry-run', '--storage-connection-string-env', 'STORAGE'];
  expect(await acsIdentity(sweep, { STORAGE })).toMatchObject({
    exitCode: 1,
    err: expect.stringMatching(/^StorageUnavailable: /) as string,
  });
  const load = `require('@azure/identity').DefaultAzureCredential.name`;
  const options = { cwd: join(installed, 'node_modules/acs-identity-cli') };
  expect((await promisify(execFile)(process.execPath, ['-p', load], options)).stdout).toBe('DefaultAzureCredential\n');
});
