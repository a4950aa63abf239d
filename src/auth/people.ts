import type * as v from 'valibot';
import { callerSettings } from '../base/callerSettings';
import { recordStorageOutcome } from '../base/dependencyHealth';
import { AppError, errorOfDetails, misconfigured } from '../base/errors';
import { connectionNames, settingText, type Scope } from '../base/settings';
import { historySettings } from '../base/workflowSettings';
import { historyPlace } from '../history';
import { getConnection, identityActions } from '../identity';
import { checkConnectionSettings, describeConnection } from '../identity/connections';
import type { AccessToken } from '../identity/identityTypes';
import { enforceLimits } from '../identity/operatorLimits';
import { openDirectory, type Directory } from './directory';
import { DEFAULT_DEVICE, type Mapping, type MappingKey } from './directoryRows';
import { Identities, isUserNotFound, type PersonCall } from './identities';
import { offboard } from './offboarding';
import type * as outputs from './outputs';
import type { Person } from './person';

/** A token is requested for the remembered user, then for the stored one, then for a new one. */
const MAX_ATTEMPTS = 3;

export interface MyTokenInput {
  scopes?: readonly Scope[] | undefined;
  expiresInMinutes?: number | undefined;
  device?: string | undefined;
}

export type MyToken = v.InferOutput<typeof outputs.myToken>;
export type PersonRecord = v.InferOutput<typeof outputs.personRecord>;

let opened: { directory: Directory; identities: Identities } | undefined;

/** The directory in the storage that the settings name. Opened on first use, then kept. */
function people(): { directory: Directory; identities: Identities } {
  if (opened) return opened;
  const place = historyPlace();
  if (place.kind === 'memory') {
    const { setting } = historySettings();
    throw new AppError(
      503,
      'StorageUnavailable',
      `The ACS users of signed-in people are recorded in a storage account, but no storage account is set. Set '${setting}' to its connection string, or '${setting}__tableServiceUri' to use Entra ID.`,
      { target: setting },
    );
  }
  const directory = openDirectory(place, { onOutcome: recordStorageOutcome });
  opened = { directory, identities: new Identities(directory) };
  return opened;
}

/** @throws AppError `StorageUnavailable` (503) if no storage is set, `Misconfigured` (500) */
export const directory = (): Directory => people().directory;

/**
 * Issues a token for a person's ACS user on a device, and creates the user if there is none. The token is always a new one.
 * @throws AppError `NotEnabled` (404), `Misconfigured` (500), `ScopeNotAllowed` and `ExpiryNotAllowed` (403), `TooManyDevices` (409), `StorageUnavailable`
 * (503), and those of ACS
 */
export async function issueMyToken(person: Person, input: MyTokenInput, call: PersonCall = {}): Promise<MyToken> {
  const settings = callerSettings();
  const request = withinLimits(input, settings.scopes);
  const { identities } = people();
  const { host, name } = await getConnection(settings.connection);
  const actions = await identityActions(name);
  const cleanupActions = await identityActions(name, { outliveStop: true });
  const key: MappingKey = { ...person, device: input.device ?? DEFAULT_DEVICE, resource: host };
  let gone: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const { mapping, isNew } = await identities.ensure(
      key,
      { connection: name, actions, cleanupActions },
      { ...call, gone },
    );
    try {
      const { traceparent, onAttempt } = call;
      const options = { traceparent, ...(onAttempt ? { onAttempt } : {}) };
      return answerOf(mapping.identity, await actions.issueToken({ userId: mapping.identity, ...request }, options));
    } catch (error) {
      if (!isUserNotFound(error)) throw error;
      if (isNew || attempt === MAX_ATTEMPTS) throw unknownAgain(host, error);
      gone = mapping.identity;
    }
  }
}

/** @throws AppError `NoIdentity` (404) */
export async function readPerson(person: Person): Promise<PersonRecord> {
  callerSettings();
  const record = recordOf(person, await directory().list(person));
  if (record.devices.length === 0) throw noIdentity('This person has no identity here.');
  return record;
}

