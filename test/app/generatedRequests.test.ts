// Generated requests, nearly all of them bad, to every route of the app under the local host. Some hundred by default; GENERATED_REQUESTS=10000
// sends as many, and 3,000 with bad headers. Printed with a failure: the seed (GENERATED_SEED), which makes the same requests again.
import fc from 'fast-check';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { SCOPES } from '../../src/base/settings';
import { RUN_STATUSES } from '../../src/runs/run';
import { startApp, type AppUnderTest } from './appUnderTest';

const seed = Number(process.env.GENERATED_SEED ?? Date.now() % 2 ** 31);
const REQUESTS = Number(process.env.GENERATED_REQUESTS ?? 600);
const WITH_BAD_HEADERS = Math.ceil(REQUESTS * 0.3);
const AT_ONCE = 20;

const FOREIGN = '8:acs:99999999-9999-4999-8999-999999999999_00000026-0000-0000-0000-000000000001';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOngifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ';
const GUID = '22222222-2222-4222-8222-222222222222';

interface Route {
  method: string;
  /** Undefined where a user's or a run's id belongs, which is generated. */
  path: (id: string) => string;
  id?: 'user' | 'run';
  query: readonly string[] | 'any';
  /** Names of the body's fields; absent: there is no body. */
  fields?: readonly string[];
  bodyRequired?: boolean;
}

const SCOPE_FIELDS = ['scopes', 'createTokenWithScopes'];
const ROUTES: Record<string, Route> = {
  createUser: {
    method: 'POST',
    path: () => 'users',
    query: ['connection'],
    fields: ['createTokenWithScopes', 'expiresInMinutes'],
  },
  issueToken: {
    method: 'POST',
    path: (id) => `users/${id}/tokens`,
    id: 'user',
    query: ['connection'],
    fields: ['scopes', 'expiresInMinutes'],
    bodyRequired: true,
  },
  revokeTokens: { method: 'DELETE', path: (id) => `users/${id}/tokens`, id: 'user', query: ['connection'] },
  deleteUser: { method: 'DELETE', path: (id) => `users/${id}`, id: 'user', query: ['connection'] },
  exchangeTeamsToken: {
    method: 'POST',
    path: () => 'teams/tokens',
    query: ['connection'],
    fields: ['token', 'appId', 'userId'],
    bodyRequired: true,
  },
  startRun: {
    method: 'POST',
    path: () => 'runs',
    query: ['connection', 'failOnError'],
    fields: ['createTokenWithScopes', 'scopes', 'expiresInMinutes'],
  },
  listRuns: {
    method: 'GET',
    path: () => 'runs',
    query: ['status', 'since', 'until', 'clientTrackingId', 'connection', 'top', 'continuationToken'],
  },
  getRun: { method: 'GET', path: (id) => `runs/${id}`, id: 'run', query: [] },
  latestRun: { method: 'GET', path: () => 'runs/latest', query: ['maxAgeMinutes', 'connection'] },
  statistics: { method: 'GET', path: () => 'runs/statistics', query: ['window', 'connection'] },
  health: { method: 'GET', path: () => 'health', query: 'any' },
  healthDeep: { method: 'GET', path: () => 'health/deep', query: [] },
  dashboard: { method: 'GET', path: () => 'dashboard', query: 'any' },
};
/** As the README lists them. */
const FOREIGN_NAMES = ['code', 'clientId', 'subscription-key', 'api-version', 'traceparent', 'tracestate'];
const TRACKER_NAMES = ['utm_source', 'gclid', 'fbclid', '_'];

interface Generated {
  route: string;
  /** Another than the route's: the platform's own 404. */
  method: string;
  path: string;
  query: [string, string][];
  body: string;
  headers: Record<string, string>;
  chunked: boolean;
}

let emulator: IdentityEmulator;
let app: AppUnderTest;
let userId: string;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString });
  userId = (await app.call('POST', 'users')).body.identity?.id ?? '';
  // so that there is a latest run
  await app.call('POST', 'runs');
});
afterAll(async () => {
  agent.destroy();
  await app.stop();
  await emulator.close();
});

