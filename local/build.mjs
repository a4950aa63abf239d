// Builds the app into dist/, the local parts into .local/build/, and the command (cli/build.mjs).
//   node local/build.mjs            once; exit code 1 when the source has errors
//   node local/build.mjs --watch    the app again on every change
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { buildCommand } from '../cli/build.mjs';
import { openapiDocumentIsText } from './openapi.mjs';
import { watchTypes } from './typeWatch.mjs';

export { buildCommand };

const projectRoot = resolve(fileURLToPath(import.meta.url), '../..');
const distDirectory = join(projectRoot, 'dist');

const localEntryPoints = [
  './local/start.ts',
  './local/storageProcess.ts',
  './local/signIn/signInProcess.ts',
  './local/signIn/devToken.ts',
  './local/documents.ts',
  './local/functionsHost/command.ts',
  './local/functionsHost/worker.ts',
];

/** Files named `x.chunk.ts` become files of their own, `dist/x.chunk.js`, which the app loads on first use. */
function chunkEntryPoints() {
  const sources = readdirSync(join(projectRoot, 'src'), { recursive: true, encoding: 'utf8' });
  const chunks = {};
  for (const source of sources.filter((name) => name.endsWith('.chunk.ts'))) {
    const outputName = basename(source, '.ts');
    if (chunks[outputName] !== undefined) throw new Error(`Two chunk files are named ${outputName}.ts in src/.`);
    chunks[outputName] = `./${join('src', source)}`;
  }
  return chunks;
}

/** Leaves every import of a chunk as a require of the file next to main.js (esbuild splits ESM output only). */
const chunksStayApart = {
  name: 'chunksStayApart',
  setup(build) {
    build.onResolve({ filter: /\.chunk(\.[jt]s)?$/ }, ({ kind, path }) =>
      kind === 'entry-point'
        ? undefined
        : { path: `./${basename(path).replace(/\.[jt]s$/, '')}.js`, external: true, sideEffects: false },
    );
  },
};

/** `lucide:NAME` is the SVG body of one icon of the Lucide set, so that only the icons that the page shows are bundled. */
const lucideIcons = {
  name: 'lucideIcons',
  setup(build) {
    const file = join(projectRoot, 'node_modules/@iconify-json/lucide/icons.json');
    let icons;
    build.onResolve({ filter: /^lucide:/ }, ({ path }) => ({
      path: path.slice('lucide:'.length),
      namespace: 'lucide',
    }));
    build.onLoad({ filter: /.*/, namespace: 'lucide' }, ({ path }) => {
      icons ??= JSON.parse(readFileSync(file, 'utf8')).icons;
      const body = icons[path]?.body;
      return body === undefined
        ? { errors: [{ text: `Lucide has no icon '${path}'.` }] }
        : { contents: body, loader: 'text' };
    });
  },
};

/** `dashboard:page` is what `src/dashboard/page` makes: script and style as texts, for a page that loads nothing. */
const dashboardPageIsText = {
  name: 'dashboardPageIsText',
  setup(build) {
    const pageDirectory = join(projectRoot, 'src/dashboard/page');
    build.onResolve({ filter: /^dashboard:page$/ }, ({ path }) => ({ path, namespace: 'dashboard' }));
    build.onLoad({ filter: /.*/, namespace: 'dashboard' }, async () => {
      const options = {
        absWorkingDir: projectRoot,
        bundle: true,
        minify: true,
        legalComments: 'none',
        write: false,
        logLevel: 'silent',
      };
      const [script, style] = await Promise.all([
        esbuild.build({
          ...options,
          entryPoints: [join(pageDirectory, 'main.tsx')],
          format: 'iife',
          platform: 'browser',
          target: 'es2022',
          plugins: [lucideIcons],
        }),
        esbuild.build({ ...options, entryPoints: [join(pageDirectory, 'page.css')] }),
      ]);
      // what would end the element that holds the text, or open a comment there
      const text = ({ outputFiles }) => outputFiles[0].text.trim().replace(/<(\/script|!--)/gi, '\\x3c$1');
      return {
        contents: `export const script = ${JSON.stringify(text(script))}; export const style = ${JSON.stringify(text(style))};`,
        watchFiles: readdirSync(pageDirectory).map((name) => join(pageDirectory, name)),
      };
    });
  },
};

