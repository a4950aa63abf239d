import type { ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { AppFunction } from './functionTable';
import { sendResponse } from './httpResponse';

const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json\b/i;

/**
 * Answers the calls below /admin that tools make to a local host: its state, the list of functions, starting a function.
 * @param path decoded, in lower case
 * @param startFunction calls a function without waiting for it
 */
export async function answerAdminCall(
  path: string,
  functions: AppFunction[],
  startFunction: (entry: AppFunction) => void,
  response: ServerResponse,
): Promise<void> {
  const [, , area, name] = path.split('/');
  if (area === 'host' && name === 'ping') {
    return sendResponse(response, 200, { 'cache-control': 'no-store,no-cache' });
  }
  if (area === 'host' && name === 'status') return sendJson(response, { state: 'Running', version: '4.0.0.0' });
  if (area === 'functions' && !name) return sendJson(response, functions.map(describeFunction));
  if (area !== 'functions') return sendResponse(response, 404);

  const entry = functions.find((candidate) => candidate.name.toLowerCase() === name);
  if (response.req.method === 'POST') return startByAdminCall(entry, startFunction, response);
  if (!entry) return sendResponse(response, 404);
  return sendJson(response, describeFunction(entry));
}

/** The body must be JSON, but its content is not used: no supported trigger takes it. */
async function startByAdminCall(
  entry: AppFunction | undefined,
  startFunction: (entry: AppFunction) => void,
  response: ServerResponse,
): Promise<void> {
  const request = response.req;
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) return sendResponse(response, 415);
  const content: unknown = await json(request).catch(() => null);
  if (content === null) return sendResponse(response, 400);
  if (!entry) return sendResponse(response, 404);
  startFunction(entry);
  sendResponse(response, 202);
}

function describeFunction({ name, url, disabled }: AppFunction): object {
  return { name, invoke_url_template: url, isDisabled: disabled };
}

function sendJson(response: ServerResponse, body: object): void {
  sendResponse(response, 200, { 'content-type': 'application/json' }, JSON.stringify(body));
}
