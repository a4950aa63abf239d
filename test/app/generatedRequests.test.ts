// Requests that are generated from the OpenAPI document, good and bad ones, to every operation of the app under the local host. Each answer must be as the
// document says; a request that is not as the document says must be refused, and one that is must not be called invalid. GENERATED_REQUESTS=10000 sends
// as many. Printed with a failure: the seed (GENERATED_SEED), which makes the same requests again.
import fc from 'fast-check';
import { Agent, request as httpRequest } from 'node:http';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { CLIENT_ID, OBJECT_ID, startAuthority, TENANT, type Authority } from '../auth/authority';
import { startApp, type AppUnderTest } from './appUnderTest';
import {
  mismatch,
  operationOf,
  operations,
  resolved,
  undocumented,
  type Parameter,
  type Schema,
} from './documentedAnswers';

const seed = Number(process.env.GENERATED_SEED ?? Date.now() % 2 ** 31);
const REQUESTS = Number(process.env.GENERATED_REQUESTS ?? 3_000);
const AT_ONCE = 20;

const FOREIGN_USER = '8:acs:99999999-9999-4999-8999-999999999999_00000026-0000-0000-0000-000000000001';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOngifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';
const GUID = '22222222-2222-4222-8222-222222222222';
/** Names that are ignored, as the documents list them; `__proto__` is lost in the Functions library, so that no app gets it. */
const FOREIGN_NAMES = ['code', 'clientId', 'subscription-key', 'api-version', 'traceparent', 'tracestate'];
const IGNORED_NAMES = [...FOREIGN_NAMES, 'utm_source', 'gclid', 'fbclid', '_', '__proto__'];
/** These ignore every query. */
const IGNORE_QUERY = ['getHealth', 'headHealth', 'getDashboard', 'getOpenapiDocument'];

interface Generated {
  /** The operation that the request is made for; another method or path makes it one for no operation. */
  operationId: string;
  method: string;
  path: string;
  pathValues: Record<string, string>;
  query: [string, string][];
  body: string;
  headers: Record<string, string>;
  chunked: boolean;
}
interface Received {
  status: number;
  headers: Headers;
  text: string;
}

let emulator: IdentityEmulator;
let storage: RunningStorage;
let authority: Authority;
let app: AppUnderTest;
/** The access token of a person. */
let accessToken = '';
/** Values that exist, by the name of a field or parameter. */
let existing: Record<string, string[]>;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  [emulator, storage, authority] = await Promise.all([
    createIdentityEmulator(),
    startStorage({ port: 0, inMemory: true, tableOnly: true }),
    startAuthority(),
  ]);
  app = await startApp({
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    PUBLIC_STATUS: 'true',
    ENTRA_ISSUERS: authority.issuer,
    ENTRA_AUDIENCE: CLIENT_ID,
    MY_TOKEN_SCOPES: 'chat,voip,chat.join,chat.join.limited,voip.join',
    MY_TOKENS_PER_MINUTE: '999999',
  });
  accessToken = authority.token();
  await app.call('POST', 'me/token', undefined, { authorization: `Bearer ${accessToken}` });
  existing = {
    userId: [GUID],
    appId: [GUID],
    token: [emulator.createTeamsToken({ appId: GUID, userId: GUID })],
    connection: ['AcsIdentity'],
    runId: [(await app.call('POST', 'runs')).body.id ?? ''],
    'path userId': [(await app.call('POST', 'users')).body.identity?.id ?? '', FOREIGN_USER],
    since: ['2026-01-31', '2026-01-31T12:00:00Z'],
    until: ['2026-01-31', '2026-01-31T12:00:00Z'],
    tenantId: [TENANT],
    objectId: [OBJECT_ID],
    // a person has at most 10
    device: ['default', 'phone'],
  };
});
afterAll(async () => {
  agent.destroy();
  await app.stop();
  await Promise.all([emulator.close(), storage.stop(), authority.stop()]);
});

const word = fc.string({ unit: fc.constantFrom(...'aZ09 _-.:%/\\"\'{}<>=&?#\n\u0000\u00e9\u202e'), maxLength: 20 });
const hostileText = fc.oneof(
  fc.constantFrom('', ' ', JWT, 'eyJ'.repeat(500), '../..', '\r\nx: y', '__proto__', 'constructor', 'x'.repeat(1_500)),
  fc.constantFrom('true', '1', '250', '251', '-1', '59', '2026-13-01', 'Failed', '24h', 'AzureWebJobsStorage', 'x'),
  word,
);
const jsonValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  hostileText,
  fc.integer({ min: -1, max: 2_000 }),
  fc.double(),
);

