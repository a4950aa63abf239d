import { safeText } from '../base/redact';
import type { Notification } from '../runs/connectionState';

/** What a notification is sent with besides its own content. */
export interface NotificationContext {
  site: string;
  /** Where the app is reached; without it there are no links. */
  publicUrl: string | undefined;
}

/** The data of a CloudEvent. Times are RFC 3339 UTC. */
export interface NotificationData {
  site: string;
  connection: string;
  state: string;
  since: string;
  incident: { id: string; began: string; ended?: string; runs: number };
  /** The step that failed or was slow; missing if no run was. */
  step?: string;
  reason: { code: string; message: string };
  runId?: string;
  /** The run on the page. */
  runUrl?: string;
  pageUrl?: string;
}

const MESSAGE_LENGTH = 300;

export function notificationData(
  notification: Notification,
  { site, publicUrl }: NotificationContext,
): NotificationData {
  const { incident, state, since } = notification;
  const { step, runId, code, message } = incident.last;
  const pageUrl = publicUrl && `${publicUrl}/api/dashboard`;
  return {
    site,
    connection: incident.connection,
    state,
    since,
    incident: {
      id: incident.id,
      began: incident.began,
      ...(incident.ended === undefined ? {} : { ended: incident.ended }),
      runs: incident.runs,
    },
    ...(step === undefined ? {} : { step }),
    reason: { code, message: safeText(message, MESSAGE_LENGTH) },
    ...(runId === undefined ? {} : { runId }),
    ...(pageUrl !== undefined && runId !== undefined ? { runUrl: `${pageUrl}#/runs/${runId}` } : {}),
    ...(pageUrl === undefined ? {} : { pageUrl }),
  };
}

/** A CloudEvent 1.0 in structured JSON. */
export function cloudEvent(notification: Notification, context: NotificationContext): object {
  return {
    specversion: '1.0',
    id: notification.id,
    source: context.publicUrl ?? `/sites/${context.site}`,
    type: `acs-identity.connection.${notification.type}`,
    subject: notification.incident.connection,
    time: notification.time,
    datacontenttype: 'application/json',
    data: notificationData(notification, context),
  };
}
