import { Option, type Command } from 'commander';
import { createIdentityEmulator } from '../emulator/src';
import { isAppError } from '../src/base/errors';
import { AcsActions } from '../src/identity/acsActions';
import { openConnection, type Connection } from '../src/identity/connections';
import { FunctionUrlActions } from '../src/identity/functionUrlActions';
import type { IdentityActions } from '../src/identity/identityTypes';
import { rememberSecret } from '../src/base/redact';
import { CommandError } from './commandError';
import { appUrl, variableName } from './optionValues';

/** The environment variable that holds the key of a function app, unless `--key-env` names another. */
export const DEFAULT_KEY_VARIABLE = 'ACS_IDENTITY_APP_KEY';

/** The options that choose the target of a command. */
export interface TargetOptions {
  connectionStringEnv?: string;
  endpoint?: string;
  emulator?: boolean;
  app?: string;
  keyEnv?: string;
  connection?: string;
}

/** Where a command works. */
export interface Target {
  actions: IdentityActions;
  /** The name of the connection in records. */
  connection: string;
  kind: 'connection' | 'functions';
  /** For people: `ACS at HOST`. */
  where: string;
  /** Of a connection: `https://HOST`. */
  origin: string | undefined;
  close(): Promise<void>;
}

/** Adds the options that choose the ACS connection. */
export function connectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--connection-string-env <name>',
        'work on the ACS resource whose connection string is in this environment variable',
      ).argParser(variableName),
    )
    .option(
      '--endpoint <url>',
      'work on the ACS resource at this endpoint, with Entra ID (az login, managed identity, ...)',
    );
}

/** Adds the options that choose the function app. */
export function appOptions(command: Command, options: { connection: boolean }): Command {
  command
    .addOption(
      new Option('--app <url>', 'work through the function URLs of this app, https://NAME.azurewebsites.net').argParser(
        appUrl,
      ),
    )
    .addOption(
      new Option('--key-env <name>', `with --app: environment variable with the function key (${DEFAULT_KEY_VARIABLE})`)
        .argParser(variableName)
        .default(undefined),
    );
  return options.connection
    ? command.option('--connection <name>', 'with --app: which of its ACS connections (its default one)')
    : command;
}

/** @throws CommandError unless exactly one target is named */
export async function openTarget(options: TargetOptions, more: { stop?: AbortSignal } = {}): Promise<Target> {
  const named = [
    ['--connection-string-env', options.connectionStringEnv],
    ['--endpoint', options.endpoint],
    ['--emulator', options.emulator],
    ['--app', options.app],
  ].flatMap(([name, value]) => (value === undefined || value === false ? [] : [String(name)]));
  if (named.length !== 1) {
    const found = named.length === 0 ? 'No target is named' : `${named.join(' and ')} exclude each other`;
    throw new CommandError(`${found}: give one of the options that choose the target (see --help).`);
  }
  if (options.app === undefined && (options.keyEnv ?? options.connection) !== undefined) {
    throw new CommandError('--key-env and --connection go with --app.');
  }
  if (options.app !== undefined) return appTarget(options.app, options);
  if (options.emulator) return emulatorTarget(more);
  return connectionTarget(await openNamedConnection(options), more);
}

/** The connection that `--connection-string-env` or `--endpoint` names. @throws CommandError that names the option or variable */
export async function openNamedConnection(
  options: Pick<TargetOptions, 'connectionStringEnv' | 'endpoint'>,
): Promise<Connection> {
  const { connectionStringEnv: variable, endpoint } = options;
  if (variable === undefined) return openEntraConnection(endpoint ?? '');
  const value = readVariable(variable);
  if (value === undefined) {
    throw new CommandError(
      `Environment variable ${variable} is not set. Set it to the connection string of the ACS resource ` +
        '(portal: Keys; az communication list-key), or use --endpoint for Entra ID.',
    );
  }
  const connection = await openOr(`Environment variable ${variable}`, variable, { connectionString: value });
  return {
    ...connection,
    whatToCheck: `whether the access key in environment variable ${variable} is a current one of this ACS resource, and whether this machine's clock is right`,
  };
}

async function openEntraConnection(endpoint: string): Promise<Connection> {
  const connection = await openOr('--endpoint', 'entra', { endpoint });
  return {
    ...connection,
    name: connection.host,
    whatToCheck:
      "whether this identity has a role on the ACS resource that allows identity operations (Contributor does), whether --endpoint is that resource's, and whether this machine's clock is right",
    whatToCheckForToken:
      'that you are signed in (az login), or that the identity of this machine or pipeline exists (AZURE_CLIENT_ID, AZURE_TENANT_ID)',
  };
}

/** Errors name settings as the app knows them; here they have other names. */
async function openOr(
  label: string,
  name: string,
  what: { connectionString?: string; endpoint?: string },
): Promise<Connection> {
  try {
    return await openConnection({
      name,
      connectionString: what.connectionString,
      endpoint: what.endpoint,
      credential: undefined,
      clientId: undefined,
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new CommandError(error.message.replace(/^Setting '\w+'/, label));
  }
}

/** An environment variable's value, which is masked wherever it turns up from then on. */
export function readVariable(name: string): string | undefined {
  const value = process.env[name]?.trim();
  if (value === undefined || value === '') return undefined;
  rememberSecret(value);
  for (const [, key] of value.matchAll(/(?:^|;)\s*(?:accesskey|accountkey|sharedaccesssignature)\s*=\s*([^;]+)/gi)) {
    rememberSecret(key?.trim());
  }
  return value;
}

/** The key of the app at `--app`; on this machine none is needed. */
export function appKey({ app = '', keyEnv }: Pick<TargetOptions, 'app' | 'keyEnv'>): string | undefined {
  const variable = keyEnv ?? DEFAULT_KEY_VARIABLE;
  const key = readVariable(variable);
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new CommandError(
      `Environment variable ${variable} holds no function key: it has blanks or line breaks in it.`,
    );
  }
  if (key === undefined && (keyEnv !== undefined || app.startsWith('https:'))) {
    throw new CommandError(
      `Environment variable ${variable} is not set. Set it to a key of the app that opens the functions you call ` +
        '(az functionapp function keys list --function-name NAME), or name another with --key-env.',
    );
  }
  return key;
}

function appTarget(app: string, options: TargetOptions): Target {
  const actions = new FunctionUrlActions({
    baseUrl: app,
    key: appKey(options),
    connection: options.connection,
    keySetting: options.keyEnv ?? DEFAULT_KEY_VARIABLE,
  });
  return {
    actions,
    connection: options.connection ?? 'default',
    kind: 'functions',
    where: `the function app at ${new URL(app).host}`,
    origin: undefined,
    close: () => Promise.resolve(),
  };
}

async function emulatorTarget(more: { stop?: AbortSignal }): Promise<Target> {
  const emulator = await createIdentityEmulator();
  const connection = await openOr('--emulator', 'emulator', { connectionString: emulator.connectionString });
  const target = connectionTarget(connection, more);
  return {
    ...target,
    where: `an ACS identity emulator, brought up for this run (${connection.host})`,
    close: () => emulator.close(),
  };
}

function connectionTarget(connection: Connection, { stop }: { stop?: AbortSignal }): Target {
  return {
    actions: new AcsActions(connection, stop ? { stop } : {}),
    connection: connection.name,
    kind: 'connection',
    where: `ACS at ${connection.host}`,
    origin: connection.origin,
    close: () => Promise.resolve(),
  };
}
