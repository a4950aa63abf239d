// How long the built app takes to load in a fresh process, compared with the same packages imported eagerly and unbundled, as a template app has
// them; with and without the compile cache of Node.js 22.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node22 } from '../test/local/node22';
import { median, printTable, times } from './measure';
import { ROOT } from './projectRoot';

const ROUNDS = 25;
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** What any app for these actions needs. */
const FOUR = ['@azure/functions', '@azure/communication-identity', '@azure/identity', '@azure/data-tables'];

interface Way {
  name: string;
  script: string;
  cacheDirectory?: string;
}

/** A worker's API, with nothing behind it: what is measured is the loading. */
const CORE = `
exports.version = '0';
exports.setProgrammingModel = () => {};
exports.registerFunction = () => ({ dispose() {} });
exports.registerHook = () => ({ dispose() {} });
exports.log = () => {};
`;

function withStandIn(directory: string): string {
  const core = join(directory, 'node_modules/@azure/functions-core');
  mkdirSync(core, { recursive: true });
  writeFileSync(join(core, 'index.js'), CORE);
  return join(directory, 'node_modules');
}

const timed = (body: string) =>
  `const { createRequire } = require('node:module');
   const from = createRequire(${JSON.stringify(join(ROOT, 'package.json'))});
   const startedAt = performance.now();
   ${body}
   const tookMs = performance.now() - startedAt;
   require('node:module').flushCompileCache?.();
   console.log(tookMs);`;
const requiring = (names: string[]) => timed(names.map((name) => `from(${JSON.stringify(name)});`).join('\n'));

/** Milliseconds of `require`, as each way's own process measures them: the ways take turns. */
function measure(node: string, ways: readonly Way[], nodePath: string): number[] {
  const figures = ways.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [i, { script, cacheDirectory }] of ways.entries()) {
      const env = { ...process.env, NODE_PATH: nodePath, NODE_COMPILE_CACHE: cacheDirectory };
      const out = execFileSync(node, ['-e', script], { encoding: 'utf8', env });
      // the first round warms the disk's cache and fills the compile cache
      if (round > 0) figures[i]?.push(Number(out));
    }
  }
  return figures.map(median);
}

function main(): void {
  const directory = mkdtempSync(join(tmpdir(), 'acs-identity-bench-'));
  const nodePath = withStandIn(directory);
  const ways: Way[] = [
    { name: `${FOUR.length} packages, eager, unbundled ("template")`, script: requiring(FOUR) },
    {
      name: `all ${Object.keys(dependencies).length} packages of the app, eager, unbundled`,
      script: requiring(Object.keys(dependencies)),
    },
    { name: 'the built app', script: requiring([join(ROOT, 'dist/main.js')]) },
    {
      name: 'the built app, and the chunks for Entra ID and tables',
      script: requiring(['main', 'entra.chunk', 'tables.chunk'].map((file) => join(ROOT, `dist/${file}.js`))),
    },
    {
      name: 'the built app, and the chunk for tokens of signed-in callers',
      script: requiring(['main', 'jose.chunk'].map((file) => join(ROOT, `dist/${file}.js`))),
    },
  ];
  const nodes: [string, string | undefined][] = [
    [`Node.js ${process.version}`, process.execPath],
    ['Node.js 22', process.versions.node.startsWith('22.') ? undefined : node22()],
  ];
  for (const [title, node] of nodes) {
    if (node === undefined) continue;
    const print = (head: string, them: readonly Way[]) => {
      const figures = measure(node, them, nodePath);
      const [template = NaN] = figures;
      printTable(
        [`${title}, ${head}`, 'median', 'relative to template'],
        them.map(({ name }, i) => [name, `${figures[i]?.toFixed(1)} ms`, times((figures[i] ?? NaN) / template)]),
      );
      console.log();
    };
    print(`median of ${ROUNDS}`, ways);
    const isNew = Number(execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) >= 22;
    if (isNew) {
      print(
        'with compile cache',
        ways.map((way, i) => ({ ...way, cacheDirectory: join(directory, `cache${i}`) })),
      );
    }
  }
  rmSync(directory, { recursive: true });
}

main();
