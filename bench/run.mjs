// npm run bench [-- NAME ...]: builds everything, then runs each bench/*.bench.ts (or those named, also bench/*.series.ts) in a process of its own,
// one after the other. Figures are worth something as ratios within one run: machines and their load differ.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { build } from '../local/build.mjs';

const benchDirectory = resolve(fileURLToPath(import.meta.url), '..');
const projectRoot = resolve(benchDirectory, '..');
const outputDirectory = join(projectRoot, '.local/bench');

const files = readdirSync(benchDirectory).filter((name) => /\.(bench|series)\.ts$/.test(name));
const nameOf = (file) => file.replace(/\.\w+\.ts$/, '');
const known = files.map(nameOf);
/** Series take long: they run only when they are named. */
const usual = files.filter((file) => file.endsWith('.bench.ts')).map(nameOf);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}'. There are: ${known.join(', ')}.`);
  process.exit(2);
}

await build();
await esbuild.build({
  absWorkingDir: projectRoot,
  entryPoints: files.map((file) => ({ in: `./bench/${file}`, out: nameOf(file) })),
  outdir: outputDirectory,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await esbuild.stop();

console.log(`Node.js ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} CPUs`);
for (const name of wanted.length > 0 ? wanted : usual) {
  console.log(`\n## ${name}`);
  const child = spawn(process.execPath, ['--expose-gc', join(outputDirectory, `${name}.js`)], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  const exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
  if (exitCode !== 0) process.exit(exitCode);
}
