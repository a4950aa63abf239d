import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage } from '../../local/storage';
import type { FunctionsHostOptions } from '../../local/functionsHost/host';
import { startApp, type AppUnderTest } from './appUnderTest';
import { startMeddlingProxy, type MeddlingProxy } from './meddlingProxy';

/** The same for this file and for a bundle of it in .local/bench. */
const root = resolve(__dirname, '../..');

/** The emulator and Azurite, each behind a proxy that can go wrong, and the app on them. */
export interface Surroundings {
  emulator: IdentityEmulator;
  /** In front of the emulator. */
  acs: MeddlingProxy;
  /** In front of Azurite's tables. */
  tables: MeddlingProxy;
  /** Of Azurite itself, past the proxy. */
  storageConnectionString: string;
  /** Sets the clocks of ACS and storage forward; the storage's by `skewMs` less. */
  setClocks(aheadMs: number, skewMs?: number): void;
  /** Starts the app with a clock that is ahead of this machine's; those of ACS and storage are set forward as well, the storage's by `skewMs` less. */
  open(
    more?: Record<string, string>,
    clock?: { aheadMs?: number; skewMs?: number },
    host?: Partial<FunctionsHostOptions>,
  ): Promise<AppUnderTest>;
  /** Of the app's process. */
  pid(): Promise<number>;
  /** Takes back what was done to requests and faults. */
  reset(): void;
  close(): Promise<void>;
}

export async function startSurroundings(): Promise<Surroundings> {
  let acsAheadMs = 0;
  const directory = await mkdtemp(join(tmpdir(), 'app-with-proxies-'));
  const emulator = await createIdentityEmulator({ now: () => Date.now() + acsAheadMs });
  const storage = await startStorage({
    port: 0,
    inMemory: true,
    tableOnly: true,
    processFile: join(root, '.local/build/storageProcess.js'),
  });
  const [acs, tables] = await Promise.all([startMeddlingProxy(emulator.port), startMeddlingProxy(storage.tablePort)]);
  const settings = {
    AcsIdentity: emulator.connectionString.replace(`:${emulator.port}/`, `:${acs.port}/`),
    AzureWebJobsStorage: storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`),
    NODE_OPTIONS: `--require ${JSON.stringify(join(root, 'test/app/preloaded.cjs'))}`,
    TEST_PID_FILE: join(directory, 'pid'),
  };
  const setClocks = (aheadMs: number, skewMs = 0) => {
    acsAheadMs = aheadMs;
    tables.dateAheadMs = aheadMs - skewMs;
  };
  const reset = () => {
    acs.meddle = tables.meddle = () => undefined;
    emulator.clearFaults();
  };
  return {
    emulator,
    acs,
    tables,
    storageConnectionString: storage.connectionString,
    setClocks,
    async open(more = {}, { aheadMs = 0, skewMs = 0 } = {}, host = {}) {
      setClocks(aheadMs, skewMs);
      return startApp({ ...settings, ...more, TEST_CLOCK_AHEAD_MS: String(aheadMs) }, undefined, host);
    },
    pid: async () => Number(await readFile(join(directory, 'pid'), 'utf8')),
    reset,
    async close() {
      await Promise.all([acs.close(), tables.close(), emulator.close(), storage.stop()]);
      await rm(directory, { recursive: true });
    },
  };
}
