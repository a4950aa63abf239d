import { createCredential } from '../identity/credentials';
import { noteStorage } from '../base/lastSeen';
import { historySettings, siteName } from '../base/workflowSettings';
import { WORKFLOW_NAME } from '../runs/run';
import { openHistory, type History } from './openHistory';

let opened: History | undefined;

/** The history that the settings name; opened on first use, then kept. @throws AppError `Misconfigured` */
export function history(): History {
  if (opened) return opened;
  const settings = historySettings();
  const place =
    settings.kind === 'entra'
      ? {
          kind: settings.kind,
          setting: settings.setting,
          uri: settings.uri,
          credential: () => createCredential(settings.credential, settings.clientId),
        }
      : settings;
  opened = openHistory(place, partitionOf(siteName()), noteStorage);
  return opened;
}

/** How far this machine's clock is ahead of the storage's, in milliseconds, if the history has been used. */
export const clockSkewMs = (): number | undefined => opened?.clockSkewMs();

/** The partition that keeps the runs of a site. */
export const partitionOf = (site: string): string => `${site}-${WORKFLOW_NAME}`;
