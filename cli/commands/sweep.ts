import { Option, type Command } from 'commander';
import { outputFormat, variableName, wholeNumber } from '../optionValues';
import { storageOptions } from '../storageOptions';
import { connectionOptions } from '../targetOptions';
import type { SweepOptions } from './sweepUsers';

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .summary('delete the users that runs of an app left behind')
    .description(
      'Deletes the users that runs of an app left behind, as its scheduled runs do, and closes runs whose process died.\n' +
        'Reads the history in the storage account of the app. Runs younger than 5 minutes are left alone.',
    );
  storageOptions(command)
    // its name in version 0.1.0
    .addOption(
      new Option('--storage-env <name>').argParser(variableName).hideHelp().conflicts('storageConnectionStringEnv'),
    )
    .option(
      '--site <name>',
      'whose runs: the name of the function app, in its letter case; local = those of this machine',
      'local',
    )
    .option('--connection <name>', "whose users: the app's name for the ACS connection", 'AcsIdentity');
  connectionOptions(command)
    .addOption(
      new Option('--timeout <seconds>', 'time for all of it, 1 to 3600')
        .argParser(wholeNumber('seconds', 1, 3600))
        .default(120),
    )
    .option('--dry-run', 'only list the users; no ACS connection is needed')
    .option(
      '--probe',
      'if ACS does not know a user and nothing shows whether it was deleted or belongs to another ACS resource: make a user, ' +
        'to see which resource this one is, and delete it at once',
    )
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText(
      'after',
      `
Exit code: 0 no user is left, 1 some are, 2 it could not run (also: the table has no rows of this site).

What azd deploys has no keys: sign in (az login) and use --table-endpoint and --endpoint. Your identity needs these roles:
  on the storage account  Storage Table Data Contributor; for --dry-run, Storage Table Data Reader is enough
  on the ACS resource     the role of the app's identity: Contributor, unless ACS_ROLE_DEFINITION_ID names another

ACS takes 500 deletions in 30 seconds for each resource, and your app's own are among them. When ACS throttles, sweep
waits for as long as ACS asks and goes on, within --timeout.

Examples:
  acs-identity sweep --site my-app --table-endpoint https://ACCOUNT.table.core.windows.net --endpoint https://NAME.communication.azure.com
  acs-identity sweep --site my-app --storage-connection-string-env STORAGE --connection-string-env ACS_CONNECTION_STRING`,
    )
    .action(async (options: SweepOptions) => {
      const { sweepUsers } = await import('./sweepUsers');
      process.exitCode = await sweepUsers(options);
    });
}
