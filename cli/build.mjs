// Builds the command into one file, dist/acs-identity.cjs, which leaves packages of others in node_modules.
//   node cli/build.mjs    npm runs it before it packs
import { Buffer } from 'node:buffer';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const projectRoot = resolve(fileURLToPath(import.meta.url), '../..');
const output = join(projectRoot, 'cli/dist/acs-identity.cjs');
/** What the file was made from, one path a line. npm does not pack it. */
const inputList = join(projectRoot, 'cli/dist/inputs.txt');

/** Options of esbuild that every form of the command has in common. Packages are in the bundle unless `packages` says otherwise. */
export const commandOptions = {
  absWorkingDir: projectRoot,
  entryPoints: ['./cli/command.ts'],
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Builds it. Rejects when the source has errors, which are on stderr by then. */
export async function buildCommand() {
  const startedAt = new Date();
  const { build } = await import('esbuild');
  const { metafile, outputFiles } = await build({
    ...commandOptions,
    outfile: output,
    packages: 'external',
    metafile: true,
    write: false,
  });
  const inputs = [...Object.keys(metafile.inputs), 'cli/build.mjs', 'package-lock.json'];
  mkdirSync(dirname(output), { recursive: true });
  replace(inputList, `${inputs.join('\n')}\n`);
  // with the time of the start: a source that was saved during the build is newer
  replace(output, outputFiles[0].contents, startedAt);
}

/** Another process may load the file, or make it too: it is never there in part, and stays when it has the content already. */
function replace(file, content, modifiedAt) {
  const part = `${file}.${process.pid}`;
  try {
    if (!existsSync(file) || !readFileSync(file).equals(Buffer.from(content))) {
      writeFileSync(part, content);
      renameSync(part, file);
    }
    if (modifiedAt) utimesSync(file, modifiedAt, modifiedAt);
  } finally {
    rmSync(part, { force: true });
  }
}

/** Is the file there, and no source newer than it? */
export function isBuilt() {
  try {
    const builtAt = statSync(output).mtimeMs;
    const inputs = readFileSync(inputList, 'utf8').trim().split('\n');
    return inputs.every((input) => statSync(join(projectRoot, input)).mtimeMs <= builtAt);
  } catch {
    return false;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // esbuild has printed the errors of the source
  await buildCommand().catch((error) => {
    if (!error.errors) console.error(error.message);
    process.exitCode = 1;
  });
}