/**
 * Writes the outputs that changed, then removes what earlier builds left: a host that watches dist/ never finds it empty.
 * esbuild itself would remove the outputs of the last good build when a rebuild fails.
 */
const distIsWritten = {
  name: 'distIsWritten',
  setup(build) {
    build.onEnd(({ errors, outputFiles }) => {
      if (errors.length > 0) return;
      mkdirSync(distDirectory, { recursive: true });
      // main.js comes last: whoever loads it then finds its chunks next to it.
      const isMain = ({ path }) => basename(path) === 'main.js';
      for (const { path, contents } of outputFiles.toSorted((a, b) => isMain(a) - isMain(b))) {
        if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents);
      }
      const written = new Set(outputFiles.map(({ path }) => path));
      for (const entry of readdirSync(distDirectory)) {
        const file = join(distDirectory, entry);
        if (!written.has(file)) rmSync(file, { recursive: true, force: true });
      }
    });
  },
};

const sharedOptions = {
  absWorkingDir: projectRoot,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
};

function appOptions(extraPlugins = []) {
  return {
    ...sharedOptions,
    entryPoints: { main: './src/main.ts', ...chunkEntryPoints() },
    outdir: 'dist',
    external: ['@azure/functions-core'],
    // Measured: loads faster than with short names too, and stack traces keep the names.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    // `import('./x.chunk')` becomes a require, which needs no ESM loader.
    supported: { 'dynamic-import': false },
    write: false,
    plugins: [chunksStayApart, dashboardPageIsText, openapiDocumentIsText, distIsWritten, ...extraPlugins],
  };
}

const localOptions = {
  ...sharedOptions,
  entryPoints: localEntryPoints,
  outbase: 'local',
  outdir: '.local/build',
  packages: 'external',
};

/** Builds everything. Rejects when the source has errors, which are on stderr by then. */
export async function build() {
  const results = await Promise.allSettled([esbuild.build(appOptions()), esbuild.build(localOptions), buildCommand()]);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

/**
 * Rebuilds the app on every change, and checks its types, for as long as the process lives. Errors are printed and the watch goes on.
 * A chunk file that is new since the start is not seen.
 * @param {(line: string) => void} log takes one line a rebuild
 */
export async function watchApp(log) {
  let startedAt = 0;
  let isFirstBuild = true;
  let firstBuildEnded;
  const firstBuild = new Promise((done) => (firstBuildEnded = done));
  const reportRebuilds = {
    name: 'reportRebuilds',
    setup(build) {
      build.onStart(() => {
        startedAt = performance.now();
      });
      build.onEnd(({ errors }) => {
        const tookMs = Math.round(performance.now() - startedAt);
        if (errors.length > 0) log(`Not rebuilt: ${errors.length} error(s), see above. The app runs as it was.`);
        else if (!isFirstBuild) log(`Rebuilt dist/ in ${tookMs} ms.`);
        isFirstBuild = false;
        firstBuildEnded();
      });
    },
  };
  const watching = await esbuild.context(appOptions([reportRebuilds]));
  await watching.watch();
  await firstBuild;
  stopTypeWatch = watchTypes(projectRoot, log);
}

let stopTypeWatch;

/** Ends esbuild's own process, and stays until it is gone: exiting before would leave it to the system's init. */
export async function stopBuilding() {
  stopTypeWatch?.();
  await esbuild.stop();
  await sleep(50);
}

async function runFromCommandLine() {
  const { values } = parseArgs({ options: { watch: { type: 'boolean', default: false } } });
  const startedAt = performance.now();
  await build();
  const sizeKib = Math.round(statSync(join(distDirectory, 'main.js')).size / 1024);
  const dist = relative(process.cwd(), distDirectory) || '.';
  console.log(`Built ${dist} (main.js ${sizeKib} KiB) in ${Math.round(performance.now() - startedAt)} ms.`);
  if (values.watch) {
    await watchApp((line) => console.log(line));
    console.log('Watching src/. Press Ctrl+C to stop.');
  } else {
    await stopBuilding();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    await runFromCommandLine();
  } catch (error) {
    // esbuild has printed the errors of the source already.
    if (!error.errors) console.error(error.message);
    await stopBuilding();
    process.exitCode = 1;
  }
}
