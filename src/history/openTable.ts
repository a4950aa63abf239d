import type { TableClient, TableServiceClientOptions } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { misconfigured } from '../base/errors';
import { isLoopback } from '../base/loopback';
import { connectionStringParts } from '../base/settings';
import { NotTables } from './tableErrors';
import { TablePartition, type PartitionOptions } from './tablePartition';

/** A storage account with tables, and its credentials. */
export type TableStorage =
  | { kind: 'connectionString'; setting: string; connectionString: string }
  | { kind: 'entra'; setting: string; uri: string; credential: () => Promise<TokenCredential> };

/** The SDK's retries are off: it does not retry an error inside a transaction. `Rows` retries requests. */
const RETRIES = { maxRetries: 0 };

/** An Azure table. */
export interface Table {
  partition: (key: string) => TablePartition;
  /** How far this machine's clock is ahead of the storage's, in milliseconds, by the `Date` header of its last answer. `undefined` before the first answer. */
  clockSkewMs: () => number | undefined;
}

/** Opens the table `name`. Makes no connection before the first use. */
export function openTable(
  place: TableStorage,
  name: string,
  options: Pick<PartitionOptions, 'content' | 'onOutcome'> = {},
): Table {
  let skewMs: number | undefined;
  let opened: Promise<TableClient> | undefined;
  const open = async () => {
    const client = await openClient(place, name);
    client.pipeline.addPolicy(answerPolicy((ms) => (skewMs = ms)));
    return client;
  };
  const client = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    partition: (partitionKey) => new TablePartition({ ...options, partitionKey, setting: place.setting, client }),
    clockSkewMs: () => skewMs,
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

async function openClient(place: TableStorage, tableName: string): Promise<TableClient> {
  const tables = await import('./tables.chunk');
  if (place.kind === 'entra') {
    if (!/^https:\/\/[^/?#@]+\/?$/.test(place.uri)) {
      throw misconfigured(
        `${place.setting}__tableServiceUri`,
        'must look like https://ACCOUNT.table.core.windows.net.',
      );
    }
    return new tables.TableClient(place.uri, tableName, await place.credential(), { retryOptions: RETRIES });
  }
  const local = isLocal(place.connectionString);
  const options: TableServiceClientOptions = { retryOptions: RETRIES, allowInsecureConnection: local };
  try {
    return tables.TableClient.fromConnectionString(place.connectionString, tableName, options);
  } catch {
    // no `cause`: it may repeat the connection string
    throw misconfigured(
      place.setting,
      'is not the connection string of a storage account with tables. Copy it from Access keys in the Azure portal.',
    );
  }
}
