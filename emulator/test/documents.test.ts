// What the documents tell people to copy is right.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { commandUsage } from '../src/commandOptions';
import { trustInstructions } from '../src/server/certificateTrust';
import { LOCAL_CALLS } from '../src/server/localCalls';

const root = resolve(__dirname, '..');
const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('their links lead somewhere', () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => join(root, file, '..', target))
      .filter((target) => !existsSync(target)),
  );
  expect(broken).toEqual([]);
});

test('the options are those of the command', () => {
  const optionsIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);
  const offered = optionsIn(commandUsage, /^ {2}--([a-z-]+)/gm).filter((name) => name !== 'help');
  const [ofCommand = ''] = read('docs/options.md').split('## Factory options');

  expect(optionsIn(ofCommand, /^\| `--([a-z-]+)/gm)).toEqual(offered);
  for (const file of documents) {
    const named = optionsIn(read(file), /acs-identity-emulator.* --([a-z-]+)/g);
    expect(offered).toEqual(expect.arrayContaining(named));
  }
});

test('the emulator endpoints are those that it has', () => {
  const [, endpoints = ''] = read('docs/options.md').split('## Emulator endpoints');
  const documented = [...endpoints.matchAll(/^\| ([A-Z]+) `(\/[^`]+)`/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );

  expect(documented).toEqual(LOCAL_CALLS);
});

test.each(['README.md', 'docs/clients.md'])('%s has what the log says about the certificate', (file) => {
  const parts = trustInstructions('.local/certificates/certificate.pem').flatMap((line) =>
    line.replace(/ {2}\(.*\)$/, '').split(', then '),
  );
  expect(parts).toHaveLength(6);
  expect(parts.filter((part) => !read(file).includes(part))).toEqual([]);
});

test('the YAML is good', () => {
  const blocks = [...read('docs/containers.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
  expect(blocks).toHaveLength(3);
  for (const [, text = ''] of blocks) expect(parseDocument(text, { strict: true }).errors).toEqual([]);
});
