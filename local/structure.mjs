// Prints the figures of the app's structure, and exits with 1 if one is beyond its limit. Import rules are in .dependency-cruiser.mjs.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LAYERS } from '../.dependency-cruiser.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const command = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const { stdout } = await promisify(execFile)(
  process.execPath,
  [
    command,
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    'src',
    'local',
    'cli',
    'bench',
    'test',
    'emulator/src',
    'emulator/test',
    'examples',
  ],
  { cwd: root, maxBuffer: 64 * 1024 * 1024 },
).catch((error) => (error.stdout ? error : Promise.reject(error)));
const { modules, summary } = JSON.parse(stdout);

const importsOf = new Map(
  modules.map(({ source, dependencies }) => [source, dependencies.map(({ resolved }) => resolved)]),
);

/** The files that a file imports, and those that they import, itself included. */
function closureOf(entry) {
  const found = new Set();
  const visit = (file) => {
    if (found.has(file) || !importsOf.has(file) || !file.startsWith('src/')) return;
    found.add(file);
    importsOf.get(file).forEach(visit);
  };
  visit(entry);
  return found;
}

const linesOf = (file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1;
const sources = [...importsOf.keys()].filter((file) => /^(src|local|cli|emulator\/src)\/.*\.(ts|tsx|mjs)$/.test(file));
const { violations } = summary;
const cycles = violations.filter(({ rule }) => rule.name === 'no-circles');
const figures = [
  ['files that functions/issueToken.ts needs', closureOf('src/functions/issueToken.ts').size, 25],
  ['layers', LAYERS.length, 8],
  ['circles', cycles.length, 0],
  ['imports that break a rule', violations.length - cycles.length, 0],
  ['loose files in src', sources.filter((file) => /^src\/[^/]+$/.test(file)).length, 2],
  ['lines of the longest file', Math.max(...sources.map(linesOf)), 250],
];
for (const [name, value, limit] of figures) {
  console.log(`${name}: ${value} (at most ${limit})${value > limit ? '  <-- too many' : ''}`);
  if (value > limit) process.exitCode = 1;
}
for (const { from, to, rule } of violations) console.log(`  ${rule.name}: ${from} -> ${to}`);
if (process.exitCode) {
  const needed = [...closureOf('src/functions/issueToken.ts')];
  if (needed.length > 25) for (const file of needed) console.log(`  functions/issueToken.ts needs ${file}`);
  for (const file of sources.filter((one) => linesOf(one) > 250)) console.log(`  ${file}: ${linesOf(file)} lines`);
}
