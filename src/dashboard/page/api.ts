import type { Run, RunPage, RunOptions, Statistics, Window, Workflow } from './types';

/** The page is at `…/dashboard` and the runs are at `…/runs`, whatever prefix the app has. */
const BASE = location.pathname.replace(/\/dashboard\/?$/, '');
const KEY_NAME = 'acs-identity-functions.runsKey';

export interface Detail {
  target?: string;
  message: string;
}

/** `status` 0: nobody answered; 401: a key is missing or wrong. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { details?: Detail[]; target?: string; retryAfterSeconds?: number } = {},
  ) {
    super(message);
  }
}

export const storedKey = (): string | null => sessionStorage.getItem(KEY_NAME);
export const storeKey = (key: string): void => sessionStorage.setItem(KEY_NAME, key);
export const forgetKey = (): void => sessionStorage.clear();

async function call<T>(url: string, init: RequestInit = {}): Promise<T> {
  const key = storedKey();
  const headers: Record<string, string> = { accept: 'application/json', ...(init.headers as Record<string, string>) };
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
  const error = (
    body as { error?: { code?: string; message?: string; details?: Detail[]; target?: string } } | undefined
  )?.error;
  // the platform's own answer has no body; a 403 with one is the app's: a limit of the operator
  if (response.status === 401 || (response.status === 403 && error === undefined)) {
    throw new ApiError(401, key === null ? 'KeyNeeded' : 'WrongKey', 'The platform requires a function key.');
  }
  const retryAfterSeconds = Number(response.headers.get('retry-after'));
  throw new ApiError(
    response.status,
    error?.code ?? 'NoAnswer',
    error?.message ?? `The platform answered ${response.status} without an error from the app.`,
    { ...error, ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) },
  );
}

export const listRuns = (query: Record<string, string>): Promise<RunPage> => {
  const set = Object.entries(query).filter(([, value]) => value !== '');
  return call(`${BASE}/runs?${new URLSearchParams(set).toString()}`);
};

/** `link` is what a page before named as the next. */
export const nextRuns = (link: string): Promise<RunPage> => call(link);

export const getRun = (id: string): Promise<Run> => call(`${BASE}/runs/${encodeURIComponent(id)}`);

export const getStatistics = (window: Window, connection: string): Promise<Statistics> =>
  call(`${BASE}/runs/statistics?${new URLSearchParams({ window, ...(connection && { connection }) }).toString()}`);

/** `undefined`: the app is older than this route. */
export const getWorkflow = (): Promise<Workflow | undefined> =>
  call<Workflow>(`${BASE}/runs/workflow`).catch(undefinedIfMissing);

/** Resolves when the run has ended. */
export const startRun = ({ connection, clientTrackingId, ...request }: RunOptions): Promise<Run> =>
  call(`${BASE}/runs${connection === undefined ? '' : `?connection=${encodeURIComponent(connection)}`}`, {
    method: 'POST',
    body: JSON.stringify(request),
    headers: clientTrackingId === undefined ? {} : { 'x-ms-client-tracking-id': clientTrackingId },
  });

/** `undefined`: the app is older than this route. @throws ApiError 409 if the run has ended */
export const cancelRun = (id: string): Promise<object | undefined> =>
  call<object>(`${BASE}/runs/${encodeURIComponent(id)}/cancel`, { method: 'POST' }).catch(undefinedIfMissing);

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}
