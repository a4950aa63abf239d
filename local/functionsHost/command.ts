// The host as a command: `command.js --app DIR --port N [--no-watch]`.
import { parseArgs } from 'node:util';
import { startFunctionsHost } from './host';

const options = { app: { type: 'string' }, port: { type: 'string' }, 'no-watch': { type: 'boolean' } } as const;
const { app = '.', port: wanted, 'no-watch': noWatch = false } = parseArgs({ options }).values;
const starting = startFunctionsHost({ appDirectory: app, watch: !noWatch, ...(wanted && { port: Number(wanted) }) });
let firstAt = 0;
const stop = (signal: unknown): void => {
  // One Ctrl+C may come twice, from the terminal and from what has started this. One that comes later forces the end.
  if (firstAt === 0 || Date.now() - firstAt > 1000)
    void starting.then((host) => host.stop(signal === 'SIGTERM' ? signal : 'SIGINT'));
  firstAt ||= Date.now();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(signal, stop);
const explain = ({ code, port, message }: NodeJS.ErrnoException & { port?: number }): number => {
  const advice = 'Close the process using that port, or specify another port using --port';
  console.error(code === 'EADDRINUSE' ? `Port ${port} is unavailable. ${advice}` : message);
  return 1;
};
void starting.then(({ ended }) => ended, explain).then((exitCode) => process.exit(exitCode));
