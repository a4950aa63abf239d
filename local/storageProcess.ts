// Azurite in a process of its own, forked by storage.ts. It lives as long as the channel to its parent is open: the parent
// decides when it stops, and it never outlives the parent, however that ends.
//   argv: one StorageProcessOptions as JSON
import { join } from 'node:path';
import type ConfigurationBase from 'azurite/dist/src/common/ConfigurationBase';
import type ServerBase from 'azurite/dist/src/common/ServerBase';
import type * as Telemetry from 'azurite/dist/src/common/Telemetry';

/** In the order in which they start and their ports are reported. */
export type StorageService = 'blob' | 'queue' | 'table';

export interface StorageProcessOptions {
  /** The services to start, each on its port of 127.0.0.1; 0 = any free one. */
  services: { service: StorageService; port: number }[];
  /** An existing directory for the data; without it nothing is kept on disk. */
  location?: string;
}

/** What this process sends to its parent, once: the port of each service in the order of the options, or why it cannot start. */
export type StorageMessage = { ready: number[] } | { failed: string; code?: string; port?: number };

const host = '127.0.0.1';
const stopLimitMs = 5000;

const options = JSON.parse(process.argv[2] ?? '') as StorageProcessOptions;

/** Loads a file of Azurite. Each service is loaded only when it is started: tables alone start in half the time. */
function loadAzurite<Module>(file: string): Module {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- its files are CommonJS and depend on the service
  return require(`azurite/dist/src/${file}`) as Module;
}

function createServer(service: StorageService, port: number): ServerBase {
  const name = { blob: 'Blob', queue: 'Queue', table: 'Table' }[service];
  const { default: Configuration } = loadAzurite<{ default: new (host: string, port: number) => ConfigurationBase }>(
    `${service}/${name}Configuration`,
  );
  const { default: Server } = loadAzurite<{ default: new (configuration: ConfigurationBase) => ServerBase }>(
    `${service}/${name}Server`,
  );
  return new Server(configure(new Configuration(host, port)));
}

function configure(configuration: ConfigurationBase): ConfigurationBase {
  configuration.enableAccessLog = false;
  // The SDKs' api-version is often newer than the one that this Azurite knows.
  configuration.skipApiVersionCheck = true;
  const { location } = options;
  if (location === undefined) {
    configuration.isMemoryPersistence = true;
    return configuration;
  }
  configuration.metadataDBPath = join(location, configuration.metadataDBPath);
  if (configuration.extentDBPath !== undefined) {
    configuration.extentDBPath = join(location, configuration.extentDBPath);
  }
  if (configuration.persistencePathArray !== undefined) {
    configuration.persistencePathArray = configuration.persistencePathArray.map((directory) => ({
      ...directory,
      locationPath: join(location, directory.locationPath),
    }));
  }
  return configuration;
}

const portOf = (server: ServerBase): number => Number(server.getHttpServerAddress().split(':').at(-1));

/** The servers, once all of them listen. */
async function startServers(): Promise<ServerBase[]> {
  loadAzurite<typeof Telemetry>('common/Telemetry').AzuriteTelemetryClient.init(options.location ?? '', false);
  const servers = options.services.map(({ service, port }) => createServer(service, port));
  for (const server of servers) await server.start();
  return servers;
}

function failureOf(error: unknown): StorageMessage {
  const { message, code, port } = error as NodeJS.ErrnoException & { port?: number };
  return { failed: message, ...(code !== undefined && { code }), ...(port !== undefined && { port }) };
}

/** Writes the data. The process then ends when its last request is answered, or after the limit. */
async function stopServers(servers: ServerBase[]): Promise<void> {
  setTimeout(() => process.exit(0), stopLimitMs).unref();
  await Promise.all(servers.map((server) => server.close()));
}

// Ctrl+C goes to the whole group, but the app still needs its storage while it stops.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const exitWhileStarting = (): void => process.exit(0);
process.on('disconnect', exitWhileStarting);

startServers().then(
  (servers) => {
    process.off('disconnect', exitWhileStarting);
    process.on('disconnect', () => void stopServers(servers));
    process.send?.({ ready: servers.map(portOf) } satisfies StorageMessage);
  },
  (error: unknown) => process.send?.(failureOf(error), () => process.exit(1)),
);
