import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems hand out by themselves: nobody who listens on port 0 gets one of these. */
const LOWEST = 10_000;
const PORTS_OF_WORKER = 2_000;
const MOST_WORKERS = 9;

/**
 * A port that is free, and stays free for a test that starts something on it later, or again: each of Jest's processes has ports of its own. `count`
 * ports in a row are free.
 */
export async function fixedPort(count = 1): Promise<number> {
  const worker = (Number(process.env.JEST_WORKER_ID ?? MOST_WORKERS) - 1) % MOST_WORKERS;
  for (;;) {
    const port = LOWEST + worker * PORTS_OF_WORKER + Math.floor(Math.random() * (PORTS_OF_WORKER - count));
    const servers: Server[] = [];
    try {
      for (let offset = 0; offset < count; offset += 1) {
        const server = createServer().listen(port + offset, '127.0.0.1');
        await once(server, 'listening');
        servers.push(server);
      }
      return port;
    } catch {
      // somebody else has one of them
    } finally {
      await Promise.all(servers.map((server) => once(server.close(), 'close')));
    }
  }
}
