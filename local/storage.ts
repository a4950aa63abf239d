import { fork, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CommandError, FAILED } from './messages';
import type { StorageMessage, StorageProcessOptions } from './storageProcess';

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
const stopLimitMs = 10_000;

/** Where `npm run build` puts the process's file: the same for this file's source and for its built copy. */
function builtProcessFile(): string {
  const isBuilt = /[\\/]\.local[\\/]build$/.test(__dirname);
  return isBuilt ? resolve(__dirname, 'storageProcess.js') : resolve(__dirname, '../.local/build/storageProcess.js');
}

/**
 * Starts Azurite on 127.0.0.1 in a process of its own, without telemetry. The process ends with this one.
 * @throws an error with code EADDRINUSE and `port` when a port is taken; CommandError when it cannot start
 */
export async function startStorage(options: StorageOptions): Promise<RunningStorage> {
  const { location, tableOnly = false } = options;
  if (location !== undefined) await mkdir(location, { recursive: true });
  const child = fork(options.processFile ?? builtProcessFile(), [JSON.stringify(processOptions(options))], {
    // AZURITE_ACCOUNTS would replace the well-known account that UseDevelopmentStorage=true means.
    env: { ...process.env, AZURITE_ACCOUNTS: undefined },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const ready = await portsOf(child).catch(async (error: unknown) => {
    child.kill('SIGKILL');
    await ended;
    throw error;
  });
  const [blobPort = 0, queuePort = 0, tablePort = 0] = tableOnly ? [0, 0, ...ready] : ready;
  let stopping = false;
  return {
    blobPort,
    queuePort,
    tablePort,
    connectionString: connectionStringFor({ blob: blobPort, queue: queuePort, table: tablePort }),
    ended,
    stop: () => {
      if (stopping) child.kill('SIGKILL');
      else if (child.connected) child.disconnect();
      stopping = true;
      const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      return ended.finally(() => clearTimeout(limit));
    },
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

function portsOf(child: ChildProcess): Promise<number[]> {
  const errorOutput: Buffer[] = [];
  child.stderr?.on('data', (data: Buffer) => errorOutput.push(data));
  return new Promise((done, fail) => {
    child.once('message', (message: StorageMessage) => {
      if ('ready' in message) done(message.ready);
      else if (message.code === 'EADDRINUSE') fail(Object.assign(new Error(message.failed), message));
      else fail(new CommandError(`Azurite could not start: ${message.failed}`, FAILED));
    });
    child.once('error', fail);
    child.once('exit', (code) => {
      const output = Buffer.concat(errorOutput).toString().trim();
      fail(new CommandError(`Azurite could not start (exit code ${code ?? 'none'}). ${output}`.trim(), FAILED));
    });
  });
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
