// The app's process: it gives the app the module `@azure/functions-core`, loads it and runs the functions that the host calls.
//   argv: the app's directory
import Module from 'node:module';
import { loadApp } from './appLoader';
import { coreApi } from './coreApi';
import { openDebugPort } from './debugPort';
import { appScope, hookContext, hooksOf, runHooks } from './hooks';
import { sendToHost } from './hostChannel';
import type { Call, MessageToApp } from './ipc';
import { runFunction } from './runFunction';

const appDirectory = process.argv[2] ?? process.cwd();
const runningCalls = new Set<Promise<void>>();
let terminating: Promise<void> | undefined;

/** The module exists in no package: the real worker provides it in the same way. */
function provideCoreModule(): void {
  const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  loader._load = (request, ...rest) =>
    request === '@azure/functions-core' ? coreApi : load.call(Module, request, ...rest);
}

async function runCall(call: Call): Promise<void> {
  const answer = await runFunction(call);
  sendToHost({ type: 'answer', id: call.id, ...answer });
}

function trackCall(call: Call): void {
  const running = runCall(call);
  runningCalls.add(running);
  void running.finally(() => runningCalls.delete(running));
}

/** Runs the appTerminate hooks and ends the process. The host limits how long that may take. */
async function terminate(): Promise<void> {
  try {
    await runHooks('appTerminate', hookContext(appScope, {}));
  } catch (error) {
    console.error(error);
  }
  // A hook may have asked the running calls to end.
  if (hooksOf('appTerminate')?.size) await Promise.all(runningCalls);
  const exit = (): void => sendToHost({ type: 'terminated' }, () => process.exit(0));
  // What was written before is then read by the host.
  process.stdout.write('', () => process.stderr.write('', exit));
}

provideCoreModule();
openDebugPort();
// A terminal sends Ctrl+C to all its processes. The host decides when this process ends, and it never outlives the host.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: MessageToApp) => {
  if (message.type === 'terminate') terminating ??= terminate();
  else trackCall(message);
});
process.chdir(appDirectory);
void loadApp(appDirectory).then((loaded) => sendToHost({ type: 'loaded', ...loaded }));
