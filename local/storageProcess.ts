// Azurite in a process of its own, forked by storage.ts.
//   argv: one StorageProcessOptions as JSON
import { join } from 'node:path';
import type ConfigurationBase from 'azurite/dist/src/common/ConfigurationBase';
import type ServerBase from 'azurite/dist/src/common/ServerBase';
import type * as Telemetry from 'azurite/dist/src/common/Telemetry';
import { runPart } from './partProcess';

/** In the order in which they start and their ports are reported. */
export type StorageService = 'blob' | 'queue' | 'table';

export interface StorageProcessOptions {
  /** The services to start, each on its port of 127.0.0.1; 0 = any free one. */
  services: { service: StorageService; port: number }[];
  /** An existing directory for the data; without it nothing is kept on disk. */
  location?: string;
}

const host = '127.0.0.1';

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

// It says the port of each service, in the order of the options. The process ends when its data is written and its last request is answered.
runPart(async () => {
  const servers = await startServers();
  return { ready: servers.map(portOf), stop: () => Promise.all(servers.map((server) => server.close())) };
});
