import { connectionNames } from '../base/settings';
import { unknownConnection } from '../identity/connections';
import type { NotifyTestResult } from '../runs/connectionState';
import { sendSample } from './notifications';

/** Sends a sample about a connection. @throws AppError `UnknownConnection` (400), `NotEnabled` (404) or `Misconfigured` */
export async function notifyTest(connection: string | undefined): Promise<NotifyTestResult> {
  const known = connectionNames();
  const name = connection ?? known[0] ?? '';
  if (!known.includes(name)) throw unknownConnection(known);
  const delivery = await sendSample(name);
  return {
    delivered: delivery.kind === 'delivered',
    ...(delivery.status === undefined ? {} : { status: delivery.status, body: delivery.body ?? '' }),
    ...(delivery.kind === 'delivered' ? {} : { reason: delivery.reason }),
    durationMs: delivery.durationMs,
  };
}
