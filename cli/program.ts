import { Command } from 'commander';
import { version } from './package.json';
import { redactText } from '../src/base/redact';
import { addDoctor } from './commands/doctor';
import { addNotify } from './commands/notify';
import { addPeople } from './commands/people';
import { addRun } from './commands/run';
import { addRuns } from './commands/runs';
import { addStatus } from './commands/status';
import { addSweep } from './commands/sweep';
import { addToken } from './commands/token';
import { addUser } from './commands/user';

/** The command line of `acs-identity`. Parsing rejects with commander's CommanderError, or with what the command threw. */
export function makeProgram(): Command {
  const program = new Command('acs-identity')
    .description('Tests and operates Azure Communication Services (ACS) identities from a terminal or a pipeline.')
    .version(version)
    .exitOverride()
    // it repeats arguments that it refuses
    .configureOutput({ writeErr: (text) => process.stderr.write(redactText(text)) })
    .showHelpAfterError('(acs-identity COMMAND --help shows the options)')
    .addHelpText(
      'after',
      `
Choose the target with one of the options that the command accepts:
  --connection-string-env NAME   an ACS resource, with its key        run, user, token, doctor, sweep, people
  --endpoint URL                 an ACS resource, with Entra ID       run, user, token, doctor, sweep, people
  --app URL                      a deployed app, by function URLs     run, user, token, runs, status, notify
  --emulator                     an emulator for this run             run
sweep and people also read the app's storage account: --table-endpoint URL or --storage-connection-string-env NAME.
Secrets are read from environment variables, never from arguments, and never printed.`,
    );
  for (const add of [addRun, addUser, addToken, addDoctor, addRuns, addStatus, addNotify, addSweep, addPeople])
    add(program);
  return program;
}
