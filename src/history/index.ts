import { createCredential } from '../identity/credentials';
import { recordStorageOutcome } from '../base/dependencyHealth';
import { stateRules } from '../base/operationsSettings';
import { historySettings, siteName } from '../base/workflowSettings';
import { WORKFLOW_NAME } from '../runs/run';
import { openHistory, type History } from './openHistory';

let opened: History | undefined;

/** The run history that the settings name. Opened on first use, then kept. @throws AppError `Misconfigured` */
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
  opened = openHistory(place, partitionOf(siteName()), recordStorageOutcome, stateRules);
  return opened;
}

/** How far this machine's clock is ahead of the storage's, in milliseconds; `undefined` if the storage has not been used yet. */
export const clockSkewMs = (): number | undefined => opened?.clockSkewMs();

/** The partition of the runs of a site. */
export const partitionOf = (site: string): string => `${site}-${WORKFLOW_NAME}`;
