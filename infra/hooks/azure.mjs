// What hooks of azd need of Azure: calls to Azure Resource Manager as the user that azd is signed in as. Node.js built-ins only, as a hook may
// run before the packages are installed.
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

const CALL_MS = 60_000;

/** An end that is told in one message. */
export class Stop extends Error {}

/** Something that may be right in a moment. */
export class NotYet extends Error {}

/** The value of an output of the templates, which azd hands to its hooks. */
export function output(name) {
  const value = process.env[name]?.trim();
  if (value) return value;
  throw new Stop(`${name} is not set: this is a hook of azd, which tells it what was deployed (azd hooks run NAME).`);
}

/** The origin of an address among the outputs. */
export function address(name) {
  try {
    return new URL(output(name)).origin;
  } catch (error) {
    if (error instanceof Stop) throw error;
    throw new Stop(`${name} is no address: azd provision sets it.`);
  }
}

/** A token of azd's user for `audience`. @throws Stop */
async function azdToken(audience) {
  const args = ['auth', 'token', '--output', 'json', '--no-prompt', '--scope', `${audience}/.default`];
  try {
    const { stdout } = await promisify(execFile)('azd', args, { timeout: CALL_MS });
    const { token } = JSON.parse(stdout);
    if (typeof token === 'string') return token;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Stop('azd is not in PATH: this is a hook of it.');
    // what azd printed is left out: it may be the token
  }
  throw new Stop('azd gives no token for Azure Resource Manager. Sign in with: azd auth login');
}

/** The status and the JSON of an answer, if any. @throws NotYet when there is none */
export async function call(url, init) {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(CALL_MS) });
    return { status: response.status, body: parse(await response.text()) };
  } catch (error) {
    throw new NotYet(`${new URL(url).host} can't be reached (${error.cause?.code ?? error.name})`);
  }
}

/** A call to Azure Resource Manager; `path` begins with a resource id. @throws Stop, NotYet */
export async function callAzure(method, path, body) {
  const origin = address('AZURE_RESOURCE_MANAGER');
  const headers = { authorization: `Bearer ${await azdToken(origin)}` };
  if (body === undefined) return call(`${origin}${path}`, { method, headers });
  const json = { ...headers, 'content-type': 'application/json' };
  return call(`${origin}${path}`, { method, headers: json, body: JSON.stringify(body) });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
