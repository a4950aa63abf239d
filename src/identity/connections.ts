import type { CommunicationIdentityClient as IdentityClient } from '@azure/communication-identity';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import type * as v from 'valibot';
import { AppError, misconfigured } from '../base/errors';
import { isLoopback } from '../base/loopback';
import { connectionNames, connectionSettings, connectionStringParts, type ConnectionSettings } from '../base/settings';
import { createCredential } from './credentials';
import type * as outputs from './outputs';

/** The scope that the SDK requests tokens for: `communicationAuthPolicy` of @azure/communication-common. */
const ACS_SCOPE = 'https://communication.azure.com//.default';

/** An open ACS connection. */
export interface Connection {
  name: string;
  /** The resource's host name. Not a secret. */
  host: string;
  /** `https://RESOURCE.communication.azure.com` */
  origin: string;
  client: IdentityClient;
  /** Gets the Entra ID token for the next call, from the cache if it is still valid. Rejects if there is no token. `undefined` with an access key. */
  signIn?: () => Promise<unknown>;
  /** What to check if ACS refuses this connection's credentials; completes the sentence 'Check …'. */
  whatToCheck: string;
  /** The same if there is no Entra ID token. `undefined` with an access key. */
  whatToCheckForToken?: string;
}

/** The error for a name that is no connection. */
export const unknownConnection = (known: readonly string[]): AppError =>
  new AppError(
    400,
    'UnknownConnection',
    `There is no connection with this name. Connections are: ${known.join(', ')}.`,
    { target: 'connection' },
  );

/** The connections that settings name. Each is opened on first use and then kept: one client for the life of the process. */
export class Connections {
  private readonly opened = new Map<string, Promise<Connection>>();

  /**
   * The connection `name`, or the default one.
   * @throws AppError `UnknownConnection` (400) or `Misconfigured` (500)
   */
  async get(name: string | undefined): Promise<Connection> {
    const known = connectionNames();
    const wanted = name ?? known[0] ?? '';
    if (!known.includes(wanted)) {
      throw unknownConnection(known);
    }
    let connection = this.opened.get(wanted);
    if (!connection) {
      connection = openConnection(connectionSettings(wanted));
      this.opened.set(wanted, connection);
      connection.catch(() => this.opened.delete(wanted));
    }
    return connection;
  }
}

/**
 * Checks that the connection's settings are complete and well formed. Makes no connection.
 * @throws AppError `Misconfigured`
 */
export function checkConnectionSettings(name: string): void {
  parseConnectionSettings(connectionSettings(name));
}

/** What a connection points at, for people. No secrets. */
type ConnectionDescription = v.InferOutput<typeof outputs.connectionDescription>;

/** Describes a connection by its settings. Makes no connection. */
export function describeConnection(name: string): ConnectionDescription {
  try {
    const settings = connectionSettings(name);
    const { endpoint, accessKey } = parseConnectionSettings(settings);
    const entra = settings.credential === undefined ? 'defaultAzureCredential' : 'managedIdentity';
    return { name, host: endpoint.host, credential: accessKey === undefined ? entra : 'accessKey' };
  } catch (error) {
    return {
      name,
      host: null,
      credential: null,
      error: error instanceof Error ? error.message : 'Its settings are wrong.',
    };
  }
}

/**
 * The connection that these settings describe. Makes no connection yet.
 * @throws AppError `Misconfigured`, which names the setting that is wrong
 */
export async function openConnection(settings: ConnectionSettings): Promise<Connection> {
  const { name } = settings;
  const { endpoint, accessKey } = parseConnectionSettings(settings);
  const host = endpoint.host;
  if (accessKey !== undefined) {
    return {
      name,
      host,
      origin: endpoint.origin,
      client: new CommunicationIdentityClient(endpoint.origin, { key: accessKey }, clientOptions(endpoint)),
      whatToCheck: `whether the access key in setting '${name}' is a current one of this ACS resource, and whether this machine's clock is right`,
    };
  }
  const credential = await createCredential(settings.credential, settings.clientId);
  return {
    name,
    host,
    origin: endpoint.origin,
    client: new CommunicationIdentityClient(endpoint.origin, credential, clientOptions(endpoint)),
    // an array, like the SDK's own request, so that both use the same cache entry
    signIn: () => credential.getToken([ACS_SCOPE]),
    whatToCheck: `whether this identity has a role on the ACS resource that allows identity operations (Contributor does), whether '${name}__endpoint' is that resource's, and whether this machine's clock is right`,
    whatToCheckForToken: `that the identity exists and is assigned to this app, and the settings '${name}__credential' and '${name}__clientId'`,
  };
}

/** The endpoint of a connection, and its access key unless it uses Entra ID. */
function parseConnectionSettings(settings: ConnectionSettings): { endpoint: URL; accessKey?: string } {
  const { name, connectionString } = settings;
  if (connectionString !== undefined && settings.endpoint !== undefined) {
    throw misconfigured(
      name,
      `and setting '${name}__endpoint' are both set. Keep the first to use an access key, or the second to use Entra ID.`,
    );
  }
  if (connectionString !== undefined) return parseConnectionString(name, connectionString);
  if (settings.endpoint === undefined) {
    if (settings.credential !== undefined || settings.clientId !== undefined) {
      throw misconfigured(
        `${name}__endpoint`,
        `is missing, but a credential is set for it. Set it to the ACS resource's endpoint, https://NAME.communication.azure.com.`,
      );
    }
    throw misconfigured(
      name,
      `is missing. Set it to the connection string of the ACS resource, or set '${name}__endpoint' to use Entra ID.`,
    );
  }
  const endpoint = parseEndpoint(`${name}__endpoint`, settings.endpoint);
  if (endpoint.protocol === 'https:') return { endpoint };
  throw misconfigured(`${name}__endpoint`, 'must begin with https://: Entra ID tokens are never sent unencrypted.');
}

/** The SDK's own retries are off: it does not know which operations may be retried (see `retries.ts`). */
function clientOptions(endpoint: URL) {
  return {
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: endpoint.protocol === 'http:',
    userAgentOptions: { userAgentPrefix: 'acs-identity-functions' },
  };
}

/**
 * Parses an ACS connection string, `endpoint=https://…/;accesskey=…`, in any order. The SDK's parser is not used: its error for a malformed string
 * prints the key.
 */
function parseConnectionString(setting: string, value: string): { endpoint: URL; accessKey: string } {
  const parts = connectionStringParts(value);
  const endpoint = parts.get('endpoint');
  const accessKey = parts.get('accesskey');
  if (!endpoint || !accessKey) {
    throw misconfigured(
      setting,
      "is not an ACS connection string. It must look like 'endpoint=https://…/;accesskey=…'. Copy it from Keys in the Azure portal.",
    );
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(accessKey) || accessKey.length % 4 !== 0) {
    throw misconfigured(
      setting,
      'has an accesskey that is not base64. Copy the whole connection string again, from Keys in the Azure portal.',
    );
  }
  return { endpoint: parseEndpoint(setting, endpoint), accessKey };
}

function parseEndpoint(setting: string, value: string): URL {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    // no `cause`: it would contain the text that was parsed
    throw misconfigured(
      setting,
      'has an endpoint that is not a URL. It must look like https://NAME.communication.azure.com/.',
    );
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw misconfigured(
      setting,
      'has an endpoint with more than a host name. It must look like https://NAME.communication.azure.com/.',
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw misconfigured(
    setting,
    'has an endpoint that does not begin with https://. Only this machine (localhost, 127.0.0.1) may be called with http://.',
  );
}