/** Values that match a schema of the document. */
function good(schemaOrReference: Schema, name: string): fc.Arbitrary<unknown> {
  const schema = resolved(schemaOrReference);
  const { type, minimum = 0, maximum = 100, minItems = 0, maxItems = 5, pattern } = schema;
  const values = existing[name];
  if (schema.nullable)
    return fc.oneof({ weight: 4, arbitrary: good({ ...schema, nullable: false }, name) }, fc.constant(null));
  if (Array.isArray(schema.enum)) return fc.constantFrom<unknown>(...schema.enum);
  if (type === 'integer') return fc.integer({ min: minimum, max: maximum });
  if (type === 'array') return fc.array(good(schema.items ?? {}, ''), { minLength: minItems, maxLength: maxItems });
  if (type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).map(
      ([field, value]) => [field, good(value, field)] as const,
    );
    return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] });
  }
  const text = pattern
    ? fc.stringMatching(new RegExp(pattern))
    : fc.constant(JSON.stringify(schema.example ?? 'x').replaceAll('"', ''));
  return values ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, ...(pattern ? [text] : [])) : text;
}

/** JSON text of known fields with any values and of unknown fields, so that names such as `__proto__` are in it. */
function badObject({ properties = {} }: Schema): fc.Arbitrary<string> {
  const known = fc
    .constantFrom(...Object.entries(properties))
    .chain(([name, schema]) =>
      fc.tuple(fc.constant(name), fc.oneof(good(schema, name), jsonValue, fc.array(jsonValue))),
    );
  const unknown = fc.tuple(
    fc.oneof(fc.constantFrom('__proto__', 'constructor', 'scope', 'Scopes'), hostileText),
    jsonValue,
  );
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: known }, { weight: 1, arbitrary: unknown }), { maxLength: 4 })
    .map((fields) => `{${fields.map((field) => field.map((part) => JSON.stringify(part)).join(':')).join()}}`);
}

const badTexts = fc.constantFrom(
  ...['', '{"scopes":["chat"', 'null', '[]', '\uFEFF{}', '{"__proto__":{"scopes":["chat"]}}', '{"constructor":1}'],
  '{"a":'.repeat(5_000),
  `{"${'eyJ'.repeat(20_000)}":1}`,
  `{"scopes":[${Array(15_000).fill('0').join()}]}`,
  `{"x":"${'y'.repeat(70_000)}"}`,
);
const badHeaders = fc.dictionary(
  fc.constantFrom(
    ...['x-ms-client-tracking-id', 'x-ms-client-request-id', 'traceparent', 'tracestate', 'content-type', 'accept'],
    ...['content-encoding', 'accept-encoding', 'authorization', 'x-functions-key', 'cookie', 'x-http-method-override'],
    ...['x-forwarded-for', 'x-forwarded-host', 'x-ms-client-principal', 'if-match', 'if-none-match', 'range', 'origin'],
    ...['referer', 'user-agent', 'x-ms-retry-history', 'x-ms-request-id', 'x-original-url'],
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      'x'.repeat(129),
      'x'.repeat(4_000),
      'caf\u00e9',
      'a\tb',
      JWT,
      'null',
      '-1',
      '*/*;q=x',
      'gzip',
    ),
    fc.string({ unit: fc.constantFrom(...'aZ09 ,;:="/\\<>%{}\u00e9\u00ff\t'), maxLength: 40 }),
  ),
  { maxKeys: 4 },
);

/** The person that exists is not deleted, so who asks for it is another one. */
const tokenFor = ({ operationId, security = [] }: (typeof operations)[number]['operation']): Record<string, string> => {
  if (security.length === 0) return {};
  const token = operationId === 'deleteMe' ? authority.token({ oid: GUID }) : accessToken;
  return { authorization: `Bearer ${token}` };
};

