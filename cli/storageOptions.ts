import { Option, type Command } from 'commander';
import type { TableStorage } from '../src/history/openTable';
import { CommandError } from './commandError';
import { variableName } from './optionValues';
import { readVariable } from './targetOptions';

/** The options that choose the storage account of an app. */
export interface StorageOptions {
  storageConnectionStringEnv?: string;
  tableEndpoint?: string;
}

export function storageOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--storage-connection-string-env <name>',
        'environment variable with the connection string of the storage account',
      ).argParser(variableName),
    )
    .option('--table-endpoint <url>', 'instead: https://ACCOUNT.table.core.windows.net, with Entra ID');
}

/** @param content what is stored there, as the subject of a sentence @throws CommandError unless exactly one storage is named */
export async function storageOf(options: StorageOptions, content: string): Promise<TableStorage> {
  const { tableEndpoint, storageConnectionStringEnv: variable } = options;
  if ((variable === undefined) === (tableEndpoint === undefined)) {
    throw new CommandError(
      `Give --storage-connection-string-env or --table-endpoint: ${content} in the storage account of the app.`,
    );
  }
  if (tableEndpoint !== undefined) {
    if (!/^https:\/\/[^/?#@]+\/?$/.test(tableEndpoint)) {
      throw new CommandError('--table-endpoint must look like https://ACCOUNT.table.core.windows.net.');
    }
    const { createCredential } = await import('../src/identity/credentials');
    const credential = () => createCredential(undefined, undefined);
    return { kind: 'entra', setting: '--table-endpoint', uri: tableEndpoint, credential };
  }
  const connectionString = readVariable(variable ?? '');
  if (connectionString === undefined) throw new CommandError(`Environment variable ${variable} is not set.`);
  return { kind: 'connectionString', setting: variable ?? '', connectionString };
}
