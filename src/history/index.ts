import { createCredential } from '../identity/credentials';
import { recordStorageOutcome } from '../base/dependencyHealth';
import { stateRules } from '../base/operationsSettings';
import { historySettings, siteName } from '../base/workflowSettings';
import { WORKFLOW_NAME } from '../runs/run';
import { openHistory, type History, type HistoryPlace } from './openHistory';

let opened: History | undefined;

/** The run history that the settings name. Opened on first use, then kept. @throws AppError `Misconfigured` */
export function history(): History {
  if (opened) return opened;
  opened = openHistory(historyPlace(), partitionOf(siteName()), recordStorageOutcome, stateRules);
  return opened;
}

/** The storage that the settings name. @throws AppError `Misconfigured` */
export function historyPlace(): HistoryPlace {
  const settings = historySettings();
  if (settings.kind !== 'entra') return settings;
  const { kind, setting, uri, credential, clientId } = settings;
  return { kind, setting, uri, credential: () => createCredential(credential, clientId) };
}

/** How far this machine's clock is ahead of the storage's, in milliseconds; `undefined` if the storage has not been used yet. */
export const clockSkewMs = (): number | undefined => opened?.clockSkewMs();

/** The partition of the runs of a site. */
export const partitionOf = (site: string): string => `${site}-${WORKFLOW_NAME}`;
