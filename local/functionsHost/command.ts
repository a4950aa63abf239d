// The host as a command: `command.js --app DIR --port N [--no-watch]`.
import { parseArgs } from 'node:util';
import { startFunctionsHost } from './host';

/** One Ctrl+C may come twice: from the terminal and from the process that started this one. */
const SAME_SIGNAL_MS = 1000;

const { values } = parseArgs({
  options: { app: { type: 'string' }, port: { type: 'string' }, 'no-watch': { type: 'boolean' } },
});
const starting = startFunctionsHost({
  appDirectory: values.app ?? '.',
  watch: values['no-watch'] !== true,
  ...(values.port && { port: Number(values.port) }),
});

let firstSignalAt: number | undefined;
const stop = (signal: unknown): void => {
  const now = Date.now();
  // A signal that comes later ends the host at once.
  const counts = firstSignalAt === undefined || now - firstSignalAt > SAME_SIGNAL_MS;
  firstSignalAt ??= now;
  if (counts) void starting.then((host) => host.stop(signal === 'SIGTERM' ? signal : 'SIGINT'));
};
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, stop);

function explainFailure(error: NodeJS.ErrnoException & { port?: number }): number {
  const isPortTaken = error.code === 'EADDRINUSE';
  const advice = 'Close the process using that port, or specify another port using --port';
  console.error(isPortTaken ? `Port ${error.port} is unavailable. ${advice}` : error.message);
  return 1;
}

void starting.then(({ ended }) => ended, explainFailure).then((exitCode) => process.exit(exitCode));
