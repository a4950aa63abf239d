import { findCoreTools, startCoreTools } from '../../local/coreTools';
import type { RunningHost } from '../../local/runningHost';
import { startStorage } from '../../local/storage';

/** TEST_HOST=func: the app under test runs under the real host, Azure Functions Core Tools, not under local/functionsHost. */
export const usesCoreTools = process.env['TEST_HOST'] === 'func';

/**
 * `func start` in the app's directory, with these settings. The real host needs a storage account for timers: Azurite, unless the
 * settings name one.
 * @throws if there are no Core Tools: a test that was asked to run under them does not pass without them
 */
export async function startCoreToolsHost(
  settings: Record<string, string>,
  appDirectory: string,
  log: (line: string) => void,
): Promise<RunningHost> {
  const tools = await findCoreTools(appDirectory);
  if (tools === undefined) throw new Error('TEST_HOST is func, but there are no Azure Functions Core Tools 4.');
  const storage =
    settings['AzureWebJobsStorage'] === undefined ? await startStorage({ port: 0, inMemory: true }) : undefined;
  const environment = {
    ...process.env,
    ...(storage && { AzureWebJobsStorage: storage.connectionString }),
    ...settings,
  };
  try {
    const host = await startCoreTools(tools, { projectRoot: appDirectory, port: 0, environment, log });
    return {
      ...host,
      stop: async (signal) => {
        await host.stop(signal);
        await storage?.stop();
      },
    };
  } catch (error) {
    await storage?.stop();
    throw error;
  }
}
