import { Option, type Command } from 'commander';
import { LIMITS } from '../../src/base/limits';
import { checkList, outputFormat, scopeList, wholeNumber } from '../optionValues';
import { appOptions, connectionOptions } from '../targetOptions';
import type { RunOptions } from './runOnce';

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .summary('run the test workflow once: create a user, issue a token, revoke, delete')
    .description(
      'Runs the test workflow once and shows each step: creates a user, issues a token, checks it, revokes it, deletes the user.\n' +
        'Tokens are checked and thrown away: none is printed. The user is deleted also when a step fails, or on Ctrl+C.\n' +
        "With --app this command runs the steps through the app's function URLs, and the app does not record the run: for that, runs start.",
    )
    .option('--emulator', 'bring up an ACS identity emulator for this run and work on it');
  appOptions(connectionOptions(command), { connection: true })
    .addOption(new Option('--scopes <list>', 'scopes of the token that is issued').argParser(scopeList))
    .addOption(
      new Option('--create-scopes <list>', 'scopes of a token that is issued with the user (no token)').argParser(
        scopeList,
      ),
    )
    .addOption(
      new Option('--expires-in-minutes <n>', 'lifetime of the tokens, 60 to 1440')
        .argParser(wholeNumber('minutes', 60, 1440))
        .default(60),
    )
    .addOption(
      new Option('--timeout <seconds>', 'time for all steps, 1 to 3600; cleaning up may take 30 s more')
        .argParser(wholeNumber('seconds', 1, 3600))
        .default(LIMITS.runMs / 1000),
    )
    .addOption(
      new Option(
        '--checks <list>',
        'deeper checks: tokenAccepted, revokedTokenRefused, deletedUserRefused, anonymousRefused (none)',
      ).argParser(checkList),
    )
    .addOption(
      new Option('--revocation-wait <seconds>', 'how long revokedTokenRefused waits, 0 to 900')
        .argParser(wholeNumber('seconds', 0, 900))
        .default(30),
    )
    .addOption(
      new Option('--output <format>', 'text, json (the run record) or junit')
        .argParser(outputFormat('text', 'json', 'junit'))
        .default('text'),
    )
    .option('--output-file <file>', 'where json or junit goes (stdout, and the steps to stderr)')
    .addHelpText(
      'after',
      `
Exit code: 0 the run succeeded, 1 it failed, 2 it could not run; 130 interrupted (143 by SIGTERM).

Examples:
  acs-identity run --emulator
  acs-identity run --connection-string-env ACS_CONNECTION_STRING --scopes chat,voip
  acs-identity run --endpoint https://NAME.communication.azure.com --output junit --output-file results.xml
  acs-identity run --app https://NAME.azurewebsites.net --key-env APP_KEY --connection Second`,
    )
    .action(async (options: RunOptions) => {
      const { runOnce } = await import('./runOnce');
      process.exitCode = await runOnce({ ...options, scopes: options.scopes ?? ['chat'] });
    });
}
