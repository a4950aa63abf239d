import type { RequestListener } from 'node:http';
import { resolve } from 'node:path';
import type { EmulatedResource, IdentityEmulator, IdentityEmulatorOptions, TeamsTokenClaims } from './api';
import type { AccessKey } from './authentication/accessKeySignature';
import { makeResources } from './resources';
import { DEFAULT_HOST, inUrl, isCertificateName, isLoopback, originError, reachableAs } from './server/address';
import { loadCertificate, type Certificate } from './server/certificate';
import { FaultList } from './server/faults';
import { handleRequest, type Service } from './server/handleRequest';
import { listen, makeHttpServer, makeHttpsServer, SocketCount, stopListening, type Server } from './server/listeners';
import { FAULTS_PATH, JWKS_PATH, REQUESTS_PATH, TEAMS_TOKENS_PATH, USERS_PATH } from './server/localCalls';
import { RequestLog } from './server/requestLog';
import { notKept } from './serviceErrors';
import { DataFile } from './state/dataFile';
import type { ResourceUsers } from './state/users';
import { AccessTokens } from './tokens/accessTokens';
import { processSigningKey } from './tokens/signingKey';
import { makeTeamsToken } from './tokens/teamsToken';

/**
 * Starts a stand-in for the ACS Identity service, on 127.0.0.1 unless the options name another address.
 * @throws TypeError for an invalid option; Error for a data file that is in use or not the emulator's; the system's Error with `code` EADDRINUSE and `port` for a taken port
 */
export async function createIdentityEmulator(options: IdentityEmulatorOptions = {}): Promise<IdentityEmulator> {
  const { port: wantedPort = 0, httpsPort: wantedHttpsPort = false, now = Date.now, log = () => undefined } = options;
  const { host = DEFAULT_HOST, certificateNames = [], corsOrigins = [] } = options;
  if (!certificateNames.every(isCertificateName))
    throw new TypeError('certificateNames: a name is no host and no address.');
  const [wrongOrigin] = corsOrigins.flatMap((origin) => originError(origin) ?? []);
  if (wrongOrigin !== undefined) throw new TypeError(`corsOrigins: ${wrongOrigin}`);
  const keys = makeResources(options);
  const [first] = keys;
  if (first === undefined) throw new TypeError('There is no resource.');
  const byResource = new Map(keys.map(({ resource }) => [resource.resourceId, resource]));
  const dataFile = options.dataFile === undefined ? undefined : await DataFile.open(options.dataFile, byResource);
  // Made in the background, so that the start need not wait for it.
  const tokens = new AccessTokens(dataFile ? Promise.resolve(dataFile.signingKey) : processSigningKey());
  const requests = new RequestLog();
  const faults = new FaultList();
  const closing = new AbortController();
  const teamsToken = (claims: TeamsTokenClaims) => makeTeamsToken(claims, now());
  const users = {
    list: () => distinctResources(keys).flatMap((resource) => resource.list()),
    deleteAll: () => distinctResources(keys).forEach((resource) => resource.deleteAll()),
  };
  /** A change that can't be kept must not be answered as if it were. */
  const kept = async () => {
    await dataFile?.kept().catch((error: NodeJS.ErrnoException) => {
      throw notKept(error.code ?? 'unknown');
    });
  };
  const urlHost = inUrl(reachableAs(host));
  const hosts: Service['credentials']['hosts'] = { http: urlHost, https: undefined };
  const service: Service = {
    credentials: { keys, entraResource: first.resource, hosts },
    usersOf: (resourceId) => keys.find(({ resource }) => resource.resourceId === resourceId)?.resource,
    tokens,
    kept,
    requests,
    faults,
    localCalls: {
      ...{ faults, requests, users, kept, tokens, corsOrigins },
      makeTeamsToken: teamsToken,
      isShared: !isLoopback(host),
    },
    corsOrigins,
    revocationDelayMs: options.revocationDelayMs ?? 0,
    deletedUsers: options.deletedUsers ?? 204,
    now,
    log,
    closing: closing.signal,
  };
  const listenerFor =
    (transport: 'http' | 'https'): RequestListener =>
    (request, response) =>
      handleRequest(request, response, transport, service).catch((error: unknown) => {
        log(`identity emulator: an answer could not be sent (${error instanceof Error ? error.message : 'unknown'})`);
        request.socket.destroy();
      });

  const sockets = new SocketCount();
  const servers: Server[] = [];
  const start = async (server: Server, port: number): Promise<number> => {
    sockets.watch(server);
    const actual = await listen(server, port, host);
    servers.push(server);
    return actual;
  };
  const close = async (): Promise<void> => {
    closing.abort();
    const stopped = servers.map(stopListening);
    await Promise.all([...stopped, sockets.destroyAll()]);
    await dataFile?.close();
  };

  let port: number;
  let https: { port: number; certificate: Certificate } | undefined;
  try {
    port = await start(makeHttpServer(listenerFor('http'), log), wantedPort);
    hosts.http = `${urlHost}:${port}`;
    if (wantedHttpsPort !== false) {
      const certificate = await loadCertificate(resolve(options.certificateDirectory ?? '.local/certificates'), [
        reachableAs(host),
        ...certificateNames,
      ]);
      const server = makeHttpsServer(listenerFor('https'), certificate, log);
      https = { port: await start(server, wantedHttpsPort), certificate };
      hosts.https = `${urlHost}:${https.port}`;
    }
  } catch (error) {
    await close();
    throw error;
  }
  const endpoint = `http://${hosts.http}/`;
  const url = (path: string) => endpoint.slice(0, -1) + path;
  const httpsEndpoint = https && `https://${hosts.https}/`;
  const resources = keys.map(({ base64, resource: { resourceId } }): EmulatedResource => {
    const connectionString = `endpoint=${endpoint};accesskey=${base64}`;
    if (httpsEndpoint === undefined) return { resourceId, connectionString };
    return { resourceId, connectionString, httpsConnectionString: `endpoint=${httpsEndpoint};accesskey=${base64}` };
  });
  return {
    connectionString: `endpoint=${endpoint};accesskey=${first.base64}`,
    ...resources[0],
    endpoint,
    port,
    ...(https === undefined || httpsEndpoint === undefined
      ? {}
      : { httpsEndpoint, httpsPort: https.port, certificateFile: https.certificate.file }),
    jwksUrl: url(JWKS_PATH),
    teamsTokensUrl: url(TEAMS_TOKENS_PATH),
    faultsUrl: url(FAULTS_PATH),
    requestsUrl: url(REQUESTS_PATH),
    usersUrl: url(USERS_PATH),
    accessKey: first.base64,
    resourceId: first.resource.resourceId,
    resources,
    users: users.list,
    clearUsers: users.deleteAll,
    requests: () => requests.list(),
    clearRequests: () => requests.clear(),
    sockets: () => sockets.count(),
    addFault: (fault) => faults.add(fault),
    faults: () => faults.list(),
    clearFaults: () => faults.clear(),
    createTeamsToken: (claims) => teamsToken(claims).token,
    close,
  };
}

const distinctResources = (keys: readonly AccessKey<ResourceUsers>[]): ResourceUsers[] => [
  ...new Set(keys.map(({ resource }) => resource)),
];
