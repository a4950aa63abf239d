import { parseArgs } from 'node:util';
import { CommandError, messageOf } from './messages';

export type CommandName = 'start' | 'watch' | 'services';

export interface StartArguments {
  command: CommandName;
  help: boolean;
  /** Stop after the first run of the workflow. */
  once: boolean;
  /** Port of the Functions host; 0 = any free one. */
  port: number;
  /** Port of the identity emulator; undefined = the one that the settings name. */
  emulatorPort: number | undefined;
  /** Port of the emulator's https endpoint; `false` if it has none. */
  emulatorHttpsPort: number | false;
  /** Port of the local sign-in service; undefined = the one that the settings name. */
  signInPort: number | undefined;
  /** Azurite's blob port, followed by queue and table; 0 = any free ones. */
  storagePort: number;
}

export const DEFAULT_HOST_PORT = 7071;
export const DEFAULT_STORAGE_PORT = 10000;

const usages: Record<CommandName, string> = {
  start: `Usage: npm start -- [options]

Starts what the app needs on this machine and the app, then runs the workflow once.

  --once              stop after that run; the exit code is 0 only when it succeeded
  --port N            port of the Functions host (${DEFAULT_HOST_PORT}; 0 = any free one)
  --emulator-port N   port of the ACS identity emulator (the one in the settings; 0 = any free one)
  --sign-in-port N    port of the local sign-in service (the one in the settings; 0 = any free one)
  --storage-port N    first of Azurite's three ports: blobs, queues, tables (${DEFAULT_STORAGE_PORT}; 0 = any free ones)
  --help              this text`,
  watch: `Usage: npm run watch -- [options]

As npm start, and builds the app again on every change in src/; the host then loads it.

  --port N            port of the Functions host (${DEFAULT_HOST_PORT}; 0 = any free one)
  --emulator-port N   port of the ACS identity emulator (the one in the settings; 0 = any free one)
  --sign-in-port N    port of the local sign-in service (the one in the settings; 0 = any free one)
  --storage-port N    first of Azurite's three ports: blobs, queues, tables (${DEFAULT_STORAGE_PORT}; 0 = any free ones)
  --help              this text`,
  services: `Usage: npm run services -- [options]

Starts only what the app needs on this machine: the storage emulator, the ACS identity emulator, and the local sign-in service if
ENTRA_ISSUERS in local.settings.json names it. For func start or a debugger.

  --emulator-port N         port of the ACS identity emulator (8090; 0 = any free one)
  --sign-in-port N          port of the local sign-in service (the one in the settings; 0 = any free one)
  --emulator-https-port N   serve it over https too, on this port (0 = any free one; off by default)
  --storage-port N          first of Azurite's three ports: blobs, queues, tables (${DEFAULT_STORAGE_PORT}; 0 = any free ones)
  --help                    this text`,
};

const options = {
  start: ['once', 'port', 'emulator-port', 'sign-in-port', 'storage-port'],
  watch: ['port', 'emulator-port', 'sign-in-port', 'storage-port'],
  services: ['emulator-port', 'sign-in-port', 'storage-port', 'emulator-https-port'],
} satisfies Record<CommandName, string[]>;

export function usageOf(command: CommandName): string {
  return usages[command];
}

/**
 * Reads `start|watch|services [options]`.
 * @throws {CommandError} with exit code 2 and the usage, for anything it does not know
 */
export function readArguments(argv: readonly string[]): StartArguments {
  const [name, ...rest] = argv;
  if (name !== 'start' && name !== 'watch' && name !== 'services') {
    throw new CommandError(`Unknown command ${JSON.stringify(name ?? '')}: start, watch or services is meant.`);
  }
  const values = parse(name, rest);
  const portOf = (option: string, highest = 65535): number | undefined => {
    const value = values[option];
    if (value === undefined) return undefined;
    const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : -1;
    if (port >= 0 && port <= highest) return port;
    throw misuse(name, `--${option} takes a port, 0 to ${highest}, not ${JSON.stringify(value)}.`);
  };
  return {
    command: name,
    help: values['help'] === true,
    once: values['once'] === true,
    port: portOf('port') ?? DEFAULT_HOST_PORT,
    emulatorPort: portOf('emulator-port'),
    signInPort: portOf('sign-in-port'),
    emulatorHttpsPort: portOf('emulator-https-port') ?? false,
    // Queues and tables are on the two ports that follow.
    storagePort: portOf('storage-port', 65533) ?? DEFAULT_STORAGE_PORT,
  };
}

/** The command with any free port for everything that it starts. */
export function commandWithFreePorts({ command, once, emulatorHttpsPort }: StartArguments): string {
  const ports = options[command].filter(
    (option) => option.endsWith('port') && (option !== 'emulator-https-port' || emulatorHttpsPort !== false),
  );
  const given = [...(once ? ['--once'] : []), ...ports.map((option) => `--${option} 0`)];
  return `npm ${command === 'start' ? 'start' : `run ${command}`} -- ${given.join(' ')}`;
}

function parse(command: CommandName, args: string[]): Record<string, string | boolean | undefined> {
  const known = Object.fromEntries(
    options[command].map((option) => [option, { type: option === 'once' ? 'boolean' : 'string' } as const]),
  );
  try {
    return parseArgs({ args, options: { ...known, help: { type: 'boolean' } }, strict: true }).values;
  } catch (error) {
    // Node's message goes on with advice on positional arguments, which these commands don't have.
    throw misuse(command, messageOf(error).split(/\. (?:To specify|Did you)/)[0] + '.');
  }
}

function misuse(command: CommandName, message: string): CommandError {
  return new CommandError(`${message.replace(/\.\.$/, '.')}\n\n${usages[command]}`);
}
