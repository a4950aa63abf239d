// What `npm start`, `npm run watch` and `npm run services` run, after local/bootstrap.mjs has built it.
import { resolve } from 'node:path';
import { readArguments, usageOf, type StartArguments } from './arguments';
import { runWorkflowOnce } from './firstRun';
import type { StopSignal } from './functionsHost/host';
import { CommandError } from './messages';
import { styleFor } from '../cli/output/runPrinter';
import { startApp } from './startApp';
import { startServices } from './services';
import { StartedParts } from './startedParts';

/** This file runs as .local/build/start.js. */
const projectRoot = resolve(__dirname, '../..');
/** One Ctrl+C comes several times: from the terminal, from npm and from the bootstrap. */
const sameSignalMs = 1000;
const forcedExitCode = 130;

const print = (line: string): void => console.log(line);

/**
 * Resolves when this is to end: Ctrl+C, SIGTERM, a closed terminal, or the bootstrap gone. The second time ends it at once.
 * Only SIGTERM gives running invocations the time that they have in Azure: nobody waits at a terminal.
 */
function untilInterrupted(parts: StartedParts): Promise<StopSignal> {
  return new Promise((done) => {
    let firstAt: number | undefined;
    let forced = false;
    const interrupt = (signal?: unknown): void => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        print('Stopping. Press Ctrl+C again to stop at once.');
        done(signal === 'SIGTERM' ? signal : 'SIGINT');
      } else if (!forced && Date.now() - firstAt > sameSignalMs) {
        forced = true;
        print('Stopped at once.');
        parts.force();
        setTimeout(() => process.exit(forcedExitCode), 200);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
    process.once('disconnect', interrupt);
  });
}

/** Starts what was asked for and stays until it ends by itself. Resolves to the exit code. */
async function run(args: StartArguments, parts: StartedParts): Promise<number> {
  const printUnlessStopping = (line: string): void => {
    if (!parts.isStopping) print(line);
  };
  if (args.command === 'services') {
    const storage = await startServices(projectRoot, args, parts, print);
    printUnlessStopping('Press Ctrl+C to stop.');
    await storage.ended;
    printUnlessStopping('Azurite ended by itself.');
    return 1;
  }
  const { host, storage, signIn } = await startApp(projectRoot, args, parts, print);
  const hostEnded = host.ended.then((exitCode) => {
    printUnlessStopping(`The Functions host ended by itself (exit code ${exitCode}).`);
    return exitCode === 0 ? 1 : exitCode;
  });
  const firstRun = runWorkflowOnce(host, print, styleFor(process.stdout));
  if (args.once) return (await firstRun) ? 0 : 1;
  const staying = firstRun.then(() => {
    if (args.command === 'watch') {
      printUnlessStopping('Watching src/. Settings are not watched: restart to apply a change in local.settings.json.');
    }
    printUnlessStopping('Press Ctrl+C to stop.');
    return new Promise<never>(() => undefined);
  });
  // The app goes on without its storage, as it would in the cloud.
  void storage?.ended.then(() => {
    printUnlessStopping('Azurite ended by itself: runs are not recorded until it runs again. Restart to start it.');
  });
  void signIn?.ended.then(() => printUnlessStopping('The local sign-in service ended by itself. Restart to start it.'));
  return Promise.race([hostEnded, staying]);
}

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args.help) {
    print(usageOf(args.command));
    return 0;
  }
  const parts = new StartedParts();
  let signal: StopSignal | undefined;
  const interrupted = untilInterrupted(parts).then((given) => {
    signal = given;
    return 0;
  });
  const running = run(args, parts).catch((error: unknown) => (parts.isStopping ? 0 : explain(error)));
  const exitCode = await Promise.race([interrupted, running]);
  await parts.stop(signal).catch((error: unknown) => console.error(error));
  return exitCode;
}

function explain(error: unknown): number {
  console.error(error instanceof CommandError ? error.message : error);
  return error instanceof CommandError ? error.exitCode : 1;
}

// A terminal that was closed: nobody sees output any more, but everything must still be stopped.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

void main()
  .catch(explain)
  .then((exitCode) => process.stdout.write('', () => process.exit(exitCode)));
