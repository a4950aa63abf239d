import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deliver } from '../../src/status/webhook';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
let server: Server;
let collecting: NodeJS.Timeout;

// Node.js 20 can collect a signal of AbortSignal.timeout that only AbortSignal.any refers to
beforeAll(() => {
  collecting = setInterval(collectGarbage, 50);
});
afterAll(() => clearInterval(collecting));
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function receiverThat(begins: boolean): Promise<string> {
  server = createServer((_request, response) => {
    if (begins) response.writeHead(200).write('begun');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test.each([
  ['is silent', false],
  ['begins to answer and does not end', true],
])(
  'a receiver that %s is given up in time, whatever garbage collection does',
  async (_how, begins) => {
    const url = await receiverThat(begins);
    const startedAt = performance.now();
    expect(await deliver(url, { method: 'GET' }, 500)).toEqual({
      kind: 'later',
      reason: 'the receiver did not answer within 0.5 s',
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  },
  10_000,
);
