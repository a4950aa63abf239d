import type { CommunicationIdentityClient as IdentityClient } from '@azure/communication-identity';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { AppError, misconfigured } from '../base/errors';
import { isLoopback } from '../base/loopback';
import { connectionNames, connectionSettings, connectionStringParts, type ConnectionSettings } from '../base/settings';
import { createCredential } from './credentials';

/** What the SDK asks a token for: `communicationAuthPolicy` of @azure/communication-common. */
const ACS_SCOPE = 'https://communication.azure.com//.default';

/** An ACS connection that is ready to be used. */
export interface Connection {
  name: string;
  /** The resource's host name: no secret. */
  host: string;
  /** `https://RESOURCE.communication.azure.com` */
  origin: string;
  client: IdentityClient;
  /** Gets the Entra ID token for the next call, unless a cached one is still valid. Rejects if no token can be obtained. `undefined` with an access key. */
  signIn?: () => Promise<unknown>;
  /** What to check when ACS refuses this connection's credentials. */
  whatToCheck: string;
  /** What to check if no Entra ID token can be obtained for it. */
  whatToCheckForToken: string;
}

/** The connections that settings name. Each is made on first use and then kept: one client for the life of the process. */
export class Connections {
  private readonly made = new Map<string, Promise<Connection>>();

  /**
   * The connection `name`, or the default one.
   * @throws AppError `UnknownConnection` (400) or `Misconfigured` (500)
   */
  async get(name: string | undefined): Promise<Connection> {
    const known = connectionNames();
    const wanted = name ?? known[0] ?? '';
    if (!known.includes(wanted)) {
      throw new AppError(
        400,
        'UnknownConnection',
        `There is no connection of that name. Connections are: ${known.join(', ')}.`,
        {
          target: 'connection',
        },
      );
    }
    let connection = this.made.get(wanted);
    if (!connection) {
      connection = openConnection(connectionSettings(wanted));
      this.made.set(wanted, connection);
      connection.catch(() => this.made.delete(wanted));
    }
    return connection;
  }
}

/**
 * Are the connection's settings complete and well formed? Connects to nothing.
 * @throws AppError `Misconfigured`
 */
export function checkConnectionSettings(name: string): void {
  readPlace(connectionSettings(name));
}

/**
 * The connection that these settings describe. Connects to nothing.
 * @throws AppError `Misconfigured`, naming what is wrong by the settings' names
 */
export async function openConnection(settings: ConnectionSettings): Promise<Connection> {
  const { name } = settings;
  const { endpoint, accessKey } = readPlace(settings);
  const host = endpoint.host;
  const whatToCheckForToken = `that the identity exists and is assigned to this app, and the settings '${name}__credential' and '${name}__clientId'`;
  if (accessKey !== undefined) {
    return {
      name,
      host,
      origin: endpoint.origin,
      client: new CommunicationIdentityClient(endpoint.origin, { key: accessKey }, clientOptions(endpoint)),
      whatToCheck: `whether the access key in setting '${name}' is a current one of this ACS resource, and whether this machine's clock is right`,
      whatToCheckForToken,
    };
  }
  const credential = await createCredential(settings.credential, settings.clientId);
  return {
    name,
    host,
    origin: endpoint.origin,
    client: new CommunicationIdentityClient(endpoint.origin, credential, clientOptions(endpoint)),
    // a list, as the SDK asks: the token is kept by what it is asked for
    signIn: () => credential.getToken([ACS_SCOPE]),
    whatToCheck: `whether this identity has a role on the ACS resource that allows identity operations (Contributor does), whether '${name}__endpoint' is that resource's, and whether this machine's clock is right`,
    whatToCheckForToken,
  };
}

/** The endpoint of a connection and its access key, which is absent with Entra ID. */
function readPlace(settings: ConnectionSettings): { endpoint: URL; accessKey?: string } {
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
  throw misconfigured(
    `${name}__endpoint`,
    'must begin with https://, since Entra ID tokens are never sent unencrypted.',
  );
}

/** The SDK's own retries are off: one layer of ours, which knows what may be repeated, does it. */
function clientOptions(endpoint: URL) {
  return {
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: endpoint.protocol === 'http:',
    userAgentOptions: { userAgentPrefix: 'acs-identity-functions' },
  };
}

/**
 * Reads an ACS connection string, `endpoint=https://…/;accesskey=…`, in any order.
 * The SDK is not asked to: its error for a malformed one prints the key.
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
    // the cause is left out: it holds the text that was parsed
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