const word = fc.string({ unit: fc.constantFrom(...'aZ09 _-.:%/\\"\'{}<>=&?#\n\u0000\u00e9\u202e'), maxLength: 20 });
const hostileText = fc.oneof(
  fc.constantFrom('', ' ', JWT, 'eyJ'.repeat(500), '../..', '\r\nx: y', '__proto__', 'constructor', 'x'.repeat(1_500)),
  word,
);
const jsonValue = fc.oneof(fc.jsonValue({ maxDepth: 2 }), hostileText);
const scope = fc.oneof(fc.constantFrom<unknown>(...SCOPES, 'Chat', 'mail', ''), jsonValue);
const field = (name: string): fc.Arbitrary<unknown> =>
  SCOPE_FIELDS.includes(name)
    ? fc.oneof(fc.array(scope, { maxLength: 8 }), jsonValue)
    : name === 'expiresInMinutes'
      ? fc.oneof(
          fc.integer({ min: -1, max: 2_000 }),
          fc.double(),
          fc.constantFrom<unknown>(60, 59, 1441, 1e21),
          jsonValue,
        )
      : fc.oneof(fc.constantFrom<unknown>(GUID, JWT, `${GUID}x`), jsonValue);

const body = ({ fields = ['scopes'] }: Route): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: objectText(fields) },
    { weight: 1, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: word },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '{"scopes":["chat"',
        'null',
        '[]',
        '\uFEFF{}',
        '{"__proto__":{"scopes":["chat"]}}',
        '{"constructor":1}',
        '{"a":'.repeat(5_000),
        `{"${'eyJ'.repeat(20_000)}":1}`,
        `{"scopes":[${Array(15_000).fill('0').join()}]}`,
        `{"x":"${'y'.repeat(70_000)}"}`,
      ),
    },
  );

