import { createServer } from 'node:net';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { issuePath, newUser, send } from './sentCall';

let emulator: IdentityEmulator;

beforeEach(async () => {
  emulator = await createIdentityEmulator();
});
afterEach(() => emulator.close());

const everywhere = {
  date: expect.stringMatching(/ GMT$/) as string,
  'ms-cv': expect.stringMatching(/^[A-Za-z0-9+/]{22}\.2\.0$/) as string,
  'request-context': 'appId=',
  'strict-transport-security': 'max-age=2592000',
  'x-azure-ref': expect.stringMatching(/^0[A-Za-z0-9+/]+=*$/) as string,
  'x-cache': 'CONFIG_NOCACHE',
  'x-processing-time': expect.stringMatching(/^\d+ms$/) as string,
};

test.each([
  ['a success', '/identities', 201],
  ['a refusal', '/identities?api-version=1.0', 400],
  ['an unknown path', '/nothing', 404],
])('%s has the headers that every answer of the service has', async (_, path, status) => {
  const answer = await send(emulator, { path });

  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject(everywhere);
  expect(answer.headers).not.toHaveProperty('x-emulator-denied-because');
});

test('names of headers are written as recorded', async () => {
  const { headerNames } = await send(emulator, { path: '/identities', headers: { 'x-ms-client-request-id': 'me' } });

  expect(headerNames).toEqual(
    expect.arrayContaining([
      'Content-Type',
      'Content-Length',
      'Date',
      'MS-CV',
      'Request-Context',
      'Strict-Transport-Security',
      'X-Azure-Ref',
      'X-Cache',
      'X-Processing-Time',
      'api-supported-versions',
      'x-ms-client-request-id',
    ]),
  );
});

test('x-ms-client-request-id is given back, on refusals too, and is absent where none came', async () => {
  const headers = { 'x-ms-client-request-id': 'a request of mine' };
  const taken = await send(emulator, { path: '/identities', headers });
  const denied = await send(emulator, { path: '/identities', headers, sign: false });
  const without = await send(emulator, { path: '/identities' });

  expect([taken, denied].map((answer) => answer.headers['x-ms-client-request-id'])).toEqual([
    'a request of mine',
    'a request of mine',
  ]);
  expect(without.headers).not.toHaveProperty('x-ms-client-request-id');
});

test('every answer has an MS-CV of its own', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(emulator, { path: '/identities' })));

  expect(new Set(answers.map(({ headers }) => headers['ms-cv'])).size).toBe(20);
});

test('answers before the controller do not tell the versions', async () => {
  const userId = await newUser(emulator);
  const tells = async (call: Parameters<typeof send>[1]) =>
    'api-supported-versions' in (await send(emulator, call)).headers;

  expect(await tells({ path: issuePath(userId), body: { scopes: [] } })).toBe(true);
  expect(await tells({ path: issuePath(userId), body: {} })).toBe(false);
  expect(await tells({ path: '/identities', sign: false })).toBe(false);
  expect(await tells({ path: '/identities', body: '{', headers: { 'Content-Type': 'application/json' } })).toBe(false);
});

test('requests are kept for the last thousand calls', async () => {
  const agent = { method: 'GET', headers: { connection: 'keep-alive' } };
  for (let i = 0; i < 2005; i += 1) await (await fetch(`${emulator.endpoint}${i}`, agent)).arrayBuffer();

  const paths = emulator.requests().map(({ path }) => path);
  expect(paths).toHaveLength(1000);
  expect([paths[0], paths.at(-1)]).toEqual(['/1005', '/2004']);
  emulator.clearRequests();
  expect(emulator.requests()).toEqual([]);
});

test('connections are counted, and closing breaks them and frees the port', async () => {
  await (await fetch(`${emulator.endpoint}nothing`)).arrayBuffer();
  expect(emulator.sockets()).toEqual({ opened: 1, open: 1 });
  await emulator.close();

  expect(emulator.sockets().open).toBe(0);
  const next = await createIdentityEmulator({ port: emulator.port });
  expect(next.port).toBe(emulator.port);
  await next.close();
});

test('closing twice is no fault', async () => {
  await emulator.close();
  await expect(emulator.close()).resolves.toBeUndefined();
});

test.each(['port', 'httpsPort'] as const)(
  'a taken %s is told, by code and number, and nothing stays open',
  async (option) => {
    const occupant = createServer();
    await new Promise<void>((done) => occupant.listen(0, '127.0.0.1', done));
    const { port } = occupant.address() as { port: number };
    try {
      await expect(createIdentityEmulator({ [option]: port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    } finally {
      await new Promise((done) => occupant.close(done));
    }
  },
);

test('is reached on 127.0.0.1, and says where', () => {
  const { endpoint, port, connectionString, accessKey, jwksUrl } = emulator;

  expect(endpoint).toBe(`http://127.0.0.1:${port}/`);
  expect(connectionString).toBe(`endpoint=${endpoint};accesskey=${accessKey}`);
  expect(jwksUrl).toBe(`${endpoint}.well-known/jwks.json`);
  expect(emulator).not.toHaveProperty('httpsEndpoint');
});

test.each([
  [{ resourceId: 'no-guid' }, 'resourceId is not a guid.'],
  [{ resources: [{ resourceId: 'no-guid', accessKey: 'pw==' }] }, 'resources[0].resourceId is not a guid.'],
  [
    { accessKey: 'pw==', resources: [{ resourceId: '9fc1d5f5-3b0a-4b0e-8d0e-111111111111', accessKey: 'pw==' }] },
    'resources[0].accessKey opens another resource already.',
  ],
])('a faulty option is told by name: %j', async (options, message) => {
  await expect(createIdentityEmulator(options)).rejects.toThrow(message);
});
