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
import { NotTables } from './tableErrors';
import { TablesLedger } from './tablesLedger';
import { TablesRunStore } from './tablesRunStore';

/** The table's name in the account. */
export const TABLE_NAME = 'AcsIdentityRuns';

/** Where to keep runs, and how to get in. */
export type HistoryPlace =
  | { kind: 'memory' }
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | { kind: 'entra'; setting: string; uri: string; credential: () => Promise<TokenCredential> };

/** Requests are repeated where their meaning is known: see `Rows`. The SDK would not repeat what fails inside a transaction. */
const RETRIES = { maxRetries: 0 };

/** What is kept of runs, and of the users that they made. */
export interface History {
  runs: RunStore;
  ledger: Ledger;
  /**
   * How far this machine's clock is ahead of the storage's, in milliseconds, by the `Date` of its last answer; undefined before the first answer
   * and without a storage.
   */
  clockSkewMs: () => number | undefined;
  /** What the storage has; `undefined` without a storage. @throws AppError `StorageUnavailable` */
  presence: () => Promise<HistoryPresence | undefined>;
}

/** The history at `place`; nothing is connected to before it is used. `onOutcome`: see {@link TableOptions}. */
export function openHistory(place: HistoryPlace, partitionKey: string, onOutcome?: TableOptions['onOutcome']): History {
  if (place.kind === 'memory') {
    const ledger = new MemoryLedger();
    return {
      runs: new MemoryRunStore(ledger),
      ledger,
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
  return {
    runs: new TablesRunStore(table),
    ledger: new TablesLedger(table),
    clockSkewMs: () => skewMs,
    presence: () => table.presence(),
  };
}

/**
 * Takes no answer of something else than the storage for one of it, and compares this clock with the `Date` of each answer, which has whole seconds
 * and was written while the request was on its way.
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
      // a clock that is right is in between
      if (!Number.isNaN(date)) onSkew(sentAt > date + 1_000 ? sentAt - date - 1_000 : Math.min(0, Date.now() - date));
      return response;
    },
  };
}

/** Is the storage on this machine, where it is asked over http? */
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
    // the cause is left out: it may repeat the connection string
    throw misconfigured(
      place.setting,
      'is not the connection string of a storage account with tables. Copy it from Access keys in the Azure portal.',
    );
  }
}
