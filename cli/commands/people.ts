import { Option, type Command } from 'commander';
import { outputFormat } from '../optionValues';
import { storageOptions } from '../storageOptions';
import { connectionOptions } from '../targetOptions';
import type { PeopleOptions } from './peopleOfDirectory';

const TENANT = "the Entra tenant's id; for another issuer, iss- and the first 32 hex digits of the SHA-256 of its URL";
const OBJECT = "the person's object id in Entra; without one, the subject of the person's tokens, as GET me shows it";

export function addPeople(program: Command): void {
  const people = program
    .command('people')
    .summary('show or delete the ACS users of a signed-in person')
    .description(
      'Shows or deletes the ACS users of a person who has signed in to an app.\n' +
        "Reads the directory in the app's storage account. No token of the person is needed.",
    );

  const show = people
    .command('show')
    .description('Shows the ACS users of a person, one for each device.')
    .argument('<tenant>', TENANT)
    .argument('<object>', OBJECT);
  output(storageOptions(show))
    .addHelpText(
      'after',
      `
Exit code: 0 the person has ACS users, 1 the directory has none, 2 it could not run (also: there is no directory).

Your identity needs the role Storage Table Data Reader on the storage account.

Example: acs-identity people show TENANT OBJECT --table-endpoint https://ACCOUNT.table.core.windows.net`,
    )
    .action(async (tenantId: string, objectId: string, options: PeopleOptions) => {
      const { showPerson } = await import('./peopleOfDirectory');
      process.exitCode = await showPerson({ tenantId, objectId }, options);
    });

  const remove = people
    .command('delete')
    .description(
      'Deletes the ACS users of a person on all devices, and what the directory has about the person. This can not be undone.\n' +
        'A person who can still sign in gets new ACS users at the next call: block the sign-in first.',
    )
    .argument('<tenant>', TENANT)
    .argument('<object>', OBJECT);
  output(connectionOptions(storageOptions(remove)))
    .option(
      '--gone-resource <host>',
      'an ACS resource that no longer exists, by its host: delete the rows of its users, which are gone with it',
    )
    .addHelpText(
      'after',
      `
Exit code: 0 nothing of the person is left, 1 something is, 2 it could not run (also: there is no directory).

ACS users are deleted on one ACS resource at a time. If the person has users on another one, they are listed: run the
command again with that resource. What azd deploys has no keys: sign in (az login) and use --table-endpoint and
--endpoint. Your identity needs these roles:
  on the storage account  Storage Table Data Contributor
  on the ACS resource     the role of the app's identity: Contributor, unless ACS_ROLE_DEFINITION_ID names another

Example: acs-identity people delete TENANT OBJECT --table-endpoint https://ACCOUNT.table.core.windows.net --endpoint https://NAME.communication.azure.com`,
    )
    .action(async (tenantId: string, objectId: string, options: PeopleOptions) => {
      const { deletePerson } = await import('./peopleOfDirectory');
      process.exitCode = await deletePerson({ tenantId, objectId }, options);
    });
}

const output = (command: Command) =>
  command.addOption(
    new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'),
  );
