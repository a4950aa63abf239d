// The directory of people in Azurite and users in the emulator, each behind a proxy that can go wrong.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage } from '../../local/storage';
import { openDirectory, type Directory } from '../../src/auth/directory';
import type { MappingKey } from '../../src/auth/directoryRows';
import { Identities, type UserSource } from '../../src/auth/identities';
import { AcsActions } from '../../src/identity/acsActions';
import { openConnection } from '../../src/identity/connections';
import { startMeddlingProxy, type MeddlingProxy } from '../app/meddlingProxy';

export const TENANT = '0f3b6f0a-7d1c-4c5e-9a55-3f6a4a2f9b10';
export const RESOURCE = 'contoso.communication.azure.com';

export interface DirectoryUnderTest {
  emulator: IdentityEmulator;
  actions: AcsActions;
  source: UserSource;
  acs: MeddlingProxy;
  tables: MeddlingProxy;
  /** Of Azurite itself, past the proxy. */
  storageConnectionString: string;
  /** A directory with a client of its own, through the proxy, as another instance of the app has it. */
  open(): Directory;
  /** What creates and finds users, with a directory and a cache of its own. */
  instance(): Identities;
  /** A person whom no test has had. */
  somebody(): { tenantId: string; objectId: string };
  userIds(): string[];
  reset(): void;
  close(): Promise<void>;
}

export async function startDirectory(): Promise<DirectoryUnderTest> {
  const [emulator, storage] = await Promise.all([
    createIdentityEmulator(),
    startStorage({ port: 0, inMemory: true, tableOnly: true }),
  ]);
  const [acs, tables] = await Promise.all([startMeddlingProxy(emulator.port), startMeddlingProxy(storage.tablePort)]);
  const connection = await openConnection({
    name: 'AcsIdentity',
    connectionString: emulator.connectionString.replace(`:${emulator.port}/`, `:${acs.port}/`),
    endpoint: undefined,
    credential: undefined,
    clientId: undefined,
  });
  const actions = new AcsActions(connection);
  const connectionString = storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`);
  const open = () => openDirectory({ kind: 'connectionString', setting: 'AzureWebJobsStorage', connectionString });
  let people = 0;
  return {
    emulator,
    actions,
    source: { connection: 'AcsIdentity', actions, cleanupActions: actions },
    acs,
    tables,
    storageConnectionString: storage.connectionString,
    open,
    instance: () => new Identities(open()),
    somebody: () => ({ tenantId: TENANT, objectId: `person-${(people += 1)}` }),
    userIds: () => emulator.users().map(({ id }) => id),
    reset() {
      emulator.clearFaults();
      acs.meddle = tables.meddle = () => undefined;
      tables.dateAheadMs = 0;
    },
    async close() {
      await Promise.all([acs.close(), tables.close(), emulator.close()]);
      await storage.stop();
    },
  };
}

export const keyOf = (person: { tenantId: string; objectId: string }, device = 'default'): MappingKey => ({
  ...person,
  device,
  resource: RESOURCE,
});
