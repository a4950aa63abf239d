import { LIMITS } from '../src/base/limits';
import { CommandError, FAILED, errorText } from './commandError';
import { appKey, DEFAULT_KEY_VARIABLE, type TargetOptions } from './targetOptions';

/** A request that is not a simple GET. */
export interface AppRequest {
  method: 'POST';
  /** Sent as JSON. */
  body: object;
  /** The time for the answer, in milliseconds. */
  limitMs: number;
}

/** What a function app answers to GET /api/PATH, or to `more`. @throws CommandError that names what is wrong and what to do */
export async function askApp(options: TargetOptions, path: string, more?: AppRequest): Promise<unknown> {
  const { app, keyEnv = DEFAULT_KEY_VARIABLE } = options;
  if (app === undefined) throw new CommandError('No app is named: give --app https://NAME.azurewebsites.net.');
  const key = appKey(options);
  const { host } = new URL(app);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${app}/api/${path}`, {
      ...(more && { method: more.method, body: JSON.stringify(more.body) }),
      headers: {
        accept: 'application/json',
        ...(more && { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'x-functions-key': key }),
      },
      // the key is for this app alone
      redirect: 'error',
      signal: AbortSignal.timeout(more?.limitMs ?? LIMITS.actionMs),
    });
    text = await response.text();
  } catch (error) {
    // the message of fetch is only "fetch failed"; its cause has the reason
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    throw new CommandError(
      `The app at ${host} can't be reached (${cause ?? errorText(error)}). Check --app and the network.`,
      FAILED,
    );
  }
  const body = parse(text);
  if (response.ok && body !== undefined) return body;
  const { code, message } = (body as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
  if (code !== undefined) throw new CommandError(errorText(new Error(`${code}: ${message ?? ''}`)), FAILED);
  throw new CommandError(adviceFor(response.status, host, keyEnv), FAILED);
}

/** The platform answers with an empty body. */
function adviceFor(status: number, host: string, variable: string): string {
  if (status === 401 || status === 403) {
    return `${host} refuses the key in environment variable ${variable}: it must be a key of the function 'runs', or a host key.`;
  }
  if (status === 404) return `${host} has no such function: is --app the right one, and is this app deployed there?`;
  return `${host} answered ${status}, but not as this app does: is it running?`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
