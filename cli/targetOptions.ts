import { Option, type Command } from 'commander';
import { rememberSecret } from '../src/base/redact';
import type { IdentityActions } from '../src/identity/identityTypes';
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

/** The options that choose the same target again, for a command line that is shown. */
export function targetArguments(options: TargetOptions): string {
  const { connectionStringEnv, endpoint, app, keyEnv, connection } = options;
  return [
    ['--connection-string-env', connectionStringEnv],
    ['--endpoint', endpoint],
    ['--app', app],
    ['--key-env', keyEnv],
    ['--connection', connection],
  ]
    .flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
    .join(' ');
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
