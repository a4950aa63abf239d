import { history } from '../history';
import { identityActions } from '../identity';
import { FOREIGN_USER } from '../identity/probes';
import { NO_RETRY } from '../identity/retries';
import { LIMITS } from '../base/limits';
import { acsNames, health, type HealthReport } from './health';

const KEPT_MS = 30_000;

let kept: { until: number; report: Promise<HealthReport> } | undefined;

/** As things are: storage and every connection are asked, at most once in 30 s. */
export function deepHealth(): Promise<HealthReport> {
  const now = performance.now();
  if (kept === undefined || now >= kept.until) kept = { until: now + KEPT_MS, report: askAll() };
  return kept.report;
}

async function askAll(): Promise<HealthReport> {
  const asked = acsNames().map(async (connection) => {
    const actions = await identityActions(connection);
    await actions.revokeTokens({ userId: FOREIGN_USER }, { retry: NO_RETRY, timeoutMs: LIMITS.callMs });
  });
  // what they find is noted where it is found
  await Promise.allSettled([checkHistory(), ...asked]);
  return health();
}

const checkHistory = async () => history().runs.check();
