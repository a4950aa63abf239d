// Calls the functions of signed-in callers, and the chat service.
import { config } from './config';
import { accessToken } from './signIn';

export interface MyToken {
  identity: { id: string };
  token: string;
  /** Milliseconds since 1970. */
  expiresOnTimestamp: number;
}

/** An answer of the API that is an error; its message is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function call(method: string, path: string, body?: object): Promise<Response> {
  const authorization = `Bearer ${await accessToken()}`;
  const response = await fetch(`${config.api}/${path}`, {
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error(
      `The API does not answer at ${config.api}. Does it run, and does it allow ${location.origin} (CORS)?`,
    );
  });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string; message: string } };
  throw new ApiError(response.status, error?.code ?? '', error?.message ?? `The API answered ${response.status}.`);
}

/** One ACS user per person and device: with the same one, two devices would hang up each other's calls. */
function deviceId(): string {
  const known = localStorage.getItem('device');
  if (known !== null) return known;
  const made = `web-${crypto.randomUUID().slice(0, 8)}`;
  localStorage.setItem('device', made);
  return made;
}

export const device = deviceId();

/** A new ACS token, always of the same ACS user. */
export const issueMyToken = async (): Promise<MyToken> =>
  (await (await call('POST', 'me/token', { device })).json()) as MyToken;

/** Ends all ACS tokens of this device. */
export const revokeMyTokens = (): Promise<Response> => call('DELETE', `me/tokens?device=${device}`);

/** Deletes the ACS users of all devices of this person, and what the API stores about them. */
export const deleteMe = (): Promise<Response> => call('DELETE', 'me');

/** Asks the chat service whether it accepts an ACS token. */
export async function isAccepted(token: string): Promise<boolean> {
  const response = await fetch(`${config.acs}/chat/threads?api-version=2024-03-07`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return response.ok;
}
