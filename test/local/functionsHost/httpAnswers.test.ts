import { buildWorker, cleanUp, makeApp, rawRequest, run, useApp, type RunningApp } from './sampleApp';

const entry = `${useApp}
const answers = {
  json: { status: 201, headers: { 'x-own': 'yes' }, jsonBody: { a: 1 } },
  text: { body: 'text' },
  typedBytes: { body: Buffer.from([1, 2, 255]), headers: { 'content-type': 'image/png' } },
  bytes: { body: Buffer.from([1, 2, 255]) },
  ownLength: { body: 'four', headers: { 'content-length': '4' } },
  empty: {},
  nothing: undefined,
  noContent: { status: 204, body: 'dropped', headers: { 'content-type': 'text/plain' } },
  notModified: { status: 304, headers: { etag: '"1"' } },
  moved: { status: 302, headers: { location: '/elsewhere' } },
  aString: 'text',
  status999: { status: 999 },
  statusText: { status: 'abc' },
  status500: { status: 500, jsonBody: { error: 'mine' } },
};
for (const [name, answer] of Object.entries(answers)) app.get(name, async () => answer);
app.get('throws', () => { throw new Error('thrown on purpose'); });
app.http('head', { methods: ['HEAD', 'GET'], handler: () => ({ headers: { 'x-own': 'yes' }, body: 'content' }) });
app.http('echo', {
  methods: ['GET', 'POST', 'PUT'],
  route: 'echo/{*rest}',
  handler: async (request) => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      params: request.params,
      query: Object.fromEntries(request.query),
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
      user: request.user,
    },
  }),
});
const params = (request) => ({ jsonBody: request.params });
app.get('whole', { route: 'whole/{id:int}', handler: params });
app.get('optional', { route: 'optional/{a?}', handler: params });
app.get('two', { route: 'two/{a}/x/{b}', handler: params });
app.get('constraints', { route: 'c/{a:alpha:maxlength(3)}/{b:bool}/{c:guid}/{d:minlength(2):maxlength(3)}', handler: params });
app.get('fileName', { route: 'files/{name}.{ending}', handler: params });
app.get('bFirst', { route: 'same/{x}', handler: () => ({ body: 'b' }) });
app.get('aFirst', { route: 'same/{y?}', handler: () => ({ body: 'a' }) });
app.get('literal', { route: 'literal/%X%', handler: () => ({ body: 'never expanded' }) });
app.http('any', { methods: [], handler: (request) => ({ body: request.method }) });
`;

let app: RunningApp;
beforeAll(async () => {
  app = await run(await buildWorker(), entry, { environment: { X: 'expanded', NO_COLOR: '1' } });
});
afterAll(cleanUp);

const raw = (path: string, options?: Parameters<typeof rawRequest>[2]) => rawRequest(app.host.port, path, options);
const json = async (path: string, init?: RequestInit) =>
  (await (await app.get(path, init)).json()) as Record<string, unknown>;

