import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAdminCall } from './adminApi';
import { refusalOf } from './callers';
import { applyCors } from './cors';
import type { AppFunction } from './functionTable';
import { HOME_PAGE_HEADERS, renderHomePage } from './homePage';
import type { HostJson, HostPart } from './hostSettings';
import { sendResponse } from './httpResponse';
import { findFunction, isBodyTooLarge, readTriggerInput, type RoutedFunction } from './httpTrigger';
import type { Answer } from './ipc';
import { decodePath } from './routes';

/** What requests are answered from. It changes when the app is loaded again. */
export interface ServedApp {
  hostPart: HostPart;
  hidesHomePage: boolean;
  hostJson: HostJson;
  /** `undefined` if the host could not start. */
  functions: AppFunction[] | undefined;
  /** Waits while the app starts or restarts. @returns whether it takes calls */
  ready: () => Promise<boolean>;
  invoke: (entry: AppFunction, input: object) => Promise<Answer>;
  /** Calls a function without a request. */
  startFunction: (entry: AppFunction) => void;
}

/** Answers as the real host does: first who may call, then /admin, then the functions, then the home page. */
export async function answerRequest(app: ServedApp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '/' } = request;
  response.setHeader('Server', 'Kestrel');

  const refusal = refusalOf(request, app.hostPart);
  if (refusal) return sendResponse(response, refusal.status, { 'content-type': 'text/plain' }, refusal.reason);
  if (applyCors(app.hostPart, request, response)) return sendResponse(response, 204);

  const functions = (await app.ready()) ? app.functions : undefined;
  if (!functions) return sendResponse(response, 503, {}, 'Function host is not running.');
  const { customHeaders = {} } = app.hostJson.extensions?.http ?? {};
  for (const [name, value] of Object.entries(customHeaders)) response.setHeader(name, value);

  const path = decodePath(url.replace(/\?.*/, ''));
  if (path.includes('\0')) return sendResponse(response, 400);
  if (/^\/admin\//i.test(path)) {
    return answerAdminCall(path.toLowerCase(), functions, app.startFunction, response);
  }
  const routed = findFunction(functions, method, path);
  if (routed) return answerByFunction(app, routed, request, response);
  if (path === '/' && ['GET', 'HEAD', 'POST'].includes(method)) {
    if (app.hidesHomePage) return sendResponse(response, 204);
    return sendResponse(response, 200, HOME_PAGE_HEADERS, renderHomePage(functions));
  }
  sendResponse(response, 404);
}

async function answerByFunction(
  app: ServedApp,
  { entry, parameters }: RoutedFunction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Every caller of a local host is an administrator. For one, a disabled function answers if the function or the call has a key.
  const usesKey = entry.authLevel !== 'anonymous' || Boolean(request.headers['x-functions-key']);
  if (entry.disabled && !usesKey) return sendResponse(response, 404);
  if (isBodyTooLarge(request)) return sendResponse(response, 500, { connection: 'close' });

  const { failure, http } = await app.invoke(entry, await readTriggerInput(request, parameters));
  if (failure) return sendResponse(response, 500);
  sendResponse(response, Number(http?.statusCode ?? 204), http?.headers, http?.body?.bytes);
}
