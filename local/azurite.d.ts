// The parts of Azurite that storageProcess.ts uses. The package has no types and no entry point for use as a library; its VS Code
// extension is built on the same classes. The version is pinned in package.json.

declare module 'azurite/dist/src/common/ServerBase' {
  /** A Node HTTP server with a store behind it. `start` rejects with the error of `listen`. */
  export default class ServerBase {
    start(): Promise<void>;
    /** Like `http://127.0.0.1:10000`, with the real port. */
    getHttpServerAddress(): string;
    /** Refuses new connections and writes the data. Requests that are still running may end after it. */
    close(): Promise<void>;
  }
}

declare module 'azurite/dist/src/common/ConfigurationBase' {
  export default class ConfigurationBase {
    enableAccessLog: boolean;
    skipApiVersionCheck: boolean;
    isMemoryPersistence: boolean;
    /** The file of the database: at first a name, so in the working directory. */
    metadataDBPath: string;
    /** Blobs and queues only: the file of the database about their contents, and the directories of the contents. */
    extentDBPath?: string;
    persistencePathArray?: { locationId: string; locationPath: string; maxConcurrency: number }[];
  }
}

declare module 'azurite/dist/src/common/Telemetry' {
  export const AzuriteTelemetryClient: { init(location: string, isEnabled: boolean): void };
}
