import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { OPERATIONS_SETTINGS } from '../base/operationsSettings';
import { readSetting } from '../base/settings';
import { deliver } from './webhook';

const WAITS_MS = [1_000, 3_000];

/** The address for a result, by the convention of healthchecks.io: `/fail` before the query. */
export function heartbeatUrl(url: string, failed: boolean): string {
  const address = new URL(url);
  if (failed) address.pathname = `${address.pathname.replace(/\/$/, '')}/fail`;
  return address.href;
}

/** Calls `HEARTBEAT_URL` once for a timer run, so that somebody else notices when there are none. Never rejects. */
export async function sendHeartbeat(failed: boolean, log: Pick<RunLog, 'warn'>): Promise<void> {
  try {
    const url = readSetting(OPERATIONS_SETTINGS, 'HEARTBEAT_URL');
    if (url === undefined) return;
    for (let retries = 0; ; retries += 1) {
      const delivery = await deliver(heartbeatUrl(url, failed), { method: 'GET' }, LIMITS.webhookMs);
      if (delivery.kind === 'delivered') return;
      const waitMs = delivery.kind === 'later' ? WAITS_MS[retries] : undefined;
      if (waitMs === undefined) {
        log.warn(`The heartbeat (setting HEARTBEAT_URL) was not delivered: ${delivery.reason}.`);
        return;
      }
      await sleep(waitMs);
    }
  } catch (error) {
    log.warn(`The heartbeat could not be sent: ${error instanceof Error ? error.message : 'the reason is unknown'}`);
  }
}
