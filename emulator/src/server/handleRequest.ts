import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../answer';
import type { RecordedRequest } from '../api';
import { readApiVersion, supportedVersions } from '../apiVersions';
import { authenticate, type Credentials } from '../authentication/authenticate';
import type { Operation } from '../operations/operation';
import { RequestFields } from '../operations/requestFields';
import { findRoute, type Match } from '../routes';
import { emptyBody, internalError, ServiceError } from '../serviceErrors';
import type { ResourceUsers } from '../state/users';
import type { AccessTokens } from '../tokens/accessTokens';
import { allowOrigin, pageError } from './crossOrigin';
import { faultAnswer, type FaultList } from './faults';
import { answerLocalCall, isLocalCall, type LocalCalls } from './localCalls';
import { loggable, printable, withoutSecrets } from './printable';
import { checkContentType, ClientGone, readBody } from './requestBody';
import type { RequestLog } from './requestLog';
import { sendAnswer } from './sendAnswer';

export interface Service {
  credentials: Credentials<ResourceUsers>;
  usersOf: (resourceId: string) => ResourceUsers | undefined;
  tokens: AccessTokens;
  /** Resolves when everything that was changed is kept, as far as it is to be. @throws ServiceError 503 */
  kept: () => Promise<void>;
  requests: RequestLog;
  faults: FaultList;
  localCalls: LocalCalls;
  corsOrigins: readonly string[];
  revocationDelayMs: number;
  deletedUsers: 204 | 401;
  now: () => number;
  log: (line: string) => void;
  /** Aborted when the emulator closes. */
  closing: AbortSignal;
}

interface Call {
  request: IncomingMessage;
  transport: 'http' | 'https';
  method: string;
  /** Path and query as they came. */
  target: string;
  path: string;
  query: string;
}

/** There is to be no answer: the connection is broken on purpose, or nobody listens any more. */
class NoAnswer extends Error {}

/** The message is `before` or `after`. */
class FaultReset extends NoAnswer {}

/** Serves one request. Rejects only when the answer cannot be sent. */
export async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  transport: 'http' | 'https',
  service: Service,
): Promise<void> {
  const startedAt = performance.now();
  if (allowOrigin(request, response, service.corsOrigins)) return;
  const call = readCall(request, transport);
  if (isLocalCall(call.path)) {
    await answerLocalCall(request, response, call.path, service.localCalls);
    return;
  }
  const record = service.requests.add(recordOf(call, service.now()));
  const report = (outcome: string) => service.log(`identity emulator: ${record.method} ${record.path} ${outcome}`);
  let answer: Answer;
  let reason: string | undefined;
  try {
    answer = await serve(call, record, service);
    if (answer.isFault) report(`returned ${answer.status} because of a fault`);
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof ClientGone) {
      if (error instanceof FaultReset) report(`was reset ${error.message} the work because of a fault`);
      request.socket.destroy();
      return;
    }
    const refusal = refusalOf(error, service);
    ({ answer, reason } = refusal);
    const { code = '', message } = refusal.logged;
    const why = reason ?? pageError(request, service.corsOrigins) ?? (message && loggable(message));
    report(`returned ${answer.status} ${code}`.trimEnd() + (why === undefined ? '' : `: ${printable(why)}`));
  }
  record.status = answer.status;
  const { operation } = record;
  sendAnswer(request, response, answer, {
    startedAt,
    now: service.now(),
    supportedVersions: operation === undefined ? undefined : supportedVersions(operation),
    reason: reason === undefined ? undefined : printable(reason),
  });
}

/**
 * The order of the service's checks (assumed, it is ASP.NET's): size, path, method, api-version, credentials, content type, JSON; then the
 * operation's own. Faults come after path and method, which determine the operation, and before everything else.
 */
async function serve(call: Call, record: RecordedRequest, service: Service): Promise<Answer> {
  const body = await readBody(call.request);
  const match = findRoute(call.method, call.path);
  record.operation = match.operation.name;
  const fault = service.faults.take(match.operation.name);
  if (fault === undefined) return run(match, call, body, service);
  if (fault.delayMs !== undefined) await delay(fault.delayMs, service.closing);
  if (fault.reset === 'before') throw new FaultReset('before');
  const answer = faultAnswer(fault) ?? (await settled(run(match, call, body, service), fault.reset === 'after'));
  if (fault.reset === 'after') throw new FaultReset('after');
  return answer;
}

/** With a reset to come, it does not matter how the work ended. */
async function settled(work: Promise<Answer>, ignoreErrors: boolean): Promise<Answer> {
  return ignoreErrors ? work.catch(() => ({ status: 500, reportsVersions: false })) : work;
}

async function run({ operation, userId }: Match, call: Call, body: Buffer, service: Service): Promise<Answer> {
  const nowMs = service.now();
  const { headers } = call.request;
  if (operation.name === 'listChatThreads') {
    const { usersOf, tokens } = service;
    return operation.run({ authorization: headers.authorization, query: call.query, tokens, nowMs, usersOf });
  }
  const version = readApiVersion(call.query, operation.name, urlOf(call));
  const { method, target, transport } = call;
  const users = authenticate({ method, target, headers, body, transport }, service.credentials, nowMs);
  const fields = readFields(operation, headers['content-type'], body);
  const { revocationDelayMs, deletedUsers, tokens } = service;
  const resourceCall = { version, users, userId, body: fields, tokens, nowMs, revocationDelayMs, deletedUsers };
  const answer = await operation.run(resourceCall);
  await service.kept();
  return answer;
}

function readFields(
  operation: Exclude<Operation, { name: 'listChatThreads' }>,
  contentType: string | undefined,
  body: Buffer,
): RequestFields {
  if (operation.body === 'none') return RequestFields.NONE;
  checkContentType(contentType, body);
  const fields = RequestFields.parse(body);
  if (fields === undefined && operation.body === 'required') throw emptyBody();
  return fields ?? RequestFields.NONE;
}

function readCall(request: IncomingMessage, transport: 'http' | 'https'): Call {
  // A client that takes the emulator for a proxy sends the whole URL.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return { request, transport, method: request.method ?? '', target, path, query };
}

const urlOf = ({ request, transport, path }: Call): string => `${transport}://${request.headers.host ?? ''}${path}`;

function recordOf({ request, method, target }: Call, at: number): RecordedRequest {
  const { 'x-ms-client-request-id': clientRequestId, 'user-agent': userAgent, traceparent } = request.headers;
  return {
    method: printable(method),
    path: withoutSecrets(target),
    at,
    ...(typeof clientRequestId === 'string' ? { clientRequestId: clientRequestId.slice(0, 200) } : {}),
    ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, 200) }),
    ...(typeof traceparent === 'string' ? { traceparent: traceparent.slice(0, 200) } : {}),
  };
}

function refusalOf(error: unknown, { log }: Service): ServiceError {
  if (error instanceof ServiceError) return error;
  log(
    `identity emulator: failed because of a bug in it: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`,
  );
  return internalError();
}

async function delay(ms: number, closing: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: closing }).catch(() => {
    throw new NoAnswer();
  });
}
