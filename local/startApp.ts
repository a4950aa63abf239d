import { join } from 'node:path';
import { commandWithFreePorts, DEFAULT_STORAGE_PORT, type StartArguments } from './arguments';
import { findCoreTools, startCoreTools, type CoreTools } from './coreTools';
import { startFunctionsHost } from './functionsHost/host';
import { readLocalSettings, SETTINGS_WERE_MADE } from './localSettings';
import { explainTakenPort } from './messages';
import type { RunningHost } from './runningHost';
import { startAzurite, startEmulator, startSignInService, type LocalStorage } from './services';
import type { RunningSignIn } from './signIn/signInService';
import { chooseStandIns, settingsForPorts } from './standIns';
import type { StartedParts } from './startedParts';
import { storageConnectionString } from './storage';

/** `npm start`, up to the point where the app answers: the emulators that the settings call for, and the host. */
export async function startApp(
  projectRoot: string,
  args: StartArguments,
  parts: StartedParts,
  print: (line: string) => void,
): Promise<{ host: RunningHost; storage: LocalStorage | undefined; signIn: RunningSignIn | undefined }> {
  const otherPorts = commandWithFreePorts(args);
  const settings = await readLocalSettings(projectRoot);
  if (settings.created) print(SETTINGS_WERE_MADE);
  const chosen = chooseStandIns(settings);
  for (const remark of chosen.remarks) print(remark);

  const lookingForCoreTools = findCoreTools(projectRoot);
  const storing =
    chosen.emulatedStorage.length > 0
      ? startAzurite(projectRoot, parts, args.storagePort, otherPorts)
      : Promise.resolve(undefined);
  const signingIn =
    chosen.signIn === undefined
      ? Promise.resolve(undefined)
      : startSignInService(
          parts,
          { port: args.signInPort ?? chosen.signIn.port, origins: settings.origins },
          otherPorts,
        );
  // Their failures are met where they are awaited, below; until then they must not count as unhandled.
  storing.catch(() => undefined);
  signingIn.catch(() => undefined);

  const [emulated] = chosen.emulatedConnections;
  const emulator =
    emulated === undefined
      ? undefined
      : await startEmulator(
          projectRoot,
          parts,
          {
            port: args.emulatorPort ?? emulated.port,
            httpsPort: false,
            corsOrigins: settings.origins,
            otherPorts,
          },
          print,
        );
  if (emulator !== undefined) {
    const names = chosen.emulatedConnections.map(({ name }) => name).join(', ');
    print(
      `ACS: the local emulator on http://127.0.0.1:${emulator.port} (${names} from ${settings.sourceOf(emulated?.name ?? '')})`,
    );
  }

  const coreTools = await lookingForCoreTools;
  // With known ports the app is loaded while Azurite starts; the host opens its port after that. `func` can't wait: when storage
  // isn't there, its port opens 28 s later.
  const mustWait = coreTools !== undefined || args.storagePort === 0;
  const storage = mustWait ? await storing : undefined;
  const changed = settingsForPorts(chosen, {
    emulator: emulator?.port,
    storage: storage ?? { blobPort: args.storagePort, connectionString: storageConnectionString(args.storagePort) },
    signIn: args.signInPort === 0 ? (await signingIn)?.port : args.signInPort,
  });
  print(hostRemark(coreTools));
  const hosting = parts.start(() => startHost(projectRoot, args, coreTools, changed, settings.file, storing, print));
  const [host, runningStorage, signIn] = await Promise.all([hosting, storing, signingIn]).catch((error: unknown) => {
    throw explainTakenPort(error, 'the Functions host', otherPorts);
  });
  if (runningStorage !== undefined) print(`Storage: ${runningStorage.description}`);
  else if (args.storagePort !== DEFAULT_STORAGE_PORT)
    print('--storage-port has no effect: the settings call for no Azurite.');
  if (emulator === undefined && args.emulatorPort !== undefined) {
    print('--emulator-port has no effect: the settings call for no emulator.');
  }
  if (signIn !== undefined) {
    const source = settings.sourceOf('ENTRA_ISSUERS');
    print(`Sign-in: the local service on http://127.0.0.1:${signIn.port} (ENTRA_ISSUERS from ${source})`);
  } else if (args.signInPort !== undefined) {
    print('--sign-in-port has no effect: ENTRA_ISSUERS does not name the local sign-in service.');
  }
  if (host.functions.some(({ name }) => name === 'dashboard'))
    print(`Dashboard: http://localhost:${host.port}/api/dashboard`);
  return { host, storage: runningStorage, signIn };
}

function hostRemark(coreTools: CoreTools | undefined): string {
  return coreTools === undefined
    ? 'Host: local/functionsHost, because Azure Functions Core Tools (func) were not found in node_modules or PATH.'
    : `Host: func start, Azure Functions Core Tools ${coreTools.version} (${coreTools.file})`;
}

function startHost(
  projectRoot: string,
  args: StartArguments,
  coreTools: CoreTools | undefined,
  changedSettings: Record<string, string>,
  settingsFile: string,
  openWhen: Promise<unknown>,
  print: (line: string) => void,
): Promise<RunningHost> {
  if (coreTools !== undefined)
    return startCoreTools(coreTools, {
      projectRoot,
      port: args.port,
      environment: { ...process.env, ...changedSettings },
    });
  return startFunctionsHost({
    appDirectory: projectRoot,
    port: args.port,
    environment: changedSettings,
    settingsFile,
    workerFile: join(__dirname, 'functionsHost', 'worker.js'),
    log: print,
    watch: args.command === 'watch',
    openWhen,
  });
}
