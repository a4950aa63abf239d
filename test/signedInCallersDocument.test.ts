// What docs/signed-in-callers.md shows works, and what its table counts is what happens.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { HOME_TENANT, issuerOf, API_CLIENT_ID } from '../local/signIn/samples';
import { startSignIn, type RunningSignIn } from '../local/signIn/signInService';
import type { AppUnderTest } from './app/appUnderTest';
import { startSurroundings, type Surroundings } from './app/appWithProxies';

const root = resolve(__dirname, '..');
const text = readFileSync(join(root, 'docs/signed-in-callers.md'), 'utf8');
const blocksOf = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code);

test('the code for the browser has no error of types, with the versions of the libraries that are installed here', () => {
  const [code = ''] = blocksOf('ts');
  // the place decides where the libraries are found
  const file = join(root, 'docs/signed-in-callers.ts');
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] },
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const problemsOf = (source: string) => {
    const host = ts.createCompilerHost(options);
    const [getSourceFile, fileExists, readFile] = [
      host.getSourceFile.bind(host),
      host.fileExists.bind(host),
      host.readFile.bind(host),
    ];
    host.fileExists = (name) => name === file || fileExists(name);
    host.readFile = (name) => (name === file ? source : readFile(name));
    host.getSourceFile = (name, ...more) =>
      name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile(name, ...more);
    return ts
      .getPreEmitDiagnostics(ts.createProgram([file], options, host))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  };
  expect(problemsOf(code)).toEqual([]);
  expect(problemsOf(code.replace('return token;', 'return 5;'))).toHaveLength(1);
}, 60_000);

describe('on the built app', () => {
  let around: Surroundings;
  let signIn: RunningSignIn;
  let app: AppUnderTest;
  let settings: Record<string, string>;
  beforeAll(async () => {
    [around, signIn] = await Promise.all([
      startSurroundings(),
      startSignIn({ port: 0, origins: ['http://localhost:8088'] }),
    ]);
    settings = {
      ENTRA_ISSUERS: issuerOf(HOME_TENANT, signIn.port),
      ENTRA_AUDIENCE: API_CLIENT_ID,
      MY_TOKEN_SCOPES: 'chat,voip',
    };
    app = await around.open(settings);
  });
  afterAll(async () => {
    await app.stop();
    await Promise.all([around.close(), signIn.stop()]);
  });

  const hasBash = process.platform === 'linux' && existsSync('/bin/bash') && existsSync('/usr/bin/curl');
  if (!hasBash) console.log('Skipped: the bash blocks are run on Linux with bash and curl.');
  (hasBash ? test : test.skip)(
    'the commands show the same ACS user twice, revoke, delete, and refuse the user of another organization',
    async () => {
      around.emulator.clearRequests();
      const blocks = blocksOf('sh').filter((block) => block.includes('curl'));
      expect(blocks).toHaveLength(3);
      const script = `set -euo pipefail\n${blocks.join('\n')}`
        .replaceAll('localhost:7071', `127.0.0.1:${app.host.port}`)
        .replaceAll('dev-token -- ', `dev-token -- --port ${signIn.port} `);
      const { stdout } = await promisify(execFile)('/bin/bash', ['-c', script], { cwd: root });
      const [first, me, refused] = JSON.parse(`[${stdout.replaceAll('}{', '},{')}]`) as [
        { identity: { id: string }; token: string },
        { devices: { device: string; identity: string }[] },
        { error: { code: string; message: string } },
      ];
      expect(first.token).toMatch(/^ey/);
      expect(me.devices).toMatchObject([{ device: 'default', identity: first.identity.id }]);
      expect(refused.error.code).toBe('InvalidToken');
      expect(refused.error.message).toContain('issuer');
      expect(around.emulator.requests().map(({ operation }) => operation)).toEqual([
        'createIdentity',
        'issueAccessToken',
        'revokeAccessTokens',
        'deleteIdentity',
      ]);
    },
    60_000,
  );

  test('each call costs as many calls to storage and ACS as the table says', async () => {
    const [, table = ''] = /<!-- calls -->\n([\s\S]*?)<!-- end -->/.exec(text) ?? [];
    const said = table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').map((cell) => cell.trim()))
      .map(([, call, storage, partition, acs]) => [call, Number(storage), Number(partition), acs]);

    const token = async (as: string) => {
      const answer = await fetch(`http://127.0.0.1:${signIn.port}/dev-token?as=${as}`, { method: 'POST' });
      return answer.text();
    };
    const grace = { authorization: `Bearer ${await token('grace')}` };
    const OPERATIONS: Record<string, string> = {
      createIdentity: '1 user created',
      issueAccessToken: '1 token',
      revokeAccessTokens: '1 revocation',
      deleteIdentity: '1 user deleted',
    };
    const measured: unknown[] = [];
    const measure = async (method: string, path: string) => {
      around.emulator.clearRequests();
      around.tables.asked.length = 0;
      expect((await app.call(method, path, undefined, grace)).status).toBeLessThan(300);
      // what is still on its way after the answer
      await new Promise((done) => setTimeout(done, 300));
      const asked = around.tables.asked.filter((one) => JSON.stringify(one).includes('AcsIdentityDirectory'));
      const others = asked.filter((one) => JSON.stringify(one).includes('pending'));
      const acs = around.emulator.requests().map(({ operation }) => OPERATIONS[operation ?? ''] ?? operation);
      measured.push([asked.length, asked.length - others.length, acs.join(', ') || '0']);
    };
    // the table itself, the first time
    await app.call('POST', 'me/token', { device: 'other' }, { authorization: `Bearer ${await token('ada')}` });
    await measure('POST', 'me/token');
    await measure('POST', 'me/token');
    await app.stop();
    app = await around.open(settings);
    await measure('POST', 'me/token');
    await measure('GET', 'me');
    await measure('DELETE', 'me/tokens');
    await measure('DELETE', 'me');
    expect(said.map(([, ...numbers]) => numbers)).toEqual(measured);
  }, 60_000);
});
