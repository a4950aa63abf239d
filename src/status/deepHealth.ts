import { history } from '../history';
import { identityActions } from '../identity';
import { FOREIGN_USER } from '../identity/probes';
import { NO_RETRY } from '../identity/retries';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { noticeSilence } from './connectionStatus';
import { acsNames, health, type HealthReport } from './health';

const CACHE_MS = 30_000;

let cached: { until: number; report: Promise<HealthReport> } | undefined;

/** The current health: calls the storage and every ACS connection, at most once in 30 s. */
export function deepHealth(log: Pick<RunLog, 'warn'>): Promise<HealthReport> {
  const now = performance.now();
  if (cached === undefined || now >= cached.until) cached = { until: now + CACHE_MS, report: callAll(log) };
  return cached.report;
}

async function callAll(log: Pick<RunLog, 'warn'>): Promise<HealthReport> {
  const acsCalls = acsNames().map(async (connection) => {
    const actions = await identityActions(connection);
    await actions.revokeTokens({ userId: FOREIGN_USER }, { retry: NO_RETRY, timeoutMs: LIMITS.callMs });
  });
  // each call records its own outcome
  await Promise.allSettled([checkHistory(), noticeSilence(log), ...acsCalls]);
  return health();
}

const checkHistory = async () => history().runs.check();
