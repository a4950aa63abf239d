import { randomBytes } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Answer } from '../answer';

export interface AnswerContext {
  /** `performance.now()` when the request came. */
  startedAt: number;
  /** Milliseconds since the epoch, by the clock that signatures are checked with. */
  now: number;
  /** The value of api-supported-versions, for answers that have it. */
  supportedVersions: string | undefined;
  /** Why the request was refused. */
  reason: string | undefined;
}

/**
 * Sends an answer with the headers that every answer of the service has. As recorded, a success has a length, and an error with a body is
 * chunked.
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  context: AnswerContext,
): void {
  const { status, body } = answer;
  const headers: OutgoingHttpHeaders = {
    Date: new Date(context.now).toUTCString(),
    'Request-Context': 'appId=',
    'MS-CV': `${randomBytes(16).toString('base64').slice(0, 22)}.2.0`,
    'Strict-Transport-Security': 'max-age=2592000',
    'X-Processing-Time': `${Math.round(performance.now() - context.startedAt)}ms`,
    'X-Azure-Ref': azureReference(),
    'X-Cache': 'CONFIG_NOCACHE',
  };
  const { 'x-ms-client-request-id': clientRequestId } = request.headers;
  if (typeof clientRequestId === 'string' && isHeaderText(clientRequestId)) {
    headers['x-ms-client-request-id'] = clientRequestId;
  }
  if (answer.reportsVersions && context.supportedVersions !== undefined) {
    headers['api-supported-versions'] = context.supportedVersions;
  }
  if (context.reason !== undefined) headers['x-emulator-denied-because'] = context.reason;
  Object.assign(headers, answer.headers);
  if (body !== undefined) {
    if (answer.contentType !== undefined) headers['Content-Type'] = answer.contentType;
    // HTTP/1.0 has no chunks: there Node ends the body by closing.
    if (status < 400) headers['Content-Length'] = Buffer.byteLength(body);
    else if (request.httpVersionMinor > 0) headers['Transfer-Encoding'] = 'chunked';
  } else if (status !== 204) {
    headers['Content-Length'] = 0;
  }
  response.writeHead(status, headers);
  response.end(body);
}

/** As recorded: a digit 0, then base64 that names the edge; here it names nothing. */
const azureReference = (): string => `0${randomBytes(33).toString('base64')}`;

const isHeaderText = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
