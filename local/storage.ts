import { mkdir } from 'node:fs/promises';
import { builtFile, forkPart } from './forkedPart';
import type { StorageProcessOptions } from './storageProcess';

export interface StorageOptions {
  /** Blobs on this port, queues on the next, tables on the one after; 0 = any free ones. */
  port: number;
  /** Directory for the data; not with `inMemory`. */
  location?: string;
  /** Keep nothing on disk; so it is without a location, too. */
  inMemory?: boolean;
  /** Tables alone, on `port`: starts in half the time. */
  tableOnly?: boolean;
  /** The built local/storageProcess.ts. */
  processFile?: string;
}

export interface RunningStorage {
  /** 0 with `tableOnly`. */
  blobPort: number;
  /** 0 with `tableOnly`. */
  queuePort: number;
  tablePort: number;
  /** For the Azure SDKs and AzureWebJobsStorage. */
  connectionString: string;
  /** Settles when Azurite has ended, whoever ended it. */
  ended: Promise<void>;
  /** Lets Azurite write its data and end; a second call ends it at once. */
  stop(): Promise<void>;
}

const accountName = 'devstoreaccount1';
/** Public: every Azurite has it. https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key */
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/**
 * Starts Azurite on 127.0.0.1 in a process of its own, without telemetry. The process ends with this one.
 * @throws an error with code EADDRINUSE and `port` when a port is taken; CommandError when it cannot start
 */
export async function startStorage(options: StorageOptions): Promise<RunningStorage> {
  const { location, tableOnly = false } = options;
  if (location !== undefined) await mkdir(location, { recursive: true });
  const { processFile = builtFile('storageProcess.js') } = options;
  // AZURITE_ACCOUNTS would replace the well-known account that UseDevelopmentStorage=true means.
  const env = { ...process.env, AZURITE_ACCOUNTS: undefined };
  const { ready, ...part } = await forkPart<number[]>('Azurite', processFile, processOptions(options), { env });
  const [blobPort = 0, queuePort = 0, tablePort = 0] = tableOnly ? [0, 0, ...ready] : ready;
  return {
    blobPort,
    queuePort,
    tablePort,
    connectionString: connectionStringFor({ blob: blobPort, queue: queuePort, table: tablePort }),
    ...part,
  };
}

function processOptions({
  port,
  location,
  inMemory = false,
  tableOnly = false,
}: StorageOptions): StorageProcessOptions {
  const portAfter = (step: number): number => (port === 0 ? 0 : port + step);
  return {
    services: tableOnly
      ? [{ service: 'table', port }]
      : [
          { service: 'blob', port },
          { service: 'queue', port: portAfter(1) },
          { service: 'table', port: portAfter(2) },
        ],
    ...(!inMemory && location !== undefined && { location }),
  };
}

/** The connection string that `UseDevelopmentStorage=true` means, with other ports: `blobPort` and the two that follow. */
export function storageConnectionString(blobPort: number): string {
  return connectionStringFor({ blob: blobPort, queue: blobPort + 1, table: blobPort + 2 });
}

export function connectionStringFor(ports: { blob: number; queue: number; table: number }): string {
  const endpoints = Object.entries({ Blob: ports.blob, Queue: ports.queue, Table: ports.table })
    .filter(([, port]) => port !== 0)
    .map(([service, port]) => `${service}Endpoint=http://127.0.0.1:${port}/${accountName};`);
  return `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${accountKey};${endpoints.join('')}`;
}
