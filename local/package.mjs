// npm run package: makes what is deployed, from the built dist/ (the bootstrap builds it first).
//   .local/package/app/       bundle and chunks, host.json, package.json, .funcignore; nothing to install, nothing to build
//   .local/package/app.zip    the same as a file, for az functionapp deployment source config-zip and the like
//   .local/package/acs-identity.cjs   the command with all that it needs in one file, for a pipeline's job that installs nothing
//   .local/package/maps/      source maps, which stay here: node --enable-source-maps finds the source lines of a stack trace with them
import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { zipSync } from 'fflate';
import { commandOptions } from '../cli/build.mjs';

const usage = `Usage: npm run package

Makes what is deployed, in .local/package/: the folder app/, the same as app.zip, and the command as acs-identity.cjs. It has no options.`;

const projectRoot = resolve(fileURLToPath(import.meta.url), '../..');
const packageDirectory = join(projectRoot, '.local/package');
const inProject = (...parts) => readFileSync(join(projectRoot, ...parts));

/** The files of the app by their path in it. */
function appFiles() {
  const { name, version, main, license } = JSON.parse(inProject('package.json'));
  const bundle = readdirSync(join(projectRoot, 'dist')).filter((file) => file.endsWith('.js'));
  if (!bundle.includes(basename(main))) throw new Error(`dist/ has no ${basename(main)}: run npm run build.`);
  return {
    'package.json': Buffer.from(`${JSON.stringify({ name, version, private: true, license, main }, undefined, 2)}\n`),
    'host.json': inProject('host.json'),
    // Everything here is to be deployed. A line for node_modules would make azd build the app again in Azure.
    '.funcignore': Buffer.from('local.settings.json\n.vscode\npackage-lock.json\n'),
    // the maps are not there for the file to name
    ...Object.fromEntries(
      bundle.map((file) => [
        `dist/${file}`,
        Buffer.from(
          inProject('dist', file)
            .toString()
            .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'),
        ),
      ]),
    ),
  };
}

/** Only what differs is written, and only strangers are deleted: azd may be reading the folder while a hook of its makes it again. */
function write(directory, files) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    if (existsSync(file) && readFileSync(file).equals(content)) continue;
    mkdirSync(resolve(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = name.split(sep).join('/');
    // npm, which azd runs there
    if (/^(package-lock\.json|node_modules)(\/|$)/.test(path) || Object.hasOwn(files, path)) continue;
    if (!statSync(join(directory, name)).isDirectory()) rmSync(join(directory, name));
  }
}

/** Ends the process if there are arguments. */
function readArguments() {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
    if (!values.help) return;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

readArguments();
const files = appFiles();
write(join(packageDirectory, 'app'), files);
const maps = readdirSync(join(projectRoot, 'dist')).filter((file) => file.endsWith('.js.map'));
write(join(packageDirectory, 'maps'), Object.fromEntries(maps.map((file) => [file, inProject('dist', file)])));
// one time for all, so that the same source makes the same file
const zip = zipSync(files, { level: 9, mtime: new Date(1980, 0, 1) });
writeFileSync(join(packageDirectory, 'app.zip'), zip);
await esbuild.build({ ...commandOptions, outfile: join(packageDirectory, 'acs-identity.cjs') });
console.log(
  `Packaged ${Object.keys(files).length} files: .local/package/app/, and app.zip of ${Math.ceil(zip.length / 1024)} KiB.`,
);
await esbuild.stop();
