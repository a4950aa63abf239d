import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withTimeout } from '../base/timeout';

/** A user id that belongs to no resource. Revoking its tokens changes nothing, and shows whether ACS accepts our credentials. */
export const FOREIGN_USER = '8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000';

/** Calls that test whether a service accepts or refuses a request as it must. They return HTTP statuses. */
export interface Probes {
  /** The status that ACS chat answers to a user's token. @throws AppError if it can't be reached */
  chatStatus(token: string, signal?: AbortSignal): Promise<number>;
  /** The status that each action function answers to a call without a key, by function name; `undefined` if the host checks no keys. @throws AppError */
  anonymousStatuses?: ((signal?: AbortSignal) => Promise<Record<string, number> | undefined>) | undefined;
}

/** Listing a user's chat threads changes nothing and needs any token with a chat scope. This api-version is generally available since 2021. */
const CHAT_PATH = '/chat/threads?api-version=2021-09-07&maxPageSize=1';

/** Calls ACS chat with a user's token. `origin`: the endpoint of the connection, `https://RESOURCE.communication.azure.com`. */
export async function chatStatus(origin: string, token: string, signal?: AbortSignal): Promise<number> {
  return ask(`${origin}${CHAT_PATH}`, { headers: { authorization: `Bearer ${token}` } }, signal);
}

/**
 * Calls each action function without a key, with invalid input: so a function that accepts such a call does nothing. `undefined` on this machine, where
 * the host checks no keys.
 */
export async function anonymousStatuses(
  baseUrl: string,
  signal?: AbortSignal,
): Promise<Record<string, number> | undefined> {
  if (new URL(baseUrl).protocol === 'http:') return undefined;
  const json = { headers: { 'content-type': 'application/json' }, body: '{"scopes":["none"]}' };
  const calls: [string, string, RequestInit][] = [
    ['createUser', 'users', { method: 'POST', ...json }],
    ['issueToken', 'users/nobody/tokens', { method: 'POST', ...json }],
    ['revokeTokens', 'users/nobody/tokens', { method: 'DELETE' }],
    ['deleteUser', 'users/nobody', { method: 'DELETE' }],
  ];
  const statuses = calls.map(async ([name, path, init]): Promise<[string, number]> => {
    return [name, await ask(`${baseUrl}/api/${path}`, { redirect: 'manual', ...init }, signal)];
  });
  return Object.fromEntries(await Promise.all(statuses));
}

async function ask(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<number> {
  try {
    return await withTimeout(LIMITS.callMs, signal, async (limit) => {
      const response = await fetch(url, { ...init, signal: limit });
      await response.body?.cancel();
      return response.status;
    });
  } catch (cause) {
    throw new AppError(502, 'ServiceUnavailable', `${new URL(url).host} did not answer`, { cause });
  }
}
