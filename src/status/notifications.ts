import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../base/errors';
import { LIMITS } from '../base/limits';
import type { RunLog } from '../base/log';
import { OPERATIONS_SETTINGS, publicUrl } from '../base/operationsSettings';
import { readSetting } from '../base/settings';
import { stopSignal } from '../base/stop';
import { siteName } from '../base/workflowSettings';
import { history } from '../history';
import type { ConnectionState, Notification } from '../runs/connectionState';
import { cloudEvent } from './notificationBodies';
import { teamsMessage } from './teamsCard';
import { deliver, type Delivery } from './webhook';

/** The wait before each further attempt within an invocation, in milliseconds. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Sends the notifications of a connection that wait, oldest first, within `limitMs`. One process at a time does so; what it can't deliver waits for the next
 * function that reads the state. Never rejects.
 */
export async function sendNotifications(connection: string, log: Pick<RunLog, 'warn'>, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  try {
    const url = readSetting(OPERATIONS_SETTINGS, 'NOTIFY_WEBHOOK_URL');
    if (url === undefined) return;
    const claimed = await claim(connection, limitMs);
    if (claimed === undefined) return;
    const sent: string[] = [];
    let failure: string | undefined;
    for (const notification of claimed.notifications) {
      const delivery = await sendOne(url, notification, until);
      if (delivery.kind === 'delivered') sent.push(notification.id);
      else if (delivery.kind === 'gone') {
        sent.push(...claimed.notifications.map(({ id }) => id));
        failure = `${delivery.reason}, so it gets none of the waiting ones. Remove NOTIFY_WEBHOOK_URL, or set it to another receiver`;
      } else failure = `${delivery.reason}. It is tried again later`;
      if (failure !== undefined) break;
    }
    await release(connection, sent);
    if (failure !== undefined) log.warn(`A notification about connection ${connection} was not delivered: ${failure}.`);
  } catch (error) {
    const reason = error instanceof AppError ? error.message : 'the reason is unknown';
    log.warn(`Notifications about connection ${connection} could not be sent: ${reason}`);
  }
}

/** Sends one that is marked as a sample, once. Returns what the receiver answered. @throws AppError `NotEnabled` (404) without a receiver */
export async function sendSample(connection: string): Promise<Delivery & { durationMs: number }> {
  const url = readSetting(OPERATIONS_SETTINGS, 'NOTIFY_WEBHOOK_URL');
  if (url === undefined) {
    throw new AppError(
      404,
      'NotEnabled',
      "Setting 'NOTIFY_WEBHOOK_URL' is missing. Set it to the URL that gets notifications.",
      {
        target: 'NOTIFY_WEBHOOK_URL',
      },
    );
  }
  const time = new Date().toISOString();
  const reason = { code: 'Sample', message: 'This is a test. Nothing has failed.' };
  const incident = {
    id: `test-${randomUUID()}`,
    connection,
    began: time,
    states: ['Failing' as const],
    runs: 1,
    first: reason,
    last: reason,
  };
  const startedAt = performance.now();
  const delivery = await deliver(
    url,
    bodyOf({ id: incident.id, type: 'failing', time, state: 'Failing', since: time, incident }),
    LIMITS.webhookMs,
  );
  return { ...delivery, durationMs: Math.round(performance.now() - startedAt) };
}

/** Takes the right to send, unless another process has it or nothing waits. */
async function claim(connection: string, limitMs: number): Promise<ConnectionState | undefined> {
  const now = Date.now();
  // longer than the sending, its last write included
  const sendingUntil = new Date(now + limitMs + LIMITS.storageMs + LIMITS.webhookMs).toISOString();
  const { state, changed } = await history().states.update(connection, (before) =>
    before === undefined || before.notifications.length === 0 || isBeingSent(before, now)
      ? undefined
      : { ...before, sendingUntil },
  );
  return changed ? state : undefined;
}

/** Is another process sending? */
export const isBeingSent = ({ sendingUntil }: ConnectionState, now: number): boolean =>
  sendingUntil !== undefined && Date.parse(sendingUntil) > now;

async function release(connection: string, sent: readonly string[]): Promise<void> {
  await history().states.update(connection, (before) => {
    if (before === undefined) return undefined;
    const after = { ...before, notifications: before.notifications.filter(({ id }) => !sent.includes(id)) };
    delete after.sendingUntil;
    return after;
  });
}

async function sendOne(url: string, notification: Notification, until: number): Promise<Delivery> {
  for (let retries = 0; ; retries += 1) {
    const leftMs = until - performance.now();
    const delivery = await deliver(url, bodyOf(notification), Math.max(1, Math.min(LIMITS.webhookMs, leftMs)));
    if (delivery.kind !== 'later' || stopSignal.aborted) return delivery;
    const waitMs = Math.max(WAITS_MS[retries] ?? Infinity, delivery.retryAfterMs ?? 0);
    if (performance.now() + waitMs >= until) return delivery;
    await sleep(waitMs, undefined, { signal: stopSignal }).catch(() => undefined);
  }
}

function bodyOf(notification: Notification): { method: 'POST'; contentType: string; body: string } {
  const context = { site: siteName(), publicUrl: publicUrl() };
  return readSetting(OPERATIONS_SETTINGS, 'NOTIFY_FORMAT') === 'teams'
    ? { method: 'POST', contentType: 'application/json', body: JSON.stringify(teamsMessage(notification, context)) }
    : {
        method: 'POST',
        contentType: 'application/cloudevents+json; charset=utf-8',
        body: JSON.stringify(cloudEvent(notification, context)),
      };
}
