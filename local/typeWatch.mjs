// Errors of types while the app is built on every change.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The page has other libraries than the rest of src/, so it is a project of its own. */
const PROJECTS = ['src', 'src/dashboard/page'];

/**
 * Checks the types of src/ on every change, in processes of their own, as esbuild only removes them. Errors are printed with their
 * place; a check that finds nothing prints nothing, but for the first after an error.
 * @param {string} projectRoot
 * @param {(line: string) => void} log
 * @returns {() => void} ends it
 */
export function watchTypes(projectRoot, log) {
  const stops = PROJECTS.filter((project) => existsSync(join(projectRoot, project, 'tsconfig.json'))).map((project) =>
    watchProject(projectRoot, project, log),
  );
  return () => stops.forEach((stop) => stop());
}

function watchProject(projectRoot, project, log) {
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const typeChecker = spawn(
    process.execPath,
    [compiler, '-p', project, '--watch', '--preserveWatchOutput', '--pretty', 'false'],
    {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
      windowsHide: true,
    },
  );
  let hadErrors = false;
  createInterface({ input: typeChecker.stdout }).on('line', (line) => {
    const count = /Found (\d+) errors?\./.exec(line)?.[1];
    if (count === undefined) {
      if (!/^$|compilation/.test(line)) log(line);
    } else if (count !== '0') {
      log(`Types: ${count} ${count === '1' ? 'error' : 'errors'}, see above. The app runs as it was built.`);
    } else if (hadErrors) {
      log('Types: no errors.');
    }
    if (count !== undefined) hadErrors = count !== '0';
  });
  return () => typeChecker.kill();
}
