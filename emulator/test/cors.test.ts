import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { newToken, newUser, send, type CallToSend } from './sentCall';

const PAGE = 'http://localhost:3000';
const OTHER = 'https://other.example';
let emulator: IdentityEmulator;

let lines: string[] = [];
const log = (line: string) => lines.push(line);

beforeAll(async () => {
  emulator = await createIdentityEmulator({ corsOrigins: [PAGE, 'https://app.example'], log });
});
beforeEach(() => {
  lines = [];
});
afterAll(() => emulator.close());

const preflight = (Origin: string, change: Partial<CallToSend> = {}) =>
  send(emulator, {
    method: 'OPTIONS',
    path: '/identities',
    sign: false,
    headers: {
      Origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type,x-ms-content-sha256,x-ms-date',
    },
    ...change,
  });
const corsHeaders = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^(access-control-|vary)/.test(name)));

test.each([PAGE, 'https://app.example'])('a preflight of %s is answered without credentials', async (origin) => {
  const { status, text, headers } = await preflight(origin);

  expect({ status, text }).toEqual({ status: 204, text: '' });
  expect(corsHeaders(headers)).toEqual({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers': 'authorization,content-type,x-ms-content-sha256,x-ms-date',
    'access-control-max-age': '600',
    'access-control-expose-headers': expect.stringContaining('x-emulator-denied-because') as string,
    vary: 'Origin',
  });
});

test('answers to the page have the headers, errors and faults too', async () => {
  const headers = { Origin: PAGE };
  const created = await send(emulator, { path: '/identities', headers });
  const denied = await send(emulator, { path: '/identities', headers, sign: false });
  emulator.addFault({ status: 429 });
  const failed = await send(emulator, { path: '/identities', headers });
  const keys = await send(emulator, { method: 'GET', path: '/.well-known/jwks.json', headers, sign: false });

  expect([created, denied, failed, keys].map(({ status }) => status)).toEqual([201, 401, 429, 200]);
  for (const answer of [created, denied, failed, keys]) {
    expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
    expect(answer.headers.vary).toBe('Origin');
  }
});

test('the page may use the calls of the emulator itself, other pages may not', async () => {
  const call = { path: '/emulator/teamsTokens', sign: false } as const;
  const page = await send(emulator, { ...call, headers: { Origin: PAGE } });
  const other = await send(emulator, { ...call, headers: { Origin: OTHER } });

  expect([page.status, other.status]).toEqual([201, 403]);
});

test.each([OTHER, 'null', `${PAGE}/`, 'http://localhost:30000'])('the origin %s gets no header', async (origin) => {
  const asked = await preflight(origin);
  const answered = await send(emulator, { path: '/identities', headers: { Origin: origin } });

  expect([asked.status, answered.status]).toEqual([405, 201]);
  expect(corsHeaders(asked.headers)).toEqual({ vary: 'Origin' });
  expect(corsHeaders(answered.headers)).toEqual({ vary: 'Origin' });
  expect(lines).toEqual([
    expect.stringMatching(
      `^identity emulator: OPTIONS /identities\\S* returned 405: ${
        origin === 'null' || origin.endsWith('/')
          ? 'a page without an origin of http or https'
          : `web pages of ${origin} are not allowed: start the emulator with --cors ${origin} `
      }`,
    ),
  ]);
});

test('without origins there is no header at all', async () => {
  const plain = await createIdentityEmulator({ log });
  try {
    const token = await newToken(plain, await newUser(plain));
    const headers = { Origin: PAGE, Authorization: `Bearer ${token}` };
    const { headers: received } = await send(plain, { method: 'GET', path: '/chat/threads', sign: false, headers });
    expect(corsHeaders(received)).toEqual({});
    const options = { Origin: PAGE, 'Access-Control-Request-Method': 'POST' };
    const asked = await send(plain, { method: 'OPTIONS', path: '/identities', sign: false, headers: options });
    expect({ status: asked.status, cors: corsHeaders(asked.headers) }).toEqual({ status: 405, cors: {} });
    expect(lines.join()).toContain(`--cors ${PAGE} (corsOrigins in the factory)`);
  } finally {
    await plain.close();
  }
});

const FORM = 'an origin is a scheme, a host and a port, as in http://localhost:3000.';
const write = (origin: string) => `an origin has no path and no slash at its end: write ${origin}.`;
test.each([
  ['*', FORM],
  ['null', FORM],
  ['localhost:3000', FORM],
  ['ftp://a.example', FORM],
  ['http://localhost:3000/', write('http://localhost:3000')],
  ['http://me:hunter2@a.example/path?key=b', write('http://a.example')],
])('the origin %s is refused as an option', async (origin, message) => {
  const failed = createIdentityEmulator({ corsOrigins: [PAGE, origin] });
  await expect(failed).rejects.toThrow(new TypeError(`corsOrigins: ${message}`));
});
