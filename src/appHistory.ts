import type { Health } from './health';
import { openHistory, type History } from './history/openHistory';
import { createCredential } from './identity/credentials';
import { historySettings, siteName } from './settings';
import { identityLifecycle } from './workflow/identityLifecycle';

/** The history that the settings name. Whether its storage answers is noted for health. @throws AppError `Misconfigured` */
export function openAppHistory(health: Health): History {
  const settings = historySettings();
  const history = openHistory(
    settings.kind === 'entra'
      ? {
          kind: 'entra',
          setting: settings.setting,
          uri: settings.uri,
          credential: () => createCredential(settings.credential, settings.clientId),
        }
      : settings,
    `${siteName()}-${identityLifecycle.name}`,
  );
  const noted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      health.note('storage');
      return result;
    } catch (error) {
      health.note('storage', error);
      throw error;
    }
  };
  const { runs, ledger } = history;
  return {
    ...history,
    runs: {
      kind: runs.kind,
      save: (run, deleted) => noted(runs.save(run, deleted)),
      close: (run) => noted(runs.close(run)),
      cleaned: (entry) => noted(runs.cleaned(entry)),
      get: (id) => noted(runs.get(id)),
      list: (query) => noted(runs.list(query)),
      hours: (query) => noted(runs.hours(query)),
      unknown: (query) => noted(runs.unknown(query)),
      maintain: (keepFrom, limitMs) => noted(runs.maintain(keepFrom, limitMs)),
      check: () => noted(runs.check()),
    },
    ledger: {
      add: (entry) => noted(ledger.add(entry)),
      strike: (entry) => noted(ledger.strike(entry)),
      list: (query) => noted(ledger.list(query)),
    },
  };
}
