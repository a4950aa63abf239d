// azd runs this after deploying (azure.yaml): waits until the app is up and may use storage and ACS, then has it run its workflow once, and
// shows the steps. Exit code 0 only when the run succeeded, so that a deployment that does not work is a deployment that failed.
//   FIRST_RUN_WAIT_SECONDS   how long it waits; 600 unless set, as a role may take minutes to come into force
//   SKIP_FIRST_RUN           true: it does nothing, for an app that can't be reached from here
//   USE_BUILT_PACKAGE        true: nothing is installed or built here; as for package.mjs
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { address, call, callAzure, NotYet, output, Stop } from './azure.mjs';

const projectRoot = resolve(fileURLToPath(import.meta.url), '../../..');
const API_VERSION = '2024-11-01';
const KEY_VARIABLE = 'ACS_IDENTITY_APP_KEY';

function waitSeconds() {
  const text = process.env.FIRST_RUN_WAIT_SECONDS?.trim() || '600';
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new Stop('FIRST_RUN_WAIT_SECONDS must be a whole number of seconds, up to 99999.');
}

/** A key that opens one function and no other, as Azure Resource Manager tells those who may deploy. */
async function functionKey(name) {
  const path = `${output('SERVICE_APP_RESOURCE_ID')}/functions/${name}/listkeys?api-version=${API_VERSION}`;
  const { status, body } = await callAzure('POST', path);
  // `default` is the name of the first key; it may have been deleted after another was added
  const key = status === 200 ? (body?.default ?? Object.values(body ?? {})[0]) : undefined;
  if (typeof key === 'string') return key;
  if (status === 401 || status === 403) {
    throw new Stop(
      `You may not list the keys of function ${name} (${status}). It takes the role Website Contributor, or Contributor, on the app.`,
    );
  }
  throw new NotYet(`Azure knows no key of function ${name} yet (${status})`);
}

/** Is the app up, and do storage and ACS let it in? */
async function checkHealth(app, key) {
  const { status, body } = await call(`${app}/api/health/deep`, { headers: { 'x-functions-key': key } });
  if (status === 200) return;
  if (status === 401 || status === 403) {
    // also what a key answers that the host does not know yet
    throw new NotYet(
      `the app refuses its key (${status}). If authentication or network rules are in front of it, this can't get through: SKIP_FIRST_RUN=true leaves it out`,
    );
  }
  const checks = body?.checks?.filter((check) => check.status === 'Unhealthy') ?? [];
  if (checks.length === 0) throw new NotYet(`the app answers ${status}`);
  throw new NotYet(checks.map(({ name, code, message }) => `${name}: ${code}: ${message}`).join('; '));
}

/** Tries until `work` is done, and says each reason for waiting once. */
async function patiently(deadline, work) {
  let said;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      const reason = error.message.replace(/\.$/, '');
      if (Date.now() >= deadline) throw new Stop(`Waited in vain: ${reason}.`);
      if (reason !== said) console.log(`Waiting: ${reason}.`);
      said = reason;
      await sleep(Math.min(10_000, Math.max(0, deadline - Date.now())));
    }
  }
}

/** `acs-identity runs start`, whose output is the user's to see. */
function startRun(app, key) {
  // the one in the package needs no other packages; cli/acs-identity.mjs installs what is missing
  const isBuilt = process.env.USE_BUILT_PACKAGE?.trim().toLowerCase() === 'true';
  const command = isBuilt ? '.local/package/acs-identity.cjs' : 'cli/acs-identity.mjs';
  const args = [join(projectRoot, command), 'runs', 'start', '--app', app, '--key-env', KEY_VARIABLE];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, [KEY_VARIABLE]: key } });
  return new Promise((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 1)));
}

async function main() {
  if (process.env.SKIP_FIRST_RUN?.trim().toLowerCase() === 'true') {
    console.log('The first run is left out (SKIP_FIRST_RUN=true).');
    return 0;
  }
  const app = address('SERVICE_APP_URI');
  const deadline = Date.now() + waitSeconds() * 1000;
  console.log(`A first run of the workflow on ${app}:`);
  await patiently(deadline, async () => checkHealth(app, await functionKey('healthDeep')));
  const key = await patiently(deadline, () => functionKey('runs'));
  const exitCode = await startRun(app, key);
  console.log(`\nDashboard: ${app}/api/dashboard. It asks for the key of the function runs:`);
  const [, group, name] =
    /\/resourceGroups\/([^/]+)\/.*\/sites\/([^/]+)$/.exec(output('SERVICE_APP_RESOURCE_ID')) ?? [];
  console.log(`  az functionapp function keys list --resource-group ${group} --name ${name} --function-name runs`);
  if (process.env.ALERTS_ARE_SENT?.toLowerCase() === 'false') {
    console.log(
      'Nobody is told of alerts yet: azd env set ALERT_EMAIL you@example.com (or ALERT_WEBHOOKS), then azd provision.',
    );
  }
  return exitCode;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  console.error('The first run was not made. Try again with: azd hooks run postdeploy');
  process.exitCode = 1;
}
