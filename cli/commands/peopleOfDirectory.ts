import * as v from 'valibot';
import { DIRECTORY_TABLE, openDirectory, type Directory } from '../../src/auth/directory';
import type { Mapping } from '../../src/auth/directoryRows';
import { personInput } from '../../src/auth/inputs';
import { offboard } from '../../src/auth/offboarding';
import type { Person } from '../../src/auth/person';
import { isAppError } from '../../src/base/errors';
import { AcsActions } from '../../src/identity/acsActions';
import type { IdentityActions } from '../../src/identity/identityTypes';
import { COULD_NOT_RUN, CommandError, errorText, FAILED } from '../commandError';
import { openNamedConnection } from '../connectionTarget';
import { storageOf, type StorageOptions } from '../storageOptions';
import type { TargetOptions } from '../targetOptions';

export interface PeopleOptions extends StorageOptions, TargetOptions {
  goneResource?: string;
  output: 'text' | 'json';
}

/** `acs-identity people show`. @returns the exit code */
export function showPerson(given: Person, options: PeopleOptions): Promise<number> {
  return withDirectory(given, options, async (person, directory) => {
    const mappings = await directory.list(person);
    if (mappings.length === 0) await requireTable(directory);
    if (options.output === 'json') printJson({ ...person, devices: mappings.map(deviceOf) });
    else if (mappings.length === 0) console.log('This person has no ACS users.');
    else for (const mapping of mappings) console.log(line(mapping));
    return mappings.length === 0 ? FAILED : 0;
  });
}

/** `acs-identity people delete`. @returns the exit code */
export function deletePerson(given: Person, options: PeopleOptions): Promise<number> {
  return withDirectory(given, options, async (person, directory) => {
    const actions = await actionsByHost(options);
    if ((await directory.list(person)).length === 0) await requireTable(directory);
    const { deleted, withoutConnection: left } = await offboard(person, {
      directory,
      actionsFor: ({ resource }) => Promise.resolve(actions.get(resource)),
    });
    if (options.output === 'json') printJson({ deleted: deleted.map(deviceOf), left: left.map(deviceOf) });
    else {
      console.log(`Deleted ${deleted.length} ACS ${deleted.length === 1 ? 'user' : 'users'} of this person.`);
      for (const mapping of left) console.log(`  left: ${line(mapping)}`);
      if (left.length > 0) {
        console.log(
          'They are on other ACS resources. Run the command again with each of these, or with --gone-resource HOST if it no longer exists.',
        );
      }
    }
    return left.length === 0 ? 0 : FAILED;
  });
}

/** The actions on the ACS resources that the options name, by host. */
async function actionsByHost(options: PeopleOptions): Promise<Map<string, Pick<IdentityActions, 'deleteUser'>>> {
  const { connectionStringEnv, endpoint, goneResource } = options;
  const named = [connectionStringEnv, endpoint].filter((one) => one !== undefined);
  if (named.length > 1 || (named.length === 0 && goneResource === undefined)) {
    throw new CommandError('Give --connection-string-env or --endpoint: users are deleted on an ACS connection.');
  }
  const actions = new Map<string, Pick<IdentityActions, 'deleteUser'>>();
  // its users are gone with it
  if (goneResource !== undefined) actions.set(goneResource.toLowerCase(), { deleteUser: () => Promise.resolve() });
  if (named.length > 0) {
    const connection = await openNamedConnection(options);
    actions.set(connection.host, new AcsActions(connection));
  }
  return actions;
}

async function withDirectory(
  given: Person,
  options: PeopleOptions,
  work: (person: Person, directory: Directory) => Promise<number>,
): Promise<number> {
  const { success, issues, output: person } = v.safeParse(personInput.params, given);
  if (!success) {
    const [{ path, message }] = issues;
    throw new CommandError(`${path?.[0].key === 'tenantId' ? '<tenant>' : '<object>'} ${message}`);
  }
  const directory = openDirectory(await storageOf(options, 'identities of signed-in people are'));
  try {
    return await work(person, directory);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new CommandError(errorText(error), error.code === 'Misconfigured' ? COULD_NOT_RUN : FAILED);
  }
}

/** An empty answer may mean that it is another app's storage account. */
async function requireTable(directory: Directory): Promise<void> {
  if (await directory.exists()) return;
  throw new CommandError(
    `This storage account has no table ${DIRECTORY_TABLE}. Check that it is the account of the app, and that somebody has signed in.`,
  );
}

const deviceOf = ({ device, identity, resource, connection, createdOn }: Mapping) => ({
  device,
  identity,
  resource,
  connection,
  createdOn,
});

const line = ({ device, identity, resource, createdOn }: Mapping) =>
  `${identity}  device ${device}, on ${resource}, created ${createdOn}`;

const printJson = (value: unknown) => console.log(JSON.stringify(value, undefined, 2));
