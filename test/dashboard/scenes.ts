import { resolve } from 'node:path';
import type { IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { TablePartition } from '../../src/history/tablePartition';
import { openHistory, TABLE_NAME, type History } from '../../src/history/openHistory';
import type { Run } from '../../src/runs/run';
import { TableClient } from '@azure/data-tables';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { startMeddlingProxy, type MeddlingProxy } from '../app/meddlingProxy';
import { seedHours, seedRuns } from '../history/seedRuns';

const PARTITION = 'local-identity-lifecycle';

/** An app with a history of its own. */
export interface Scene {
  app: AppUnderTest;
  storage: RunningStorage;
  /** In front of the app's tables. */
  tables: MeddlingProxy;
  /** The same history, past the proxy. */
  history: History;
  url: string;
  stop(): Promise<void>;
}

export interface SceneOptions {
  /** Oldest first. They are saved as the app saves them, so they also decide the states of connections. */
  runs?: readonly Run[];
  /** Older runs, oldest first, which only fill the history. */
  olderRuns?: readonly Run[];
  settings?: Record<string, string>;
  /** Changes the history after its runs are saved. */
  change?: (history: History) => Promise<unknown>;
}

/** Storage with these runs, and an app over it. */
export async function openScene(emulator: IdentityEmulator, options: SceneOptions = {}): Promise<Scene> {
  const { runs = [], olderRuns = [], settings = {}, change } = options;
  const storage = await startStorage({
    port: 0,
    inMemory: true,
    tableOnly: true,
    processFile: resolve(__dirname, '../../.local/build/storageProcess.js'),
  });
  const { connectionString } = storage;
  const tables = await startMeddlingProxy(storage.tablePort);
  const history = openHistory(
    { kind: 'connectionString', setting: 'X', connectionString },
    PARTITION,
    undefined,
    () => ({ failuresUntilFailing: 2, notify: false }),
  );
  if (olderRuns.length > 0) {
    const client = TableClient.fromConnectionString(connectionString, TABLE_NAME, { allowInsecureConnection: true });
    const table = new TablePartition({
      client: () => Promise.resolve(client),
      partitionKey: PARTITION,
      setting: 'X',
      limitMs: 600_000,
    });
    await seedRuns(table, olderRuns);
    await seedHours(table, olderRuns);
  }
  for (const run of runs) await history.runs.save(run);
  await change?.(history);
  const app = await startApp({
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`),
    // hardly ever fires during a test: the state is that of the runs above
    WORKFLOW_SCHEDULE: '0 0 */12 * * *',
    NOTIFY_AFTER_FAILURES: '2',
    ...settings,
  });
  return {
    app,
    storage,
    tables,
    history,
    url: `http://127.0.0.1:${app.host.port}/api/dashboard`,
    async stop() {
      await app.stop();
      await tables.close();
      await storage.stop();
    },
  };
}
