import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer, json } from 'node:stream/consumers';
import { answerCors, refusalOf } from './callers';
import type { AppFunction } from './functionTable';
import type { HostJson, HostPart } from './hostSettings';
import type { Answer } from './ipc';
import { decodePath } from './routes';

export type ServedApp = {
  host: HostPart;
  hidesHomepage: boolean;
  hostJson: HostJson;
  functions: AppFunction[] | undefined; // `undefined` if the host could not start
  ready: () => Promise<object | undefined>; // waits until calls are taken and the app has (re)started; to undefined when it won't
  invoke: (entry: AppFunction, input?: object) => Promise<Answer>;
};
const bodyLimit = 104_857_600;
const homepage = '<!DOCTYPE html><title>Functions</title><h1>Your local Functions host is running.</h1>';

export function createHttpServer(app: ServedApp): Server {
  // Kestrel keeps idle connections for 130 s; Node's 5 s would end them under clients that pool theirs.
  const server = createServer({ keepAliveTimeout: 130_000 }, (request, response) => {
    // A connection that was open when the host began to stop gets no more than a new one.
    if (!server.listening) return void request.socket.destroy();
    answer(app, request, response).catch(() => (response.headersSent ? response.destroy() : send(response, 500)));
  });
  return server;
}

function send(response: ServerResponse, status: number, given: object = {}, body: Uint8Array | string = ''): void {
  const headers: Record<string, string | number> = { ...given };
  const mayHaveBody = status !== 204 && status !== 304;
  const hasBody = mayHaveBody && response.req.method !== 'HEAD';
  for (const name of mayHaveBody ? [] : ['content-type', 'content-length']) delete headers[name];
  delete headers['transfer-encoding'];
  // A length that the app has set may be wrong; without one the body is chunked.
  if (hasBody && (body.length === 0 || 'content-length' in headers)) headers['content-length'] = body.length;
  response.writeHead(status, headers).end(hasBody ? body : undefined);
}

async function answer(app: ServedApp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '/', headers } = request;
  response.setHeader('Server', 'Kestrel');
  const refusal = refusalOf(request, app.host);
  if (refusal) return send(response, refusal.status, { 'content-type': 'text/plain' }, refusal.reason);
  if (answerCors(app.host, request, response)) return send(response, 204);
  const functions = (await app.ready()) ? app.functions : undefined;
  if (!functions) return send(response, 503, {}, 'Function host is not running.');
  const { customHeaders = {} } = app.hostJson.extensions?.http ?? {};
  for (const [name, value] of Object.entries(customHeaders)) response.setHeader(name, value);
  const path = decodePath(url.replace(/\?.*/, ''));
  if (path.includes('\0')) return send(response, 400);
  if (/^\/admin\//i.test(path)) return answerAdmin(app, functions, path.toLowerCase(), response);
  for (const entry of functions) {
    const parameters = entry.methods?.length === 0 || entry.methods?.includes(method) ? entry.match?.(path) : undefined;
    if (!parameters) continue;
    // Every caller is an administrator, whom a disabled function answers when it asks for a key or gets one.
    if (entry.disabled && entry.authLevel === 'anonymous' && !headers['x-functions-key']) return send(response, 404);
    // Without a length, as in a chunked request, the body is never read.
    const length = Number(headers['content-length'] ?? 0);
    if (length > bodyLimit) return send(response, 500, { connection: 'close' });
    const body = length > 0 ? { body: { bytes: await buffer(request) } } : {};
    const { failure, http } = await app.invoke(entry, { http: { ...requestData(request, parameters), ...body } });
    return send(response, failure ? 500 : Number(http?.statusCode ?? 204), http?.headers, http?.body?.bytes);
  }
  if (path !== '/' || !['GET', 'HEAD', 'POST'].includes(method)) return send(response, 404);
  send(response, app.hidesHomepage ? 204 : 200, { 'content-type': 'text/html' }, homepage);
}

async function answerAdmin({ invoke }: ServedApp, functions: AppFunction[], path: string, response: ServerResponse) {
  const { method, headers } = response.req;
  const [, , area, name] = path.split('/');
  const sendJson = (body: object) => send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(body));
  const describe = ({ name, url, disabled }: AppFunction) => ({ name, invoke_url_template: url, isDisabled: disabled });
  const entry = functions.find((candidate) => candidate.name.toLowerCase() === name);
  if (area === 'host' && name === 'ping') return send(response, 200, { 'cache-control': 'no-store,no-cache' });
  if (area === 'host' && name === 'status') return sendJson({ state: 'Running', version: '4.0.0.0' });
  if (area === 'functions' && !name) return sendJson(functions.map(describe));
  if (area !== 'functions' || (method !== 'POST' && !entry)) return send(response, 404);
  if (method !== 'POST' && entry) return sendJson(describe(entry));
  if (!/^(application|text)\/([\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')) return send(response, 415);
  const isUsable = (await json(response.req).catch(() => null)) !== null;
  if (isUsable && entry) void invoke(entry);
  send(response, !isUsable ? 400 : entry ? 202 : 404);
}

/** The request without its body, as the worker protocol has it. */
function requestData({ method, url = '/', headers, headersDistinct }: IncomingMessage, parameters: object) {
  const wrap = (all: [string, unknown][]) => Object.fromEntries(all.map(([key, v]) => [key, { value: String(v) }]));
  const query = new Map<string, [string, string[]]>();
  for (const [name, value] of new URL(url, 'http://host').searchParams) {
    const [firstName, values] = query.get(name.toLowerCase()) ?? [name, []];
    query.set(name.toLowerCase(), [firstName, [...values, value]]);
  }
  const sources = [[...query.values()], Object.entries(headersDistinct), Object.entries(parameters)];
  const [nullableQuery, nullableHeaders, nullableParams] = sources.map(wrap);
  return { method, url: `http://${headers.host ?? 'localhost'}${url}`, nullableQuery, nullableHeaders, nullableParams };
}
