import { TableClient } from '@azure/data-tables';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storageConnectionString, startStorage, type RunningStorage, type StorageOptions } from '../../local/storage';
import type { PartMessage } from '../../local/forkedPart';
import type { StorageProcessOptions } from '../../local/storageProcess';
import { fixedPort } from '../fixedPort';

const running: RunningStorage[] = [];
async function start(options: StorageOptions): Promise<RunningStorage> {
  const storage = await startStorage(options);
  running.push(storage);
  return storage;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((storage) => storage.stop()));
});

const tableOf = (storage: RunningStorage) =>
  TableClient.fromConnectionString(storage.connectionString, 'kept', { allowInsecureConnection: true });

async function isListening(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}

async function listen(port: number): Promise<net.Server> {
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** A port that is taken for as long as `use` runs, while the one below it is free. */
async function withTakenPort(use: (port: number) => Promise<void>): Promise<void> {
  const port = (await fixedPort(2)) + 1;
  const server = await listen(port);
  try {
    await use(port);
  } finally {
    server.close();
  }
}

describe('the storage emulator', () => {
  it('on free ports has three services, and its data is gone with it when it is kept in memory', async () => {
    const storage = await start({ port: 0, inMemory: true });
    const ports = [storage.blobPort, storage.queuePort, storage.tablePort];
    expect(new Set(ports).size).toBe(3);
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true, true]);
    await storage.stop();
    expect(await Promise.all(ports.map(isListening))).toEqual([false, false, false]);
  });

  it('keeps its data in its directory over a restart', async () => {
    const location = await mkdtemp(join(tmpdir(), 'storage-'));
    try {
      const first = await start({ port: 0, location, tableOnly: true });
      await tableOf(first).createTable();
      await tableOf(first).createEntity({ partitionKey: 'a', rowKey: 'b', text: 'still there' });
      await first.stop();
      const second = await start({ port: 0, location, tableOnly: true });
      expect(await tableOf(second).getEntity('a', 'b')).toMatchObject({ text: 'still there' });
      await second.stop();
      // Telemetry would leave its state here.
      expect((await readdir(location)).filter((name) => !name.startsWith('__'))).toEqual([]);
    } finally {
      await rm(location, { recursive: true });
    }
  });

  it('keeps the data of all services in its directory', async () => {
    const location = await mkdtemp(join(tmpdir(), 'storage-'));
    try {
      await (await start({ port: 0, location })).stop();
      expect((await readdir(location)).sort()).toEqual([
        '__azurite_db_blob__.json',
        '__azurite_db_blob_extent__.json',
        '__azurite_db_queue__.json',
        '__azurite_db_queue_extent__.json',
        '__azurite_db_table__.json',
        '__blobstorage__',
        '__queuestorage__',
      ]);
    } finally {
      await rm(location, { recursive: true });
    }
  });

  it('says why it cannot start when its data is damaged', async () => {
    const location = await mkdtemp(join(tmpdir(), 'storage-'));
    try {
      await writeFile(join(location, '__azurite_db_table__.json'), '{damaged');
      await expect(start({ port: 0, location })).rejects.toThrow(/^Azurite could not start: .*JSON/);
    } finally {
      await rm(location, { recursive: true });
    }
  });

  (process.platform === 'win32' ? it.skip : it)(
    'goes on at Ctrl+C, and ends with the channel to its parent',
    async () => {
      const options: StorageProcessOptions = { services: [{ service: 'table', port: 0 }] };
      const child = fork(resolve('.local/build/storageProcess.js'), [JSON.stringify(options)], { execArgv: [] });
      try {
        const [{ ready }] = (await once(child, 'message')) as [Extract<PartMessage<number[]>, { ready: number[] }>];
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
        const exited = once(child, 'exit');
        expect(await Promise.race([exited, sleep(300)])).toBeUndefined();
        expect(await isListening(ready[0] ?? 0)).toBe(true);
        child.disconnect();
        expect(await exited).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  it('can be tables alone', async () => {
    const storage = await start({ port: 0, inMemory: true, tableOnly: true });
    expect(storage).toMatchObject({ blobPort: 0, queuePort: 0 });
    expect(storage.connectionString).not.toContain('BlobEndpoint');
    await tableOf(storage).createTable();
  });

  it('says which port is taken, and leaves the others free', () =>
    withTakenPort(async (port) => {
      await expect(start({ port: port - 1, inMemory: true })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
      expect(await isListening(port - 1)).toBe(false);
      await expect(start({ port, inMemory: true, tableOnly: true })).rejects.toMatchObject({
        code: 'EADDRINUSE',
        port,
      });
    }));

  it('says why it cannot start', async () => {
    const missing = join(tmpdir(), 'no-such-process.js');
    await expect(start({ port: 0, inMemory: true, processFile: missing })).rejects.toThrow(/Azurite could not start/);
    await expect(start({ port: 0, location: join(__filename, 'x') })).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('has the well-known account on the ports that follow the first', () => {
    expect(storageConnectionString(11000)).toMatch(
      /AccountName=devstoreaccount1;.*BlobEndpoint=http:\/\/127.0.0.1:11000\/.*QueueEndpoint=http:\/\/127.0.0.1:11001\/.*TableEndpoint=http:\/\/127.0.0.1:11002\//,
    );
  });
});
