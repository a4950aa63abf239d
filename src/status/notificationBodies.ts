import { safeText } from '../base/redact';
import type { Notification, NotificationType } from '../runs/connectionState';

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

const TITLES: Record<NotificationType, (connection: string) => string> = {
  failing: (connection) => `${connection}: scheduled runs fail`,
  recovered: (connection) => `${connection}: scheduled runs succeed again`,
  slow: (connection) => `${connection}: scheduled runs are slow`,
  overdue: (connection) => `${connection}: scheduled runs do not come`,
};
/** Colours of adaptive cards. */
const COLOURS: Record<NotificationType, string> = {
  failing: 'Attention',
  recovered: 'Good',
  slow: 'Warning',
  overdue: 'Attention',
};
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

/** A message with one adaptive card, in the form that a Workflows webhook of Microsoft Teams takes. */
export function teamsMessage(notification: Notification, context: NotificationContext): object {
  const data = notificationData(notification, context);
  const title = TITLES[notification.type](data.connection);
  const facts = [
    { title: 'State', value: `${data.state} since ${data.since}` },
    { title: 'App', value: data.site },
    { title: 'Runs', value: `${data.incident.runs} not healthy since ${data.incident.began}` },
    ...(data.step === undefined ? [] : [{ title: 'Step', value: data.step }]),
    { title: 'Reason', value: `${data.reason.code}: ${data.reason.message}` },
  ];
  const link = data.runUrl ?? data.pageUrl;
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            {
              type: 'TextBlock',
              text: title,
              weight: 'Bolder',
              size: 'Medium',
              color: COLOURS[notification.type],
              wrap: true,
            },
            { type: 'FactSet', facts },
          ],
          actions:
            link === undefined
              ? []
              : [{ type: 'Action.OpenUrl', title: data.runUrl ? 'Open the run' : 'Open the page', url: link }],
        },
      },
    ],
  };
}
