import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import { withLimit } from '../base/timeLimit';

/** A user id of no resource: asking ACS to revoke its tokens shows whether our credentials are accepted, and changes nothing. */
export const FOREIGN_USER = '8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000';

/** Calls that find out whether something is refused that must be, or taken that must be. Statuses are HTTP's. */
export interface Probes {
  /** The status with which ACS chat answers a user's token. @throws AppError if it can't be reached */
  chatStatus(token: string, signal?: AbortSignal): Promise<number>;
  /** The status with which each action function answers a call without a key, by name; `undefined` if keys are not checked. @throws AppError */
  anonymousStatuses?: ((signal?: AbortSignal) => Promise<Record<string, number> | undefined>) | undefined;
}

/** Listing a user's chat threads changes nothing and takes any token with a chat scope. A version that is generally available since 2021. */
const CHAT_PATH = '/chat/threads?api-version=2021-09-07&maxPageSize=1';

/** Asks ACS chat at the endpoint of a connection (`https://RESOURCE.communication.azure.com`). */
export async function chatStatus(origin: string, token: string, signal?: AbortSignal): Promise<number> {
  return ask(`${origin}${CHAT_PATH}`, { headers: { authorization: `Bearer ${token}` } }, signal);
}

/**
 * Each action function without a key, and with input that it would refuse: a function that should take anybody's call does nothing.
 * Undefined on this machine, where the host checks no keys.
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
    return await withLimit(LIMITS.callMs, signal, async (limit) => {
      const response = await fetch(url, { ...init, signal: limit });
      await response.body?.cancel();
      return response.status;
    });
  } catch (cause) {
    throw new AppError(502, 'ServiceUnavailable', `${new URL(url).host} did not answer`, { cause });
  }
}
