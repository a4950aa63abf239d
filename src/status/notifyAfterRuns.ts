import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { stopSignal } from '../base/stop';
import { history } from '../history';
import { sendHeartbeat } from './heartbeat';
import { sendNotifications } from './notifications';

/** Sends the notifications that scheduled runs have left, and the heartbeat. Does nothing if the app is stopping. Never rejects. */
export async function notifyAfterRuns(
  connections: readonly string[],
  failed: boolean,
  log: Pick<RunLog, 'warn'>,
): Promise<void> {
  if (stopSignal.aborted) return;
  const waiting = connections.filter((connection) => history().states.hasWaiting(connection));
  await Promise.all([
    sendHeartbeat(failed, log),
    ...waiting.map((connection) => sendNotifications(connection, log, LIMITS.notifyMs)),
  ]);
}
