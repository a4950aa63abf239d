// azd runs this before it packages or deploys (azure.yaml): makes the folder that is deployed. Node.js built-ins only.
//   USE_BUILT_PACKAGE   true: the folder was made elsewhere, and nothing is built or installed here. A pipeline's job that may sign in to
//                       Azure sets it, so that no package of others runs there.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const projectRoot = resolve(fileURLToPath(import.meta.url), '../../..');

if (process.env.USE_BUILT_PACKAGE?.trim().toLowerCase() !== 'true') {
  const child = spawn(process.execPath, [join(projectRoot, 'local/bootstrap.mjs'), 'package'], { stdio: 'inherit' });
  child.once('exit', (code) => (process.exitCode = code ?? 1));
} else if (existsSync(join(projectRoot, '.local/package/app/package.json'))) {
  console.log('Deploying .local/package/app as it is (USE_BUILT_PACKAGE=true).');
} else {
  console.error(
    'USE_BUILT_PACKAGE is true, but .local/package/app is not there: run npm run package, or unset the variable.',
  );
  process.exitCode = 1;
}
