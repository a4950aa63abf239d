import type { Run, RunPage, Statistics, Window } from './types';

/** The page is at `…/dashboard` and the runs are at `…/runs`, whatever prefix the app has. */
const BASE = location.pathname.replace(/\/dashboard\/?$/, '');
const KEY_NAME = 'acs-identity-functions.runsKey';

/** `status` 0: nobody answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const storedKey = (): string | null => sessionStorage.getItem(KEY_NAME);
export const storeKey = (key: string): void => sessionStorage.setItem(KEY_NAME, key);
export const forgetKey = (): void => sessionStorage.removeItem(KEY_NAME);

async function call<T>(url: string, init: RequestInit = {}): Promise<T> {
  const key = storedKey();
  const headers: Record<string, string> = { accept: 'application/json' };
  if (key !== null) headers['x-functions-key'] = key;
  if (init.body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, cache: 'no-store', redirect: 'error' });
  } catch {
    throw new ApiError(0, 'Unreachable', "The app can't be reached. Is it running, and are you online?");
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const error = (body as { error?: { code?: string; message?: string } } | undefined)?.error;
  if (response.status === 401 || response.status === 403) {
    throw new ApiError(401, key === null ? 'KeyNeeded' : 'WrongKey', 'The platform requires a function key.');
  }
  throw new ApiError(
    response.status,
    error?.code ?? 'NoAnswer',
    error?.message ?? `The platform answered ${response.status} without an error from the app.`,
  );
}

export const listRuns = (filters: Record<string, string>): Promise<RunPage> => {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ''));
  return call(`${BASE}/runs?${query.toString()}`);
};

/** `link` is what a page before named as the next. */
export const nextRuns = (link: string): Promise<RunPage> => call(link);

export const getRun = (id: string): Promise<Run> => call(`${BASE}/runs/${encodeURIComponent(id)}`);

export const getStatistics = (window: Window): Promise<Statistics> => call(`${BASE}/runs/statistics?window=${window}`);

/** Resolves when the run has ended. */
export const startRun = (request: object, connection?: string): Promise<Run> =>
  call(`${BASE}/runs${connection === undefined ? '' : `?connection=${encodeURIComponent(connection)}`}`, {
    method: 'POST',
    body: JSON.stringify(request),
  });