/** A request as the document says (`isGood`), or one of which any part may be bad. */
const requestOf = (
  { method, path, operation }: (typeof operations)[number],
  isGood: boolean,
): fc.Arbitrary<Generated> => {
  const parameters = operation.parameters;
  const either = <T>(usual: fc.Arbitrary<T>, ...bad: fc.Arbitrary<T>[]) => (isGood ? usual : fc.oneof(usual, ...bad));
  const pathValue = fc.oneof(hostileText, fc.constantFrom(`${FOREIGN_USER}x`, '8:acs:x', '%zz', "x' or true"));
  const pathValues = parameters
    .filter((one) => one.in === 'path')
    .map(({ name, schema }) => {
      // the user and the person that exist are not deleted
      const kept: Record<string, string> = { deleteUser: FOREIGN_USER, deletePerson: GUID };
      const other = kept[operation.operationId];
      const usual = other === undefined ? good(schema, name === 'userId' ? 'path userId' : name) : fc.constant(other);
      return [
        name,
        either(
          usual.map(String),
          pathValue.filter((text) => !/^\.{0,2}$/.test(text)),
        ),
      ] as const;
    });
  const queries = parameters
    .filter((one) => one.in === 'query')
    .map(({ name, schema }) => [name, good(schema, name).map(String)] as const);
  const names = fc.oneof(
    fc.constantFrom(
      'conection',
      'top',
      'Code',
      'sig',
      ...IGNORED_NAMES,
      ...queries.flatMap(([name]) => [name, name.toUpperCase()]),
    ),
    hostileText,
  );
  const goodQuery = fc
    .record(Object.fromEntries(queries), { requiredKeys: [] })
    .map((values) => Object.entries(values) as [string, string][]);
  const schema = operation.requestBody && resolved(operation.requestBody.content['application/json']?.schema ?? {});
  const goodBody = schema === undefined ? fc.constant('') : good(schema, '').map((value) => JSON.stringify(value));
  return fc.record({
    operationId: fc.constant(operation.operationId),
    method: either(
      fc.constant(method),
      ...(isGood ? [] : [fc.constantFrom(method, method, method, 'PUT', 'PATCH', 'OPTIONS')]),
    ),
    path: either(fc.constant(path), fc.constantFrom(path, path, path, `${path}/more`)),
    pathValues: fc.record(Object.fromEntries(pathValues)),
    query: either(goodQuery, fc.array(fc.tuple(names, hostileText), { maxLength: 3 })),
    body: either(
      goodBody,
      badObject(schema ?? { properties: { scopes: {} } }),
      badTexts,
      jsonValue.map((value) => JSON.stringify(value)),
      word,
    ),
    headers: either(fc.constant<Record<string, string>>({ 'content-type': 'application/json' }), badHeaders).map(
      (headers) => ({ ...tokenFor(operation), ...headers }),
    ),
    chunked: fc.boolean().map((yes) => yes && !isGood && operation.operationId === 'createUser'),
  });
};

const pathOf = ({ path, pathValues }: Generated) =>
  path.slice(1).replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(pathValues[name] ?? ''));

function send(generated: Generated): Promise<Received> {
  const { method, query, body, headers, chunked } = generated;
  const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) };
  return new Promise((done, fail) => {
    const call = httpRequest(
      {
        host: '127.0.0.1',
        port: app.host.port,
        method,
        path: `/api/${pathOf(generated)}${search === '' ? '' : `?${search}`}`,
        headers: { ...headers, ...(body === '' ? {} : length) },
        agent,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: new Headers(response.headers as Record<string, string>),
            text: Buffer.concat(parts).toString(),
          }),
        );
        response.on('error', fail);
      },
    );
    call.on('error', fail);
    call.end(body);
  });
}

/** What is not as the document says in a request; undefined: nothing. */
function notAsDocumented(call: Generated): string | undefined {
  const found = operationOf(call.method, pathOf(call));
  if (found === undefined) return 'no such operation';
  const { operation } = found;
  for (const one of operation.parameters) {
    const value = valueOf(call, one);
    if (value === undefined) continue;
    const isNumber = one.schema.type === 'integer' && /^\d+$/.test(value);
    if (mismatch(one.schema, isNumber ? Number(value) : value) !== undefined) return one.name;
  }
  const names = operation.parameters.flatMap((one) => (one.in === 'query' ? [one.name] : []));
  const known = [...names, ...IGNORED_NAMES].map((name) => name.toLowerCase());
  const other = call.query.find(([name]) => !known.includes(name.toLowerCase()));
  if (other && !IGNORE_QUERY.includes(operation.operationId)) return `query name ${other[0]}`;
  const { requestBody } = operation;
  if (requestBody === undefined) return undefined;
  if (call.body === '') return requestBody.required ? 'no body' : undefined;
  try {
    return mismatch(
      requestBody.content['application/json']?.schema ?? {},
      JSON.parse(call.body.replace(/^\uFEFF/, '')),
    );
  } catch {
    return 'no JSON';
  }
}

