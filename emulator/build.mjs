// Builds dist/, which a package consists of: our sources in two bundles, while packages stay in node_modules.
//   node build.mjs            index.js and command.js
//   node build.mjs --types    the declarations too (npm pack)
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = resolve(fileURLToPath(import.meta.url), '..');
const dist = join(here, 'dist');

/** A file is replaced as a whole: whoever starts the command meanwhile loads the old one or the new one. */
export async function build() {
  const esbuild = await import('esbuild').catch((error) => {
    throw new Error('The packages of the repository are not installed: run "npm ci" in it.', { cause: error });
  });
  const { outputFiles } = await esbuild.build({
    absWorkingDir: here,
    entryPoints: ['src/index.ts', 'src/command.ts'],
    outdir: 'dist',
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    write: false,
  });
  mkdirSync(dist, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  }
  await esbuild.stop();
}

/** Builds if there is no build, or if a source was changed, added or removed since. */
export async function buildIfOutdated() {
  const changed = ['src', ...readdirSync(join(here, 'src'), { recursive: true }).map((name) => join('src', name))].map(
    (name) => statSync(join(here, name)).mtimeMs,
  );
  const built = ['index.js', 'command.js'].map(
    (name) => statSync(join(dist, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  if (Math.min(...built) < Math.max(...changed)) await build();
}

function buildTypes() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.types.json')], { stdio: 'inherit' });
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  await build();
  if (process.argv.includes('--types')) buildTypes();
}