/** JSON text, so that names such as `__proto__` are in it. */
function objectText(fields: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...fields).chain((name) => field(name).map((value) => [name, value] as const));
  const unknown = fc.tuple(
    fc.oneof(fc.constantFrom('__proto__', 'constructor', 'scope', 'Scopes', ''), hostileText),
    jsonValue,
  );
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: known }, { weight: 1, arbitrary: unknown }), { maxLength: 4 })
    .map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`);
}

const query = ({ query: names }: Route): fc.Arbitrary<[string, string][]> => {
  const known = names === 'any' || names.length === 0 ? ['connection'] : names;
  const name = fc.oneof(
    fc.constantFrom(...known, ...known.map((text) => text.toUpperCase())),
    fc.constantFrom('conection', 'top', 'status', 'Code', 'sig', '__proto__', ...FOREIGN_NAMES, ...TRACKER_NAMES),
    hostileText,
  );
  const value = fc.oneof(
    fc.constantFrom(
      'AcsIdentity',
      'Failed',
      '24h',
      'true',
      '1',
      '250',
      '251',
      '-1',
      '2026-01-31',
      '2026-13-01',
      'AzureWebJobsStorage',
    ),
    hostileText,
  );
  return fc.array(fc.tuple(name, value), { maxLength: 3 });
};

const idOf = ({ id }: Route): fc.Arbitrary<string> =>
  id === undefined
    ? fc.constant('')
    : fc
        .oneof(
          fc.constantFrom(
            'bob',
            FOREIGN,
            `${FOREIGN}x`,
            '8:acs:x',
            '%zz',
            '08584640926573727105946217888CU00',
            "x' or true",
          ),
          word.filter((text) => text !== '' && !/^\.{1,2}$/.test(text)),
        )
        .map(encodeURIComponent);

const routeName = fc.constantFrom(...Object.keys(ROUTES));

const badRequest: fc.Arbitrary<Generated> = routeName.chain((name) => {
  const route = ROUTES[name] as Route;
  return fc.record({
    route: fc.constant(name),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant(route.method) },
      { weight: 1, arbitrary: fc.constantFrom('PUT', 'PATCH', 'OPTIONS') },
    ),
    path: fc.oneof(
      { weight: 9, arbitrary: idOf(route).map(route.path) },
      // the good user too, but for deleting, so that it stays
      { weight: name === 'issueToken' || name === 'revokeTokens' ? 9 : 0, arbitrary: fc.constant('GOOD') },
      { weight: 1, arbitrary: word.map((text) => `${route.path('x')}/${encodeURIComponent(text)}/more`) },
    ),
    query: query(route),
    body: body(route),
    headers: fc.constant({ 'content-type': 'application/json' }),
    chunked: fc.boolean().map((yes) => yes && route.fields !== undefined && name === 'createUser'),
  });
});

const headerText = fc.oneof(
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
);
const HEADERS = [
  ...['x-ms-client-tracking-id', 'x-ms-client-tracking-id', 'x-ms-client-request-id', 'traceparent', 'tracestate'],
  ...['content-type', 'content-encoding', 'accept', 'accept-encoding', 'authorization', 'x-functions-key', 'cookie'],
  ...['x-http-method-override', 'x-forwarded-for', 'x-forwarded-host', 'x-ms-client-principal', 'if-match', 'range'],
  ...['origin', 'referer', 'user-agent', 'x-ms-retry-history', 'x-ms-request-id', 'x-original-url'],
];
const badHeaders: fc.Arbitrary<Generated> = routeName.chain((name) => {
  const route = ROUTES[name] as Route;
  return fc.record({
    route: fc.constant(name),
    method: fc.constant(route.method),
    path: idOf(route).map(route.path),
    query: fc.constant([]),
    body: fc.constant(route.fields ? '{"createTokenWithScopes":["chat"]}' : ''),
    headers: fc.dictionary(fc.constantFrom(...HEADERS), headerText, { minKeys: 1, maxKeys: 4 }),
    chunked: fc.constant(false),
  });
});

interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

function send({ method, path, query: pairs, body: text, headers, chunked }: Generated): Promise<Received> {
  const search = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(text) };
  return new Promise((done, fail) => {
    const call = httpRequest(
      {
        host: '127.0.0.1',
        port: app.host.port,
        method,
        path: `/api/${path}${search === '' ? '' : `?${search}`}`,
        headers: { ...headers, ...(text === '' ? {} : length) },
        agent,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
        response.on('error', fail);
      },
    );
    call.on('error', fail);
    call.end(text);
  });
}

/** What is wrong with an answer that is no success; undefined: nothing. */
function faultOf({ path, headers: sent }: Generated, { status, headers, text }: Received): string | undefined {
  if (headers['x-ms-request-id'] === undefined) {
    // the platform's own: no such path, or not with this method; a path with NUL in it; a page of another site
    const isPlatforms = text === '' && (status === 404 || (status === 400 && path.includes('%00')));
    const isForeignPage = status === 403 && 'origin' in sent && text.startsWith('The Origin header names a page');
    return isPlatforms || isForeignPage ? undefined : `${status} of the platform`;
  }
  const { error, ...others } = JSON.parse(text) as { error?: Record<string, unknown> };
  if (status < 400 || status > 499) return `${status} ${String(error?.code)}`;
  const { code, message, target, details, innererror, ...more } = error ?? {};
  if (Object.keys({ ...others, ...more }).length > 0) return 'fields that no error has';
  if (typeof code !== 'string' || code !== headers['x-ms-error-code']) return 'no code, or not that of the header';
  if (typeof message !== 'string' || message === '') return 'no message';
  if (target !== undefined && typeof target !== 'string') return 'a target that is no text';
  if (details !== undefined && !(Array.isArray(details) && details.length <= 50)) return 'details that are no list';
  if (innererror !== undefined && typeof innererror !== 'object') return 'an innererror that is no object';
  if (headers['cache-control'] !== 'no-store') return 'it may be cached';
  if (text.length > 50_000) return `an answer of ${text.length} characters`;
  let hasControlCharacters = false;
  JSON.parse(text, (_name, value: unknown) => {
    hasControlCharacters ||= typeof value === 'string' && /[\p{Cc}\u202e]/u.test(value);
    return value;
  });
  if (hasControlCharacters) return 'control characters';
  if (/eyJhb|(?:eyJ){3}/.test(text)) return 'a token in it';
  return undefined;
}

/** The host joins the values of a name, whatever its case. */
function valueOf(pairs: Generated['query'], name: string): string | undefined {
  const values = pairs.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join();
}

function isGoodValue(route: string, name: string, value: string | undefined): boolean {
  if (value === undefined) return true;
  switch (name) {
    case 'connection':
      // a filter may have any value
      return value === 'AcsIdentity' || (['listRuns', 'latestRun', 'statistics'].includes(route) && value.length <= 63);
    case 'clientTrackingId':
      return value.length <= 128;
    case 'status':
      return (RUN_STATUSES as readonly string[]).includes(value);
    case 'window':
      return ['24h', '7d', '30d'].includes(value);
    case 'failOnError':
      return ['true', 'false'].includes(value);
    case 'top':
      return Number(value) >= 1 && Number(value) <= 250;
    case 'maxAgeMinutes':
      return Number(value) >= 1;
    case 'since':
    case 'until':
      return /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value));
    default:
      return false;
  }
}

/** Why a success is right, independent of the app's own checks; undefined: it is not. */
function whyAccepted({ route: name, method, path, query: pairs, body: text, headers }: Generated): string | undefined {
  const route = ROUTES[name] as Route;
  if (method !== route.method) return undefined;
  if (path !== route.path('') && path !== `users/${encodeURIComponent(userId)}/tokens`) return undefined;
  const trackingId = headers['x-ms-client-tracking-id']?.trim();
  if (trackingId && !/^[\x21-\x7e]([\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(trackingId)) return undefined;
  if (trackingId === JWT) return undefined;
  const headersOnly =
    pairs.length === 0 && headers['content-type'] !== 'application/json' ? ', headers that it ignores' : '';
  if (route.query === 'any') return `any query${headersOnly}`;
  // the Functions library loses a query value that is named __proto__, so that no app gets it
  const allowed = [...route.query, ...FOREIGN_NAMES, ...TRACKER_NAMES, '__proto__'].map((known) => known.toLowerCase());
  if (!pairs.every(([given]) => allowed.includes(given.toLowerCase()))) return undefined;
  if (!route.query.every((known) => isGoodValue(name, known, valueOf(pairs, known)))) return undefined;
  if (route.fields === undefined) return `known names and values in the query, or none${headersOnly}`;
  if (text === '') return route.bodyRequired ? undefined : 'no body';
  const fields = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
  for (const [field, value] of Object.entries(fields)) {
    if (!route.fields.includes(field)) return undefined;
    if (value === null) continue;
    const good = SCOPE_FIELDS.includes(field)
      ? Array.isArray(value) && value.length <= SCOPES.length && value.every((item) => SCOPES.includes(item as never))
      : Number.isInteger(value) && Number(value) >= 60 && Number(value) <= 1440;
    if (!good) return undefined;
  }
  return 'a body of known fields with values in range';
}

async function sendAll(generated: Generated[]): Promise<{ faults: unknown[]; summary: Record<string, number> }> {
  const faults: unknown[] = [];
  const summary: Record<string, number> = {};
  const count = (what: string) => (summary[what] = (summary[what] ?? 0) + 1);
  const check = async (given: Generated) => {
    const call = given.path === 'GOOD' ? { ...given, path: `users/${encodeURIComponent(userId)}/tokens` } : given;
    const answer = await send(call);
    const accepted = answer.status >= 200 && answer.status < 300;
    const why = accepted ? whyAccepted(call) : undefined;
    const fault = accepted
      ? why === undefined && `${answer.status} for a bad request`
      : // asked for runs of a connection that has none, it says so
        !(call.route === 'latestRun' && answer.headers['x-ms-error-code'] === 'NoRecentRun') && faultOf(call, answer);
    if (fault) faults.push({ seed, fault, call, answer });
    count(
      accepted
        ? `${answer.status} ${call.route}: ${why}`
        : `${answer.status} ${String(answer.headers['x-ms-error-code'] ?? '(platform)')}`,
    );
  };
  for (let from = 0; from < generated.length; from += AT_ONCE) {
    await Promise.all(generated.slice(from, from + AT_ONCE).map(check));
  }
  if (process.env.GENERATED_REQUESTS !== undefined) {
    const lines = Object.entries(summary).sort(([a], [b]) => (a < b ? 1 : -1));
    process.stdout.write(`${lines.map(([what, times]) => `${String(times).padStart(6)}  ${what}`).join('\n')}\n`);
  }
  expect(faults.slice(0, 3)).toEqual([]);
  // a good call is answered as ever
  expect((await app.call('POST', 'users')).status).toBe(201);
  expect(app.lines.filter((line) => /eyJhb|InternalError|\n/.test(line)).slice(0, 3)).toEqual([]);
  return { faults, summary };
}

test(`${REQUESTS} generated bad requests: each is answered 4xx with an error of the app, or is not bad`, async () => {
  const { summary } = await sendAll(fc.sample(badRequest, { numRuns: REQUESTS, seed }));
  const seen = Object.keys(summary).join('\n');
  for (const status of ['400 InvalidRequest', '404 RunNotFound', '411 LengthRequired']) {
    expect(seen).toContain(status);
  }
}, 600_000);

test(`${WITH_BAD_HEADERS} requests with bad headers: the same`, async () => {
  const { summary } = await sendAll(fc.sample(badHeaders, { numRuns: WITH_BAD_HEADERS, seed }));
  expect(Object.keys(summary).join('\n')).toContain('400 InvalidRequest');
}, 600_000);