function valueOf({ pathValues, query, headers }: Generated, { in: place, name }: Parameter): string | undefined {
  if (place === 'path') return pathValues[name];
  // an empty one counts as missing
  if (place === 'header') return headers[name]?.trim() || undefined;
  // the host joins the values of a name, whatever its case
  const values = query.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join();
}

/** Rules that a schema of the document can't express, and its descriptions do: what is refused for them. */
function isRefusedByDescription({ operationId, headers }: Generated, target: string | undefined): boolean {
  if (target === 'x-ms-client-tracking-id') return headers['x-ms-client-tracking-id']?.includes(JWT) === true;
  return (operationId === 'createUser' && target === 'expiresInMinutes') || target === 'since' || target === 'until';
}

/** What is wrong with the answer; undefined: nothing. */
function faultOf(call: Generated, answer: Received): string | undefined {
  const { status, headers, text } = answer;
  // the host takes no calls of pages of other sites
  if (status === 403 && 'origin' in call.headers) return undefined;
  const fault = undocumented(call.method, pathOf(call), answer);
  if (fault !== undefined) return fault;
  const difference = notAsDocumented(call);
  if (status < 400) return difference === undefined ? undefined : `${status} for a bad request: ${difference}`;
  if (text === '') return undefined;
  const { error } = JSON.parse(text) as { error?: { code: string; target?: string } };
  const code = error?.code ?? '';
  if (code === 'InvalidRequest' && difference === undefined && !isRefusedByDescription(call, error?.target))
    return 'refused';
  if (status >= 500 && !(call.operationId === 'getLatestRun' && code === 'NoRecentRun')) return `${status} ${code}`;
  if (headers.get('cache-control') !== 'no-store') return 'it may be cached';
  if (text.length > 50_000) return `an answer of ${text.length} characters`;
  if (/[\p{Cc}\u202e]|\\u00[01]|\\[bfnrt]/u.test(text)) return 'control characters';
  return /eyJhb|(?:eyJ){3}/.test(text) ? 'a token in it' : undefined;
}

test(`${REQUESTS} generated requests: each answer is as the document says, and only bad requests are refused as invalid`, async () => {
  const request = fc.oneof(
    ...operations.flatMap((operation) => [requestOf(operation, true), requestOf(operation, false)]),
  );
  let series = 0;
  const faults: string[] = [];
  const summary: Record<string, number> = {};
  const check = async (call: Generated) => {
    const answer = await send(call);
    const fault = faultOf(call, answer);
    if (fault) faults.push(JSON.stringify({ seed: seed + series, fault, call, answer: answer.text }).slice(0, 2_000));
    const what = `${answer.status} ${answer.headers.get('x-ms-error-code') ?? (answer.status < 400 ? call.operationId : '(platform)')}`;
    summary[what] = (summary[what] ?? 0) + 1;
  };
  const refusals = [
    '400 InvalidRequest',
    '400 InvalidTeamsToken',
    '404 UserNotFound',
    '404 RunNotFound',
    '411 LengthRequired',
    '413 RequestTooLarge',
  ];
  // a rare answer may be missing in one series
  for (; series < 5 && (series === 0 || refusals.some((one) => !(one in summary))); series += 1) {
    const queue = fc.sample(request, { numRuns: REQUESTS, seed: seed + series }).values();
    const worker = async () => {
      for (const call of queue) await check(call);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
  if (process.env.GENERATED_REQUESTS !== undefined) {
    const lines = Object.entries(summary).sort(([a], [b]) => (a < b ? -1 : 1));
    process.stdout.write(`${lines.map(([what, times]) => `${String(times).padStart(6)}  ${what}`).join('\n')}\n`);
  }
  expect(faults.slice(0, 3)).toEqual([]);
  const succeeded = operations.filter(({ operation }) =>
    Object.keys(summary).some((what) => /^[23]/.test(what) && what.endsWith(` ${operation.operationId}`)),
  );
  expect(operations.filter((one) => !succeeded.includes(one)).map(({ operation }) => operation.operationId)).toEqual([
    'deleteUser',
    // there is no receiver, and no run is running
    'testNotification',
    'cancelRun',
  ]);
  expect(Object.keys(summary)).toEqual(expect.arrayContaining(refusals));
  // a good call is answered as ever
  expect((await app.call('POST', 'users')).status).toBe(201);
  expect(app.lines.filter((line) => /eyJhb|InternalError|\n/.test(line)).slice(0, 3)).toEqual([]);
}, 600_000);
