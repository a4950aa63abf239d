import type { TableClient, TableServiceClientOptions } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { misconfigured } from '../base/errors';
import { isLoopback } from '../base/loopback';
import { connectionStringParts } from '../base/settings';
import { HistoryTable, type HistoryPresence, type TableOptions } from './historyTable';
import type { Ledger } from '../runs/ledger';
import { MemoryLedger } from './memoryLedger';
import { MemoryRunStore } from './memoryRunStore';
import type { RunStore } from '../runs/runStore';
import type { StateRules } from '../runs/connectionState';
import type { StateStore } from '../runs/stateStore';
import { MemoryStates } from './memoryStates';
import { TablesStates } from './tablesStates';
import { NotTables } from './tableErrors';
import { TablesLedger } from './tablesLedger';
import { TablesRunStore } from './tablesRunStore';

/** The table's name in the account. */
export const TABLE_NAME = 'AcsIdentityRuns';

/** The place where runs are kept, with its credentials. */
export type HistoryPlace =
  | { kind: 'memory' }
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | { kind: 'entra'; setting: string; uri: string; credential: () => Promise<TokenCredential> };

/** The SDK's retries are off: it does not retry an error inside a transaction. `Rows` retries requests. */
const RETRIES = { maxRetries: 0 };

/** The stored runs, and the ledger of the users that they created. */
export interface History {
  runs: RunStore;
  ledger: Ledger;
  states: StateStore;
  /**
   * How far this machine's clock is ahead of the storage's, in milliseconds, by the `Date` header of its last answer. `undefined` before the first answer,
   * and in memory.
   */
  clockSkewMs: () => number | undefined;
  /** What exists in the storage; `undefined` in memory. @throws AppError `StorageUnavailable` */
  presence: () => Promise<HistoryPresence | undefined>;
}

/** The history at `place`. Makes no connection before the first use. `onOutcome`: see {@link TableOptions}. `rules`: when the state of a connection changes. */
export function openHistory(
  place: HistoryPlace,
  partitionKey: string,
  onOutcome?: TableOptions['onOutcome'],
  rules: () => StateRules = () => ({ failuresUntilFailing: 1, notify: false }),
): History {
  if (place.kind === 'memory') {
    const ledger = new MemoryLedger();
    const store = new MemoryStates();
    return {
      runs: new MemoryRunStore(ledger, { store, rules }),
      ledger,
      states: store,
      clockSkewMs: () => undefined,
      presence: () => Promise.resolve(undefined),
    };
  }
  let skewMs: number | undefined;
  const client = async () => {
    const opened = await tableClient(place);
    opened.pipeline.addPolicy(answerPolicy((ms) => (skewMs = ms)));
    return opened;
  };
  const table = new HistoryTable({
    partitionKey,
    setting: place.setting,
    client,
    ...(onOutcome ? { onOutcome } : {}),
  });
  const store = new TablesStates(table);
  return {
    runs: new TablesRunStore(table, { store, rules }),
    ledger: new TablesLedger(table),
    states: store,
    clockSkewMs: () => skewMs,
    presence: () => table.presence(),
  };
}

/**
 * Rejects successful answers that are not from Azure Storage (a proxy's, for instance), and compares this machine's clock with the `Date` header of each
 * answer. That header has whole seconds, and was written between sending the request and receiving the answer.
 */
function answerPolicy(onSkew: (ms: number) => void): PipelinePolicy {
  return {
    name: 'storageAnswer',
    async sendRequest(request, next) {
      const sentAt = Date.now();
      const response = await next(request);
      const { headers } = response;
      if (response.status < 300 && !headers.has('x-ms-version') && !headers.has('x-ms-request-id'))
        throw new NotTables();
      const date = Date.parse(headers.get('date') ?? '');
      // no difference if the header's time may be between the two
      if (!Number.isNaN(date)) onSkew(sentAt > date + 1_000 ? sentAt - date - 1_000 : Math.min(0, Date.now() - date));
      return response;
    },
  };
}

/** Is the storage on this machine? Then it may be called with http. */
function isLocal(connectionString: string): boolean {
  const parts = connectionStringParts(connectionString);
  if (parts.get('usedevelopmentstorage')?.toLowerCase() === 'true') return true;
  const endpoint = parts.get('tableendpoint');
  return endpoint !== undefined && URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname);
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
  const local = isLocal(place.connectionString);
  const options: TableServiceClientOptions = { retryOptions: RETRIES, allowInsecureConnection: local };
  try {
    return tables.TableClient.fromConnectionString(place.connectionString, TABLE_NAME, options);
  } catch {
    // no `cause`: it may repeat the connection string
    throw misconfigured(
      place.setting,
      'is not the connection string of a storage account with tables. Copy it from Access keys in the Azure portal.',
    );
  }
}
