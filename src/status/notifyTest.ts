import { AppError } from '../base/errors';
import { connectionNames } from '../base/settings';
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

/** @returns the error for a name that is no connection */
export const unknownConnection = (known: readonly string[]): AppError =>
  new AppError(
    400,
    'UnknownConnection',
    `There is no connection with this name. Connections are: ${known.join(', ')}.`,
    {
      target: 'connection',
    },
  );
