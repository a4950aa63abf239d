import { Option, type Command } from 'commander';
import type { Scope } from '../../src/base/settings';
import { redactToken } from '../../src/base/redact';
import { outputFormat, scopeList, userId, wholeNumber } from '../optionValues';
import { describeToken } from '../output/tokenText';
import { appOptions, connectionOptions, type TargetOptions } from '../targetOptions';
import { withTarget } from '../withTarget';

interface IssueOptions extends TargetOptions {
  scopes?: Scope[];
  expiresInMinutes?: number;
  output: 'text' | 'json' | 'token';
}

export function addToken(program: Command): void {
  const token = program
    .command('token')
    .summary('issue a token to a user, or revoke all of its tokens')
    .description('Issues a token to a user, or revokes all of its tokens.');
  const issue = token
    .command('issue')
    .description('Issues a token to a user. The token itself is printed only with --output token or json.')
    .argument('<id>', 'the user, 8:acs:GUID_GUID', userId);
  appOptions(connectionOptions(issue), { connection: true })
    .addOption(new Option('--scopes <list>', 'what the token is for (chat)').argParser(scopeList))
    .addOption(
      new Option('--expires-in-minutes <n>', 'its lifetime, 60 to 1440 (1440)').argParser(
        wholeNumber('minutes', 60, 1440),
      ),
    )
    .addOption(
      new Option(
        '--output <format>',
        'text (about the token), token (just the token) or json (the answer, with the token)',
      )
        .argParser(outputFormat('text', 'token', 'json'))
        .default('text'),
    )
    .addHelpText(
      'after',
      '\nExample: acs-identity token issue 8:acs:GUID_GUID --endpoint https://NAME.communication.azure.com --scopes voip --output token',
    )
    .action(issueToken);

  const revoke = token
    .command('revoke')
    .description('Revokes all tokens of a user. ACS may go on taking them for up to 15 minutes.')
    .argument('<id>', 'the user, 8:acs:GUID_GUID', userId);
  appOptions(connectionOptions(revoke), { connection: true }).action(async (id: string, options: TargetOptions) => {
    await withTarget(options, ({ actions }) => actions.revokeTokens({ userId: id }));
    console.log(`Revoked all tokens of ${id}.`);
  });
}

async function issueToken(id: string, options: IssueOptions): Promise<void> {
  const scopes = options.scopes ?? ['chat'];
  const { expiresInMinutes } = options;
  const issued = await withTarget(options, ({ actions }) =>
    actions.issueToken({ userId: id, scopes, expiresInMinutes }),
  );
  if (options.output === 'token') console.log(issued.token);
  else if (options.output === 'json') console.log(JSON.stringify(issued, undefined, 2));
  else {
    console.log(`Issued a token to ${id}`);
    const about = redactToken(issued.token, { scopes, expiresOn: issued.expiresOn });
    for (const line of describeToken(about)) console.log(line);
  }
}
