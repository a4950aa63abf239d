import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { refusalOf } from '../functionsHost/callers';
import { pageHeaders, signInPage } from './pages';
import { DEV_TOKEN_PATH, FRONT_END_CLIENT_ID, HOME_TENANT, issuerOf, issuerPath, TENANTS } from './samples';
import { createProviders, issueAccessToken, signInResult, type TenantProvider } from './tenantProvider';

const LONGEST_FORM = 1024;

export interface SignInServer {
  port: number;
  close(): Promise<void>;
}

/**
 * Starts the service on 127.0.0.1. The providers are loaded for the first request, so that a start of the app does not wait for them.
 * @param port 0 = any free one
 * @param origins of the front ends: each may redirect to `ORIGIN/`, exactly, and call the endpoints from a page
 */
export async function startServer(port: number, origins: readonly string[]): Promise<SignInServer> {
  let providers: Promise<TenantProvider[]> | undefined;
  const server = createServer((request, response) => {
    const { port: actualPort } = server.address() as AddressInfo;
    const loaded = () => (providers ??= createProviders(actualPort, origins));
    answer(request, response, loaded, origins).catch((error: unknown) => {
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendText(response, 500, 'The local sign-in service failed; the terminal in which it runs shows why.');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  loaded: () => Promise<TenantProvider[]>,
  origins: readonly string[],
): Promise<void> {
  const refusal = refusalOf(request, { CORS: origins.join(',') });
  if (refusal !== undefined) return sendText(response, refusal.status, refusal.reason);
  const url = urlOf(request);
  if (url === undefined) return sendText(response, 400, 'The path is malformed.');
  if (url.pathname === DEV_TOKEN_PATH) return sendDevToken(request, response, url, loaded);
  const tenant = TENANTS.find((candidate) => url.pathname.startsWith(`${issuerPath(candidate)}/`));
  if (tenant === undefined) return sendText(response, 404, greeting(request.socket.localPort ?? 0));
  const { provider } = (await loaded()).find((candidate) => candidate.tenant === tenant) as TenantProvider;
  for (const [name, value] of Object.entries(pageHeaders(origins))) response.setHeader(name, value);
  const path = url.pathname.slice(issuerPath(tenant).length);
  if (path.startsWith('/interaction/')) return interact(request, response, { tenant, provider });
  // The provider finds out from the two where it is mounted.
  request.url = path + queryFor(path, url.searchParams);
  request.originalUrl = issuerPath(tenant) + request.url;
  await provider.callback()(request, response);
}

/**
 * What oidc-provider needs to do as Entra ID does. It gives a refresh token for `offline_access` only if it asks for consent; it asks `interact`, which consents.
 * Choosing an account is signing in here. It redirects after the sign-out only if it knows the client.
 */
function queryFor(path: string, query: URLSearchParams): string {
  const prompt = query.get('prompt') ?? '';
  if (path === '/authorize' && prompt === '') query.set('prompt', 'consent');
  else if (path === '/authorize' && prompt !== 'none') query.set('prompt', 'login consent');
  if (path === '/logout' && !query.has('id_token_hint')) query.set('client_id', FRONT_END_CLIENT_ID);
  return `?${query.toString()}`;
}

/** A request for sign-in: shows the sample users, or answers with the one that was chosen. Who is signed in is not asked again. */
async function interact(
  request: IncomingMessage,
  response: ServerResponse,
  { tenant, provider }: TenantProvider,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response).catch(() => undefined);
  if (interaction === undefined) {
    return sendText(response, 400, 'This sign-in has ended or began in another browser. Go back to the app and retry.');
  }
  if (request.method !== 'POST') {
    const signedIn = interaction.prompt.name === 'consent' ? interaction.session?.accountId : undefined;
    if (signedIn === undefined) return sendHtml(response, signInPage(tenant));
    return provider.interactionFinished(request, response, await signInResult(provider, signedIn));
  }
  const as = (await readForm(request)).get('as') ?? '';
  const user = tenant.users.find(({ name }) => name === as);
  const result =
    user === undefined
      ? { error: 'access_denied', error_description: 'The user cancelled the sign-in.' }
      : await signInResult(provider, user.objectId);
  await provider.interactionFinished(request, response, result);
}

async function sendDevToken(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  loaded: () => Promise<TenantProvider[]>,
): Promise<void> {
  // For programs only: a page of a registered origin signs its user in.
  if (request.headers.origin !== undefined) return sendText(response, 403, 'Web pages get no token here.');
  if (request.method !== 'POST') return sendText(response, 405, 'Send a POST.');
  const as = url.searchParams.get('as') ?? '';
  for (const { tenant, provider } of await loaded()) {
    const user = tenant.users.find(({ name }) => name === as);
    if (user !== undefined) return sendText(response, 200, await issueAccessToken(provider, user));
  }
  const names = TENANTS.flatMap(({ users }) => users.map(({ name }) => name));
  sendText(response, 404, `There is no sample user ${JSON.stringify(as)}. Choose one of: ${names.join(', ')}.`);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > LONGEST_FORM) return new URLSearchParams();
  }
  return new URLSearchParams(text);
}

/** `undefined` if the path is none, such as `//[`. */
function urlOf({ url = '/' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, 'http://127.0.0.1') ? new URL(url, 'http://127.0.0.1') : undefined;
}

const greeting = (port: number): string =>
  `This is the local sign-in service. A sample issuer is ${issuerOf(HOME_TENANT, port)}; its endpoints are in its /.well-known/openid-configuration.`;

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(text);
}

function sendHtml(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(html);
}
