import type { TableClient, TableServiceClientOptions } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { misconfigured } from '../errors';
import { HistoryTable } from './historyTable';
import type { Ledger } from './ledger';
import { MemoryLedger } from './memoryLedger';
import { MemoryRunStore } from './memoryRunStore';
import type { RunStore } from './runStore';
import { TablesLedger } from './tablesLedger';
import { TablesRunStore } from './tablesRunStore';

/** The table's name in the account. */
export const TABLE_NAME = 'AcsIdentityRuns';

/** Where to keep runs, and how to get in. */
export type HistoryPlace =
  | { kind: 'memory' }
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | { kind: 'entra'; setting: string; uri: string; credential: () => Promise<TokenCredential> };

const RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 };

/** What is kept of runs, and of the users that they made. */
export interface History {
  runs: RunStore;
  ledger: Ledger;
}

/** The history at `place`; nothing is connected to before it is used. */
export function openHistory(place: HistoryPlace, partitionKey: string): History {
  if (place.kind === 'memory') return { runs: new MemoryRunStore(), ledger: new MemoryLedger() };
  const table = new HistoryTable({ partitionKey, setting: place.setting, client: () => tableClient(place) });
  return { runs: new TablesRunStore(table), ledger: new TablesLedger(table) };
}

async function tableClient(place: Exclude<HistoryPlace, { kind: 'memory' }>): Promise<TableClient> {
  const tables = await import('./tables.chunk');
  if (place.kind === 'entra') {
    if (!/^https:\/\/[^/?#@]+\/?$/.test(place.uri)) {
      throw misconfigured(
        `${place.setting}__tableServiceUri`,
        'must look like https://ACCOUNT.table.core.windows.net.',
      );
    }
    return new tables.TableClient(place.uri, TABLE_NAME, await place.credential(), { retryOptions: RETRIES });
  }
  const local = /usedevelopmentstorage=true|tableendpoint=http:\/\/(127\.|localhost|\[::1\])/i.test(
    place.connectionString,
  );
  const options: TableServiceClientOptions = { retryOptions: RETRIES, allowInsecureConnection: local };
  try {
    return tables.TableClient.fromConnectionString(place.connectionString, TABLE_NAME, options);
  } catch {
    // the cause is left out: it may repeat the connection string
    throw misconfigured(place.setting, 'is not the connection string of a storage account with tables.');
  }
}
