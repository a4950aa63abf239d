// Azurite in a process of its own, made by storage.ts. It lives as long as the channel to its parent is open: the parent
// decides when it stops, and it never outlives the parent, however that ends.
//   argv: all|table, then Azurite's own arguments
import http from 'node:http';
import { type AddressInfo } from 'node:net';

/** What this process sends to its parent: every port once, in the order blob, queue, table, or only table. */
export type StorageMessage = { ready: number[] } | { failed: string; code?: string; port?: number };

const [, , services, ...azuriteArguments] = process.argv;
const serverCount = services === 'table' ? 1 : 3;
const stopLimitMs = 5000;

const ports: number[] = [];
let failure: StorageMessage | undefined;

// Azurite has no programmatic start that gives the real ports or errors, so its servers are watched from outside.
const createServer = http.createServer.bind(http);
http.createServer = ((...serverArguments: Parameters<typeof createServer>) => {
  const server = createServer(...serverArguments);
  server.on('listening', () => {
    ports.push((server.address() as AddressInfo).port);
    if (ports.length === serverCount) process.send?.({ ready: ports } satisfies StorageMessage);
  });
  server.on('error', (error: NodeJS.ErrnoException & { port?: number }) => {
    failure ??= {
      failed: error.message,
      ...(error.code !== undefined && { code: error.code }),
      ...(error.port !== undefined && { port: error.port }),
    };
  });
  return server;
}) as typeof http.createServer;

// Azurite writes to stderr why it gives up, then ends its process: the parent hears of it first.
const lastWords: string[] = [];
console.error = (...words: unknown[]) => void lastWords.push(words.map(String).join(' '));
console.log = () => undefined;
const exit = process.exit.bind(process);
process.exit = ((code?: number) => {
  const message = failure ?? { failed: lastWords.join('\n').replace(/^Exit.*? unhandled error: /, '') };
  if (process.connected && ports.length < serverCount) process.send?.(message, () => exit(code));
  else exit(code);
}) as typeof process.exit;

// Ctrl+C goes to the whole group, but the app still needs its storage while it stops.
const once = process.once.bind(process);
process.once = ((event: string, listener: () => void) =>
  /^SIG(INT|TERM|HUP)$/.test(event) ? process : once(event, listener)) as typeof process.once;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.on('disconnect', () => {
  if (ports.length < serverCount) exit(0);
  // What Azurite takes as its order to write its data and close.
  process.emit('message', 'shutdown', undefined);
  setTimeout(() => exit(0), stopLimitMs).unref();
});

process.argv = [process.argv[0] ?? 'node', 'azurite', ...azuriteArguments];
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a program, not a module: loading it runs it
require(services === 'table' ? 'azurite/dist/src/table/main.js' : 'azurite/dist/src/azurite.js');
