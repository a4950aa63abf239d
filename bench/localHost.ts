import { resolve } from 'node:path';
import { startFunctionsHost, type FunctionsHost } from '../local/functionsHost/host';
import { ROOT } from './projectRoot';

/** The built app under the local host, with these settings, without output. */
export function startLocalHost(environment: Record<string, string>): Promise<FunctionsHost> {
  return startFunctionsHost({
    appDirectory: ROOT,
    port: 0,
    settingsFile: false,
    environment: { WORKFLOW_SCHEDULE: '0 0 0 1 1 *', FUNCTIONS_WORKER_RUNTIME: 'node', ...environment },
    workerFile: resolve(ROOT, '.local/build/functionsHost/worker.js'),
    log: () => undefined,
    watch: false,
  });
}