describe('what a handler returns', () => {
  test.each([
    ['json', 201, 'application/json', '{"a":1}'],
    ['text', 200, 'text/plain;charset=UTF-8', 'text'],
    ['typedBytes', 200, 'image/png', '\u0001\u0002\ufffd'],
    ['bytes', 200, undefined, '\u0001\u0002\ufffd'],
    ['status500', 500, 'application/json', '{"error":"mine"}'],
  ])('%s is answered in chunks, with its type', async (name, status, type, body) => {
    const answer = await raw(`/api/${name}`);
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers).toMatchObject({ 'transfer-encoding': 'chunked', server: 'Kestrel' });
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  test('own headers are passed on', async () => {
    expect((await raw('/api/json')).headers['x-own']).toBe('yes');
  });

  test('a length that the app sets is kept, and the body is not chunked', async () => {
    const { headers, body } = await raw('/api/ownLength');
    expect(headers['content-length']).toBe('4');
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(body).toBe('four');
  });

  test.each([
    ['empty', 200],
    ['moved', 302],
    ['throws', 500],
    ['aString', 500],
    ['status999', 500],
    ['statusText', 500],
  ])('%s: %i, length 0, no type', async (name, status) => {
    const answer = await raw(`/api/${name}`);
    expect(answer).toMatchObject({ status, body: '' });
    expect(answer.headers['content-length']).toBe('0');
    expect(answer.headers).not.toHaveProperty('content-type');
  });

  test.each([
    ['nothing', 204],
    ['noContent', 204],
    ['notModified', 304],
  ])('%s: %i without body, type and length', async (name, status) => {
    const answer = await raw(`/api/${name}`);
    expect(answer).toMatchObject({ status, body: '' });
    expect(answer.headers).not.toHaveProperty('content-type');
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  test('304 keeps its ETag, 302 its Location', async () => {
    expect((await raw('/api/notModified')).headers.etag).toBe('"1"');
    expect((await raw('/api/moved')).headers.location).toBe('/elsewhere');
  });

  test('HEAD, where it is listed, gets the headers, no body and no length', async () => {
    const answer = await raw('/api/head', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers['x-own']).toBe('yes');
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  test('an error of a handler is logged with its stack, and the call as failed', async () => {
    await raw('/api/throws');
    expect(app.log()).toMatch(/Executed 'Functions\.throws' \(Failed, Id=[\w-]{36}, Duration=\d+ms\)/);
    expect(app.log()).toMatch(
      /Functions\.throws\. Result: Failure\nException: thrown on purpose\nStack: Error: thrown.*\n +at /,
    );
  });
});

describe('routes', () => {
  test.each(['PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'])(
    '%s, which is not listed: 404, length 0',
    async (method) => {
      const answer = await raw('/api/text', { method });
      expect(answer.status).toBe(404);
      if (method !== 'HEAD') expect(answer.headers['content-length']).toBe('0');
    },
  );

  test.each(['/API/TEXT', '/api/text/', '/api/./text', '/api/x/../text', '/api/te%78t'])(
    '%s finds the function',
    async (path) => {
      expect(await raw(path)).toMatchObject({ status: 200, body: 'text' });
    },
  );

  test.each(['/api//text', '/api/text//', '/api', '/nope', '/favicon.ico', '/runtime/x', '/api/text/more'])(
    '%s: 404, empty',
    async (path) => {
      expect(await raw(path)).toMatchObject({ status: 404, body: '' });
    },
  );

  test.each(['GET', 'POST'])('%s / is the home page', async (method) => {
    const answer = await raw('/', { method });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect(answer.body).toContain('Functions');
  });

  test.each([
    ['12', 200],
    ['-3', 200],
    ['abc', 404],
    ['', 404],
    ['99999999999', 404],
  ])('{id:int} and %j: %i', async (value, status) => {
    expect((await raw(`/api/whole/${value}`)).status).toBe(status);
  });

  test.each([
    ['abc/true/3f2504e0-4f89-11d3-9a0c-0305e82c3301/ab', 200],
    ['abcd/true/3f2504e0-4f89-11d3-9a0c-0305e82c3301/ab', 404],
    ['ab1/true/3f2504e0-4f89-11d3-9a0c-0305e82c3301/ab', 404],
    ['abc/yes/3f2504e0-4f89-11d3-9a0c-0305e82c3301/ab', 404],
    ['abc/true/3f2504e0/ab', 404],
    ['abc/true/3f2504e0-4f89-11d3-9a0c-0305e82c3301/a', 404],
    ['abc/true/3f2504e0-4f89-11d3-9a0c-0305e82c3301/abcd', 404],
  ])('constraints and %s: %i', async (path, status) => {
    expect((await raw(`/api/c/${path}`)).status).toBe(status);
  });

  test('parameters that are not in the path are absent', async () => {
    expect(await json('/api/optional')).toEqual({});
    expect(await json('/api/optional/x')).toEqual({ a: 'x' });
    expect(await json('/api/echo')).toMatchObject({ params: {} });
  });

  test('several parameters, also within one segment', async () => {
    expect(await json('/api/two/1/x/2')).toEqual({ a: '1', b: '2' });
    expect(await json('/api/files/a.json')).toEqual({ name: 'a', ending: 'json' });
  });

  test.each([
    ['a%20b', 'a b'],
    ['a%2Fb', 'a%2Fb'],
    ['a+b', 'a+b'],
    ['%zz', '%zz'],
    ['%E2%82%AC', '€'],
    ['8%3Aacs%3A1', '8:acs:1'],
    ['a/../b', 'b'],
    ['a/b', 'a/b'],
  ])('parameter %s arrives as %s', async (sent, arrives) => {
    expect(JSON.parse((await raw(`/api/echo/${sent}`)).body)).toMatchObject({ params: { rest: arrives } });
  });

  test('%00 in a path: 400', async () => {
    expect((await raw('/api/echo/%00')).status).toBe(400);
  });

  test('of two routes that match, the first by function name answers', async () => {
    expect((await raw('/api/same/x')).body).toBe('a');
  });

  test('%X% in a route stays as it is', async () => {
    expect((await raw('/api/literal/%25X%25')).status).toBe(200);
    expect((await raw('/api/literal/expanded')).status).toBe(404);
  });

  test('a function that lists no methods answers all', async () => {
    expect((await raw('/api/any', { method: 'PATCH' })).body).toBe('PATCH');
  });
});

describe('what a handler sees', () => {
  const body = (answer: { body: string }) => JSON.parse(answer.body) as Record<string, unknown>;

  test('the url is absolute, with the Host header as sent', async () => {
    const answer = body(
      await raw('/api/echo/x?q=1', { headers: { host: 'localhost:81', 'x-forwarded-host': 'else' } }),
    );
    expect(answer).toMatchObject({
      url: 'http://localhost:81/api/echo/x?q=1',
      headers: { 'x-forwarded-host': 'else' },
      user: null,
    });
  });

  test('query keys are merged without case', async () => {
    expect(await json('/api/echo/x?q=1&q=2&Q=3&other=a%20b+c&none')).toMatchObject({
      query: { q: '1,2,3', other: 'a b c', none: '' },
    });
  });

  test('two Authorization headers arrive as one with both values', async () => {
    const answer = body(await raw('/api/echo/x', { headers: { Authorization: ['Bearer a', 'Bearer b'] } }));
    expect((answer['headers'] as Record<string, string>)['authorization']).toMatch(/^Bearer a, ?Bearer b$/);
  });

  test('headers have at most 32 KB in all', async () => {
    const withToken = (length: number) =>
      raw('/api/echo/x', { headers: { authorization: `Bearer ${'a'.repeat(length)}` } });
    expect(body(await withToken(30_000))).toMatchObject({
      headers: { authorization: expect.stringMatching(/^.{30007}$/) as string },
    });
    expect((await withToken(33_000)).status).toBe(431);
  });

  test('header names are lower case, repeated headers joined', async () => {
    const answer = body(await raw('/api/echo/x', { headers: { 'X-Twice': ['1', '2'], 'X-Functions-Key': 'k' } }));
    expect(answer).toMatchObject({ headers: { 'x-functions-key': 'k' } });
    expect((answer['headers'] as Record<string, string>)['x-twice']).toMatch(/^1, ?2$/);
  });

  test('a body with a length arrives', async () => {
    expect(await json('/api/echo/x', { method: 'POST', body: 'content' })).toMatchObject({
      method: 'POST',
      body: 'content',
    });
  });

  test('a chunked body does not, but its header does', async () => {
    const answer = body(await raw('/api/echo/x', { method: 'POST', chunks: ['con', 'tent'] }));
    expect(answer).toMatchObject({ body: '', headers: { 'transfer-encoding': 'chunked' } });
  });

  test('a body of a GET does not', async () => {
    const answer = await raw('/api/echo/x', { method: 'GET', headers: { 'content-length': 4 }, chunks: ['body'] });
    expect(body(answer)).toMatchObject({ body: '' });
  });

  test('a megabyte arrives whole', async () => {
    const content = 'x'.repeat(1 << 20);
    expect(await json('/api/echo/x', { method: 'PUT', body: content })).toMatchObject({ body: content });
  });

  test('a body over 104857600 bytes: 500 and the connection is closed, unread', async () => {
    const answer = await raw('/api/echo/x', {
      method: 'POST',
      headers: { 'content-length': 104_857_601 },
      chunks: ['x'],
    });
    expect(answer).toMatchObject({ status: 500, body: '', headers: { connection: 'close' } });
  });
});

describe('host.json', () => {
  const hello = `${useApp}app.get('hello', () => ({ headers: { 'x-both': 'app' }, body: 'hello' })); app.get('home', { route: '{a?}', handler: () => ({ body: 'own home' }) });`;

  test('routePrefix "" puts routes at the root, where one of them wins over the home page; customHeaders are on every answer', async () => {
    const http = { routePrefix: '', customHeaders: { 'X-All': 'host', 'X-Both': 'host' } };
    const directory = makeApp(hello, { 'host.json': { extensions: { http } } });
    const own = await run(await buildWorker(), { directory });
    const answer = await own.get('/hello');
    expect(await answer.text()).toBe('hello');
    expect(answer.headers.get('x-all')).toBe('host');
    expect(answer.headers.get('x-both')).toBe('app');
    expect((await own.get('/no/such')).headers.get('x-all')).toBe('host');
    expect(await (await own.get('/')).text()).toBe('own home');
  });

  test('AzureWebJobsDisableHomepage: 204', async () => {
    const own = await run(await buildWorker(), '', { environment: { AzureWebJobsDisableHomepage: 'true' } });
    expect((await own.get('/')).status).toBe(204);
  });

  test.each([
    ['bad JSON in host.json', { 'host.json': '{' }, hello],
    ['an unknown constraint', {}, `${useApp}app.get('a', { route: 'a/{b:nope}', handler: () => ({}) });`],
    ['a leading slash', {}, `${useApp}app.get('a', { route: '/a', handler: () => ({}) });`],
    ['an unclosed brace', {}, `${useApp}app.get('a', { route: 'a/{b', handler: () => ({}) });`],
    [
      'names that differ in case only',
      {},
      `${useApp}app.get('a', () => ({})); app.get('A', { route: 'b', handler: () => ({}) });`,
    ],
  ])('%s stops the whole host: 503 everywhere', async (_, files, code) => {
    const own = await run(await buildWorker(), { directory: makeApp(code, files) });
    for (const path of ['/', '/api/a', '/admin/host/status']) {
      const answer = await own.get(path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toBe('Function host is not running.');
    }
    expect(own.log()).toContain('The host could not start');
  });
});
