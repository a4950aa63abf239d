import type { Notification, NotificationType } from '../runs/connectionState';
import { notificationData, type NotificationContext, type NotificationData } from './notificationBodies';
import { plainDuration, plainTime } from './plainTime';

/** Colours are those of adaptive cards. */
const KINDS: Record<NotificationType, { title: string; color: string }> = {
  failing: { title: 'scheduled runs fail', color: 'Attention' },
  recovered: { title: 'healthy again', color: 'Good' },
  slow: { title: 'scheduled runs are slow', color: 'Warning' },
  overdue: { title: 'scheduled runs are missing', color: 'Attention' },
};

/** A word that may not fit into a line. Cards are cut at their edge. */
const LONG_WORD = /\S{40}/g;

/** A message with one adaptive card, in the form that a Workflows webhook of Microsoft Teams takes. */
export function teamsMessage(notification: Notification, context: NotificationContext): object {
  const data = notificationData(notification, context);
  const { title, color } = KINDS[notification.type];
  // a title that is longer than these breaks into two lines beside a long value
  const facts = [
    { title: 'App', value: data.site },
    ...timesOf(data),
    ...(data.incident.runs === 0 ? [] : [{ title: 'Runs', value: `${data.incident.runs} not healthy` }]),
    ...(data.step === undefined ? [] : [{ title: 'Step', value: data.step.replaceAll('_', ' ') }]),
  ];
  const isOver = data.incident.ended !== undefined;
  const link = data.runUrl ?? data.pageUrl;
  const open = data.runUrl === undefined ? 'Open the page' : `Open the ${isOver ? 'last unhealthy ' : ''}run`;
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      {
        type: 'TextBlock',
        text: `${data.connection}: ${title}`,
        weight: 'Bolder',
        size: 'Medium',
        color,
        wrap: true,
      },
      { type: 'FactSet', facts },
      {
        // not a fact, which would be cut after some words. A TextRun shows Markdown in the text of others as it is.
        type: 'RichTextBlock',
        inlines: [
          ...(isOver ? [{ type: 'TextRun', text: 'Last reason: ' }] : []),
          { type: 'TextRun', text: data.reason.code, weight: 'Bolder' },
          { type: 'TextRun', text: `: ${data.reason.message.replace(LONG_WORD, '$&\u200b')}` },
        ],
      },
    ],
    actions: link === undefined ? [] : [{ type: 'Action.OpenUrl', title: open, url: link }],
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  };
}

function timesOf({ since, incident: { began, ended } }: NotificationData): { title: string; value: string }[] {
  if (ended !== undefined) {
    return [
      { title: 'Began', value: plainTime(began) },
      { title: 'Ended', value: plainTime(ended) },
      { title: 'Lasted', value: plainDuration(Date.parse(ended) - Date.parse(began)) },
    ];
  }
  const [state, incident] = [plainTime(since), plainTime(began)];
  return [
    { title: 'Since', value: state },
    ...(incident === state ? [] : [{ title: 'Incident', value: `began ${incident}` }]),
  ];
}
