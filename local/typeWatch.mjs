// Errors of types while the app is built on every change.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Checks the types of src/ on every change, in a process of its own, as esbuild only removes them. Errors are printed with their
 * place; a check that finds nothing prints nothing, but for the first after an error.
 * @param {string} projectRoot
 * @param {(line: string) => void} log
 * @returns {() => void} ends it
 */
export function watchTypes(projectRoot, log) {
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const typeChecker = spawn(
    process.execPath,
    [compiler, '-p', 'src', '--watch', '--preserveWatchOutput', '--pretty', 'false'],
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
