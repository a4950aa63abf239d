// azd runs this after deploying (azure.yaml): waits until the app is up and may use storage and ACS, then has it run its workflow once, and
// shows the steps. Exit code 0 only when the run succeeded, so that a deployment that does not work is a deployment that failed.
//   FIRST_RUN_WAIT_SECONDS   how long it waits; 600 unless set, as a role may take minutes to come into force
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AzureDeveloperCliCredential } from '@azure/identity';

const projectRoot = resolve(fileURLToPath(import.meta.url), '../../..');
const API_VERSION = '2024-11-01';
const CALL_MS = 60_000;
const KEY_VARIABLE = 'ACS_IDENTITY_APP_KEY';

/** An end that is told in one message. */
class Stop extends Error {}

/** Something that may be right in a moment. */
class NotYet extends Error {}

function outputs() {
  const { SERVICE_APP_URI, SERVICE_APP_RESOURCE_ID, AZURE_RESOURCE_MANAGER } = process.env;
  if (!SERVICE_APP_URI || !SERVICE_APP_RESOURCE_ID || !AZURE_RESOURCE_MANAGER) {
    throw new Stop('This is a hook of azd, which tells it where the app is: run "azd hooks run postdeploy" instead.');
  }
  return {
    app: new URL(SERVICE_APP_URI).origin,
    resourceManager: new URL(AZURE_RESOURCE_MANAGER).origin,
    resourceId: SERVICE_APP_RESOURCE_ID,
  };
}

/** A call whose trouble on the way is something that may pass. The answer's text is read. */
async function call(url, init) {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(CALL_MS) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new NotYet(`${new URL(url).host} can't be reached (${error.cause?.code ?? error.name})`);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The key that opens one function and no other, as Azure Resource Manager tells those who may deploy. */
async function functionKey({ resourceManager, resourceId }, credential, name) {
  const { token } = await credential.getToken(`${resourceManager}/.default`).catch((error) => {
    throw new Stop(`azd gives no token (${error.message.split('\n')[0]}). Sign in with: azd auth login`);
  });
  const url = `${resourceManager}${resourceId}/functions/${name}/listkeys?api-version=${API_VERSION}`;
  const { status, text } = await call(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const key = parse(text)?.default;
  if (status === 200 && typeof key === 'string') return key;
  if (status === 401 || status === 403) {
    throw new Stop(
      `You may not list the keys of function ${name} (${status}). It takes the role Website Contributor, or Contributor, on the app.`,
    );
  }
  throw new NotYet(`Azure knows no key of function ${name} yet (${status})`);
}

/** Is the app up, and do storage and ACS let it in? */
async function checkHealth({ app }, key) {
  const { status, text } = await call(`${app}/api/health/deep`, { headers: { 'x-functions-key': key } });
  if (status === 200) return;
  const checks = parse(text)?.checks?.filter((check) => check.status === 'Unhealthy') ?? [];
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
      if (Date.now() >= deadline) throw new Stop(`Waited in vain: ${error.message}.`);
      if (error.message !== said) console.log(`Waiting: ${error.message}.`);
      said = error.message;
      await sleep(Math.min(10_000, Math.max(0, deadline - Date.now())));
    }
  }
}

/** `acs-identity runs start`, whose output is the user's to see. */
function startRun({ app }, key) {
  const args = [join(projectRoot, 'cli/acs-identity.mjs'), 'runs', 'start', '--app', app, '--key-env', KEY_VARIABLE];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, [KEY_VARIABLE]: key } });
  return new Promise((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 1)));
}

async function main() {
  const place = outputs();
  const deadline = Date.now() + Number(process.env.FIRST_RUN_WAIT_SECONDS ?? 600) * 1000;
  const credential = new AzureDeveloperCliCredential({ processTimeoutInMs: CALL_MS });
  console.log(`A first run of the workflow on ${place.app}:`);
  await patiently(deadline, async () => checkHealth(place, await functionKey(place, credential, 'healthDeep')));
  const key = await patiently(deadline, () => functionKey(place, credential, 'runs'));
  const exitCode = await startRun(place, key);
  console.log(`\nDashboard: ${place.app}/api/dashboard (it asks for the key of the function runs)`);
  if (process.env.ALERTS_ARE_SENT?.toLowerCase() === 'false') {
    console.log('Nobody is told of alerts yet: azd env set ALERT_EMAIL you@example.com, then azd provision.');
  }
  return exitCode;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  console.error('The app is deployed, and its first run was not made. Try again with: azd hooks run postdeploy');
  process.exitCode = 1;
}