/** Revokes all tokens of a person's device. @throws AppError `NoIdentity` (404) if the device has no identity */
export async function revokeTokensOf(person: Person, device: string, call: PersonCall = {}): Promise<void> {
  callerSettings();
  const mappings = (await directory().list(person)).filter((mapping) => mapping.device === device);
  // on a resource that no connection points at nothing can be done: its tokens expire
  const reachable = mappings.flatMap((mapping) => {
    const connection = connectionAt(mapping);
    return connection === undefined ? [] : [{ mapping, connection }];
  });
  if (reachable.length === 0 && mappings.length > 0) requireReadableConnections();
  if (reachable.length === 0) throw noIdentity(`This person has no identity for device '${device}'.`);
  for (const { mapping, connection } of reachable) {
    const actions = await identityActions(connection);
    await actions
      .revokeTokens({ userId: mapping.identity }, { traceparent: call.traceparent })
      .catch((error: unknown) => {
        // a user that is gone has no tokens
        if (!isUserNotFound(error)) throw error;
      });
  }
}

/** Deletes a person's ACS users and directory rows. Succeeds also if there are none. */
export async function deletePerson(person: Person, call: PersonCall = {}): Promise<void> {
  callerSettings();
  const { identities } = people();
  const { withoutConnection } = await offboard(person, {
    directory: directory(),
    actionsFor: async (mapping) => {
      const connection = connectionAt(mapping);
      return connection === undefined ? undefined : identityActions(connection);
    },
    onDeleted: (mapping) => identities.forget(mapping),
    traceparent: call.traceparent,
  });
  const [first] = withoutConnection;
  if (first === undefined) return;
  requireReadableConnections();
  throw misconfigured(
    'IDENTITY_CONNECTIONS',
    `has no connection to ${first.resource}, which has ${withoutConnection.length} of this person's ACS users. All other ACS users of the person are deleted. Add the connection and try again. If that ACS resource no longer exists, delete the rows with: acs-identity people delete --gone-resource ${first.resource}`,
  );
}

/** What is stored about a person. */
export function recordOf({ tenantId, objectId }: Person, mappings: readonly Mapping[]): PersonRecord {
  return {
    tenantId,
    objectId,
    devices: mappings.map(({ device, identity, createdOn }) => ({ device, identity, createdOn })),
  };
}

/**
 * The connection that points at the ACS resource of a mapping; `undefined` if there is none. If there are several, the one that gets the tokens, then the
 * one that the user was created on: the key of another one may be out of date.
 */
export function connectionAt({ resource, connection }: Pick<Mapping, 'resource' | 'connection'>): string | undefined {
  const pointing = connectionNames().filter((name) => describeConnection(name).host === resource);
  return (
    [settingText('MY_TOKEN_CONNECTION'), connection].find((name) => name && pointing.includes(name)) ?? pointing[0]
  );
}

/** A connection that can't be read may be the one that points at a resource. @throws AppError `Misconfigured` if there is one */
function requireReadableConnections(): void {
  for (const name of connectionNames()) checkConnectionSettings(name);
}

/** The request with the scopes that it gets, and its lifetime. @throws AppError 403 */
function withinLimits({ scopes = [], expiresInMinutes }: MyTokenInput, allowed: readonly Scope[]) {
  const details = scopes.flatMap((scope, index) => {
    const target = `scopes[${index}]`;
    const message = `${target}: ${scope} is not allowed here. Setting MY_TOKEN_SCOPES allows: ${allowed.join(', ')}.`;
    return allowed.includes(scope) ? [] : [{ code: 'ScopeNotAllowed', target, message }];
  });
  if (details.length > 0) throw errorOfDetails(403, 'ScopeNotAllowed', details);
  return enforceLimits({ scopes: scopes.length > 0 ? scopes : allowed, expiresInMinutes });
}

const answerOf = (id: string, { token, expiresOn }: AccessToken): MyToken => ({
  identity: { id },
  token,
  expiresOn,
  expiresOnTimestamp: Date.parse(expiresOn),
});

const noIdentity = (message: string) => new AppError(404, 'NoIdentity', message);

const unknownAgain = (host: string, cause: unknown) =>
  new AppError(
    502,
    'ServiceUnavailable',
    `ACS (${host}) does not know a user that was created a moment ago. If the person was deleted at the same time, try again.`,
    { cause },
  );
