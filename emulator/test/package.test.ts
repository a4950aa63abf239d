// What npm publishes: packed, installed in an empty folder, and used there. Skipped when the registry can't be reached.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = resolve(__dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'emulator-package-'));
const inDirectory = (...parts: string[]) => join(directory, ...parts);
const npm = (args: string[], cwd: string) =>
  spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });

const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

/** Why the package can't be installed here; undefined when it is. */
function install(): string | undefined {
  const packed = npm(['pack', '--silent', '--pack-destination', directory], resolve(__dirname, '..'));
  const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (packed.status !== 0 || tarball === undefined)
    throw new Error(`npm pack failed:\n${packed.stdout}${packed.stderr}`);
  writeFileSync(inDirectory('package.json'), '{"private":true}');
  const installed = npm(
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
      '--fetch-timeout=5000',
      `./${tarball}`,
    ],
    directory,
  );
  if (installed.status === 0) return undefined;
  const [code] = UNREACHABLE.exec(installed.stderr) ?? [];
  if (code === undefined) throw new Error(`npm install failed:\n${installed.stderr}`);
  return code;
}

const unreachable = install();
if (unreachable !== undefined) console.log(`skipped: the registry can't be reached (${unreachable})`);
const withPackage = unreachable === undefined ? describe : describe.skip;

afterAll(() => rmSync(directory, { recursive: true }));

withPackage('the package in an empty folder', () => {
  beforeAll(() => {
    // the repository's, since they are no part of the package
    for (const name of ['@azure/communication-identity', 'typescript']) {
      mkdirSync(inDirectory('node_modules', name, '..'), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), inDirectory('node_modules', name), 'junction');
    }
  });

  test('holds the build, its declarations and documents, and no sources or tests', () => {
    const root = inDirectory('node_modules/acs-identity-emulator');
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(root.length + 1)
          .replaceAll('\\', '/'),
      );

    expect(files.filter((name) => !name.startsWith('docs/')).sort()).toEqual(
      [
        ...['Dockerfile', 'LICENSE', 'README.md', 'package.json', 'bin/acs-identity-emulator.mjs'],
        ...['dist/index.js', 'dist/command.js', 'dist/index.d.ts', 'dist/api.d.ts', 'dist/identityEmulator.d.ts'],
        'dist/operationNames.d.ts',
      ].sort(),
    );
  });

  test('its command serves within the time of a start, and stops', async () => {
    const startedAt = performance.now();
    const bin = inDirectory('node_modules/.bin/acs-identity-emulator');
    const child = spawn(bin, ['--port', '0', '--https-port', '0', '--print', 'json'], {
      cwd: directory,
      shell: process.platform === 'win32',
    });
    const line = await new Promise<string>((done) =>
      child.stdout.once('data', (data: Buffer) => done(data.toString())),
    );
    const tookMs = performance.now() - startedAt;
    const { jwksUrl } = JSON.parse(line) as { jwksUrl: string };
    const { status } = await fetch(jwksUrl);
    const ended = new Promise((done) => child.once('close', done));
    child.kill('SIGTERM');

    expect(status).toBe(200);
    expect(await ended).toBe(0);
    console.log(`the packaged command served after ${Math.round(tookMs)} ms`);
  });

  const USE = `
const emulator = await createIdentityEmulator();
const client = new CommunicationIdentityClient(emulator.connectionString, { allowInsecureConnection: true });
const { communicationUserId } = await client.createUser();
const { token } = await client.getToken({ communicationUserId }, ['chat']);
console.log(emulator.users().length, communicationUserId.startsWith('8:acs:'), token.split('.').length);
await emulator.close();
`;
  const asModule = (text: string) => `
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { createIdentityEmulator } from 'acs-identity-emulator';
${text}`;
  const asCommonJs = (text: string) => `
const { CommunicationIdentityClient } = require('@azure/communication-identity');
const { createIdentityEmulator } = require('acs-identity-emulator');
void (async () => {${text}})();`;

  test.each([
    ['import', 'use.mjs', asModule],
    ['require', 'use.cjs', asCommonJs],
  ])('its factory serves the SDK, by %s', async (_, file, wrap) => {
    writeFileSync(inDirectory(file), wrap(USE));
    const environment = { ...process.env, NO_PROXY: '127.0.0.1' };

    expect((await run(process.execPath, [file], { cwd: directory, env: environment })).stdout).toBe('1 true 3\n');
  });

  const TYPED = `
import {
  createIdentityEmulator, DEFAULT_PORT,
  type Fault, type IdentityEmulator, type IdentityEmulatorOptions, type OperationName, type TeamsTokenClaims,
} from 'acs-identity-emulator';
const options: IdentityEmulatorOptions = { port: DEFAULT_PORT, corsOrigins: ['http://localhost:3000'] };
const fault: Fault = { operation: 'createIdentity' satisfies OperationName, status: 429 };
const claims: TeamsTokenClaims = { appId: '', userId: '' };
export async function use(): Promise<string> {
  const emulator: IdentityEmulator = await createIdentityEmulator(options);
  emulator.addFault(fault);
  // @ts-expect-error a port is a number
  await createIdentityEmulator({ port: '8090' });
  return emulator.createTeamsToken(claims);
}
`;
  test('its types are right under nodenext, for both kinds of module, without the types of Node.js', async () => {
    writeFileSync(inDirectory('typed.mts'), TYPED);
    writeFileSync(inDirectory('typed.cts'), TYPED);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext'];
    const { stdout } = await run(
      process.execPath,
      [inDirectory('node_modules/typescript/bin/tsc'), ...options, 'typed.mts', 'typed.cts'],
      { cwd: directory },
    ).catch((error: { stdout: string }) => error);

    expect(stdout).toBe('');
  });
});
