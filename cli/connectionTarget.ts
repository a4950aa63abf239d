import { createIdentityEmulator } from '../emulator/src';
import { isAppError } from '../src/base/errors';
import { AcsActions } from '../src/identity/acsActions';
import { openConnection, type Connection } from '../src/identity/connections';
import { CommandError } from './commandError';
import { readVariable, type Target, type TargetOptions } from './targetOptions';

/** The connection that `--connection-string-env` or `--endpoint` names. @throws CommandError that names the option or variable */
export async function openNamedConnection(
  options: Pick<TargetOptions, 'connectionStringEnv' | 'endpoint'>,
): Promise<Connection> {
  const { connectionStringEnv: variable, endpoint } = options;
  if (variable === undefined) return openEntraConnection(endpoint ?? '');
  const value = readVariable(variable);
  if (value === undefined) {
    throw new CommandError(
      `Environment variable ${variable} is not set. Set it to the connection string of the ACS resource ` +
        '(portal: Keys; az communication list-key), or use --endpoint for Entra ID.',
    );
  }
  const connection = await openOr(`Environment variable ${variable}`, variable, { connectionString: value });
  return {
    ...connection,
    whatToCheck: `whether the access key in environment variable ${variable} is a current one of this ACS resource, and whether this machine's clock is right`,
  };
}

async function openEntraConnection(endpoint: string): Promise<Connection> {
  const connection = await openOr('--endpoint', 'entra', { endpoint });
  return {
    ...connection,
    name: connection.host,
    whatToCheck:
      "whether this identity has a role on the ACS resource that allows identity operations (Contributor does), whether --endpoint is that resource's, and whether this machine's clock is right",
    whatToCheckForToken:
      'that you are signed in (az login), or that the identity of this machine or pipeline exists (AZURE_CLIENT_ID, AZURE_TENANT_ID)',
  };
}

/** Errors name settings as the app knows them; here they have other names. */
async function openOr(
  label: string,
  name: string,
  what: { connectionString?: string; endpoint?: string },
): Promise<Connection> {
  try {
    return await openConnection({
      name,
      connectionString: what.connectionString,
      endpoint: what.endpoint,
      credential: undefined,
      clientId: undefined,
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new CommandError(error.message.replace(/^Setting '\w+'/, label));
  }
}

/** An emulator that lives until `close`. */
export async function emulatorTarget(more: { stop?: AbortSignal }): Promise<Target> {
  const emulator = await createIdentityEmulator();
  const connection = await openOr('--emulator', 'emulator', { connectionString: emulator.connectionString });
  const target = connectionTarget(connection, more);
  return {
    ...target,
    where: `an ACS identity emulator, brought up for this run (${connection.host})`,
    close: () => emulator.close(),
  };
}

/** The ACS resource behind a connection. */
export function connectionTarget(connection: Connection, { stop }: { stop?: AbortSignal }): Target {
  return {
    actions: new AcsActions(connection, stop ? { stop } : {}),
    connection: connection.name,
    kind: 'connection',
    where: `ACS at ${connection.host}`,
    origin: connection.origin,
    close: () => Promise.resolve(),
  };
}
