import { join } from 'node:path';
import { createIdentityEmulator, DEFAULT_PORT, type IdentityEmulator } from '../emulator/src';
import { commandWithFreePorts, DEFAULT_STORAGE_PORT, type StartArguments } from './arguments';
import { createLocalSettings, readLocalSettings, SETTINGS_WERE_MADE } from './localSettings';
import { explainTakenPort, messageOf, takenPort } from './messages';
import { issuersAtPort, signInPortOf } from './signIn/samples';
import { startSignIn, type RunningSignIn, type SignInOptions } from './signIn/signInService';
import type { StartedParts } from './startedParts';
import { startStorage, type RunningStorage } from './storage';

/**
 * Starts the ACS identity emulator in this process, with the key that local.settings.json.example names. `otherPorts`: the command to try if a port is taken.
 * The web pages that may call the app may call it too, since they use the tokens.
 */
export async function startEmulator(
  projectRoot: string,
  parts: StartedParts,
  { otherPorts, ...options }: { port: number; httpsPort: number | false; corsOrigins: string[]; otherPorts: string },
  print: (line: string) => void,
): Promise<IdentityEmulator> {
  try {
    const { emulator } = await parts.start(async () => {
      const started = await createIdentityEmulator({
        ...options,
        certificateDirectory: join(projectRoot, '.local', 'certificates'),
        log: print,
      });
      return { emulator: started, stop: () => started.close() };
    });
    return emulator;
  } catch (error) {
    throw explainTakenPort(error, 'the ACS identity emulator', otherPorts);
  }
}

export interface LocalStorage extends RunningStorage {
  /** For messages. */
  description: string;
}

/**
 * Starts Azurite. Its data is kept by port, in .local/azurite or .local/azurite-PORT: two of them on one directory would spoil it.
 * On free ports (0) nothing is kept.
 */
export async function startAzurite(
  projectRoot: string,
  parts: StartedParts,
  port: number,
  otherPorts: string,
): Promise<LocalStorage> {
  const directory = port === DEFAULT_STORAGE_PORT ? 'azurite' : `azurite-${port}`;
  try {
    const storage = await parts.start(() =>
      startStorage({
        port,
        ...(port === 0 ? { inMemory: true } : { location: join(projectRoot, '.local', directory) }),
      }),
    );
    const { blobPort, queuePort, tablePort } = storage;
    const data = port === 0 ? 'kept in memory' : `in .local/${directory}`;
    return {
      ...storage,
      description: `Azurite on 127.0.0.1, ports ${blobPort} (blobs), ${queuePort} (queues), ${tablePort} (tables), data ${data}`,
    };
  } catch (error) {
    const service = ['blobs', 'queues', 'tables'][(takenPort(error) ?? port) - port] ?? 'storage';
    throw explainTakenPort(error, `Azurite's ${service}`, otherPorts);
  }
}

export async function startSignInService(
  parts: StartedParts,
  options: SignInOptions,
  otherPorts: string,
): Promise<RunningSignIn> {
  try {
    return await parts.start(() => startSignIn(options));
  } catch (error) {
    throw explainTakenPort(error, 'the local sign-in service', otherPorts);
  }
}

/** What `npm run services` takes from local.settings.json. It starts the rest also if the file cannot be read. */
async function signInSettings(projectRoot: string, print: (line: string) => void) {
  try {
    const settings = await readLocalSettings(projectRoot);
    const issuers = settings.get('ENTRA_ISSUERS') ?? '';
    return { issuers, port: signInPortOf(issuers), origins: settings.origins };
  } catch (error) {
    print(messageOf(error));
    return { issuers: '', port: undefined, origins: [] };
  }
}

/** `npm run services`: the emulators alone, for `func start` or a debugger, which read local.settings.json. */
export async function startServices(
  projectRoot: string,
  args: StartArguments,
  parts: StartedParts,
  print: (line: string) => void,
): Promise<RunningStorage> {
  if (await createLocalSettings(projectRoot)) print(SETTINGS_WERE_MADE);
  const otherPorts = commandWithFreePorts(args);
  const { issuers, port: signInPort, origins } = await signInSettings(projectRoot, print);
  const emulatorOptions = {
    port: args.emulatorPort ?? DEFAULT_PORT,
    httpsPort: args.emulatorHttpsPort,
    corsOrigins: origins,
    otherPorts,
  };
  const [emulator, storage, signIn] = await Promise.all([
    startEmulator(projectRoot, parts, emulatorOptions, print),
    startAzurite(projectRoot, parts, args.storagePort, otherPorts),
    signInPort === undefined
      ? undefined
      : startSignInService(parts, { port: args.signInPort ?? signInPort, origins }, otherPorts),
  ]);
  const isDefaultStorage = storage.blobPort === DEFAULT_STORAGE_PORT;
  const isAsInExample =
    isDefaultStorage && emulator.port === DEFAULT_PORT && (signIn === undefined || signIn.port === signInPort);
  print(`ACS identity emulator on ${emulator.endpoint}`);
  if (emulator.httpsConnectionString !== undefined) {
    print(`  and over https; clients trust it with NODE_EXTRA_CA_CERTS=${emulator.certificateFile ?? ''}`);
  }
  print(storage.description);
  if (signIn !== undefined) print(`Local sign-in service on http://127.0.0.1:${signIn.port}`);
  print('');
  print(isAsInExample ? 'Settings (as in local.settings.json.example):' : 'Settings for local.settings.json:');
  print(`  AcsIdentity          ${emulator.connectionString}`);
  if (emulator.httpsConnectionString !== undefined) print(`    or over https      ${emulator.httpsConnectionString}`);
  print(`  AzureWebJobsStorage  ${isDefaultStorage ? 'UseDevelopmentStorage=true' : storage.connectionString}`);
  if (signIn !== undefined) print(`  ENTRA_ISSUERS        ${issuersAtPort(issuers, signIn.port)}`);
  print('');
  print('Next, in another terminal: npm run build, then func start. Or start the app in a debugger.');
  return storage;
}
