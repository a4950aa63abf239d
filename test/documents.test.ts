// What the documents tell people to copy, follow or click is right.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDocument } from 'yaml';
import { createIdentityEmulator, type IdentityEmulator } from '../emulator/src';
import { startApp, type AppUnderTest } from './app/appUnderTest';
import { acsIdentity } from './cli/command';

const root = resolve(__dirname, '..');
const run = promisify(execFile);
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

const DOCUMENTS = ['.', 'docs', 'emulator', 'emulator/docs', 'cli', 'cli/docs', 'examples/web']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.md'));

/** Code blocks of a language, also indented ones. */
function blocksOf(file: string, language: string): string[] {
  const pattern = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm');
  return [...textOf(file).matchAll(pattern)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  const outsideCode = textOf(file).replace(/^ *```[\s\S]*?^ *```$/gm, '');
  return [...outsideCode.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('the README is at most 150 lines', () => {
  expect(textOf('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test.each(DOCUMENTS)('each link of %s leads somewhere', (document) => {
  const links = [...textOf(document).matchAll(/\]\(<?([^)\s>]+)>?\)/g)].map(([, target = '']) => target);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return !URL.canParse(link);
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? document : relative(root, join(root, dirname(document), path));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('every document of docs is in its index', () => {
  const index = textOf('docs/README.md');
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(pages.filter((name) => !index.includes(`(${name})`))).toEqual([]);
});

test('npm scripts that documents name are there', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const named = DOCUMENTS.flatMap((file) =>
    [...textOf(file).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, name = '']) => name),
  );
  expect(new Set(named).size).toBeGreaterThan(5);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test('commands of acs-identity that documents name are there', async () => {
  const { out } = await acsIdentity(['--help']);
  const named = DOCUMENTS.flatMap((file) =>
    [...textOf(file).matchAll(/(?:`|^\$? ?)(?:npx --no-install )?acs-identity ([a-z]+)/gm)].map(
      ([, name = '']) => name,
    ),
  );
  expect(new Set(named).size).toBeGreaterThanOrEqual(4);
  expect(named.filter((name) => !new RegExp(`^ {2}${name} `, 'm').test(out))).toEqual([]);
});

test('npx never asks the registry for acs-identity, where that name is free', () => {
  for (const file of DOCUMENTS)
    expect([...textOf(file).matchAll(/npx (?!--no-install )[^\n`]*acs-identity(?!-)/g)].map(([text]) => text)).toEqual(
      [],
    );
});

test('JSON and YAML blocks are well-formed', () => {
  for (const file of DOCUMENTS) {
    for (const block of blocksOf(file, 'json')) expect(() => JSON.parse(block) as unknown).not.toThrow();
    for (const block of blocksOf(file, 'yaml')) {
      const { errors, warnings } = parseDocument(block, { strict: true, uniqueKeys: true });
      expect({ file, problems: [...errors, ...warnings] }).toEqual({ file, problems: [] });
    }
  }
});

const hasBash = process.platform === 'linux' && existsSync('/bin/bash') && existsSync('/usr/bin/curl');
if (!hasBash) console.log('Skipped: bash blocks of docs/http-api.md are run on Linux with bash and curl.');

(hasBash ? describe : describe.skip)('the bash blocks about calling functions, one after the other', () => {
  let emulator: IdentityEmulator;
  let app: AppUnderTest;
  beforeAll(async () => {
    emulator = await createIdentityEmulator();
    app = await startApp({ AcsIdentity: emulator.connectionString });
  });
  afterAll(async () => {
    await app.stop();
    await emulator.close();
  });

  test('do what they say: the first creates a user, the second creates one, gets a token, revokes it, and deletes the user', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'documents-'));
    const blocks = blocksOf('docs/http-api.md', 'sh').filter((block) => block.includes('curl'));
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    const script = `set -euo pipefail\n${blocks.join('\n')}`.replaceAll('localhost:7071', `127.0.0.1:${app.host.port}`);
    const { stdout } = await run('/bin/bash', ['-c', script], { cwd: directory });
    rmSync(directory, { recursive: true });
    expect(stdout).toMatch(/^\{"identity":\{"id":"8:acs:[^"]+"\}\}\{"token":"ey[^"]+","expiresOn":"[^"]+"\}$/);
    expect(emulator.requests().map(({ operation, status }) => `${operation ?? ''} ${status}`)).toEqual([
      'createIdentity 201',
      'createIdentity 201',
      'issueAccessToken 200',
      'revokeAccessTokens 204',
      'deleteIdentity 204',
    ]);
  });
});
