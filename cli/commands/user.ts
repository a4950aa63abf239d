import { Option, type Command } from 'commander';
import type { Scope } from '../../src/base/settings';
import { redactToken } from '../../src/base/redact';
import { watchInterruption } from '../interruption';
import { outputFormat, scopeList, userId, wholeNumber } from '../optionValues';
import { describeToken } from '../output/tokenText';
import { CommandError } from '../commandError';
import { appOptions, connectionOptions, type TargetOptions } from '../targetOptions';
import { withTarget } from '../withTarget';

interface CreateOptions extends TargetOptions {
  scopes?: Scope[];
  expiresInMinutes?: number;
  output: 'text' | 'json' | 'id';
}

export function addUser(program: Command): void {
  const user = program
    .command('user')
    .summary('create or delete one ACS user')
    .description('Creates or deletes one ACS user.');
  const create = user.command('create').description('Creates a user and prints its id. It stays until you delete it.');
  appOptions(connectionOptions(create), { connection: true })
    .addOption(new Option('--scopes <list>', 'make a token too, with these scopes (none)').argParser(scopeList))
    .addOption(
      new Option('--expires-in-minutes <n>', 'lifetime of that token, 60 to 1440 (1440)').argParser(
        wholeNumber('minutes', 60, 1440),
      ),
    )
    .addOption(
      new Option('--output <format>', 'text, id (just the id) or json (with the token itself, if one was made)')
        .argParser(outputFormat('text', 'id', 'json'))
        .default('text'),
    )
    .addHelpText(
      'after',
      '\nExample: acs-identity user create --connection-string-env ACS_CONNECTION_STRING --output id',
    )
    .action(createUser);

  const remove = user
    .command('delete')
    .description('Deletes a user. All its tokens end with it; this can not be undone.')
    .argument('<id>', 'the user, 8:acs:GUID_GUID', userId);
  appOptions(connectionOptions(remove), { connection: true }).action(async (id: string, options: TargetOptions) => {
    await withTarget(options, ({ actions }) => actions.deleteUser({ userId: id }));
    console.log(`Deleted ${id}.`);
  });
}

async function createUser(options: CreateOptions): Promise<void> {
  if (options.expiresInMinutes !== undefined && options.scopes === undefined) {
    throw new CommandError('--expires-in-minutes is the lifetime of a token: name its --scopes too.');
  }
  // cut here, a user could be left that nobody knows of
  const interruption = watchInterruption(() =>
    console.error("Waiting for ACS's answer, so that the user's id is not lost. Ctrl+C again to stop at once."),
  );
  try {
    const made = await withTarget(options, ({ actions }) =>
      actions.createUser({ createTokenWithScopes: options.scopes, expiresInMinutes: options.expiresInMinutes }),
    );
    if (options.output === 'json') console.log(JSON.stringify(made, undefined, 2));
    else if (options.output === 'id') console.log(made.identity.id);
    else {
      console.log(`Created ${made.identity.id}`);
      if (made.accessToken) {
        const { token, expiresOn } = made.accessToken;
        for (const line of describeToken(redactToken(token, { scopes: options.scopes ?? [], expiresOn })))
          console.log(line);
      }
    }
    process.exitCode = interruption.exitCode() ?? 0;
  } finally {
    interruption.release();
  }
}
