import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createIdentityEmulator, type IdentityEmulator } from '../src';
import { sign, stringToSign } from '../src/authentication/stringToSign';
import { issuePath, newUser, send } from './sentCall';

const SECOND_KEY = Buffer.from('another key of another resource!').toString('base64');
const SECOND_RESOURCE = 'aaaaaaaa-0000-4000-8000-000000000001';

let emulator: IdentityEmulator;
let userId: string;
let lines: string[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator({
    resources: [{ resourceId: SECOND_RESOURCE, accessKey: SECOND_KEY }],
    log: (line) => lines.push(line),
  });
  userId = await newUser(emulator);
});
beforeEach(() => {
  lines = [];
});
afterAll(() => emulator.close());

describe("the Python SDK's test vectors", () => {
  const key = Buffer.from('pw==', 'base64');
  const signed = (target: string) =>
    stringToSign({
      method: 'GET',
      target,
      date: 'Wed, 13 Apr 2022 18:09:12 GMT',
      host: 'contoso.communicationservices.azure.com',
      contentHash: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    });

  test.each([
    ['banana', 'banana', '88EC05aAS9iXnaimtNO78JLjiPtfWryQB/5QYEzEsu8='],
    ['UTF-8', '😀', '1rudJKjn2Zi+3hRrBG29wIF6pD6YyAeQR1ZcFtXoKAU='],
    ['GET /', signed('/'), '88MDmJhUR3m5QhFxb8ztShsSwlGrg7g/6XPnWf7QEO4='],
    ['GET /testPath', signed('/testPath'), 'RoCrHjw7fb9fpHSbqvRUY2xa8RBS0YvI1cxI1x8AS38='],
    ['GET with a query', signed('/testPath?testQuery=yes'), 'il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I='],
  ])('%s', (_, text, expected) => {
    expect(sign(key, text).toString('base64')).toBe(expected);
  });
});

test('a signature over the encoded path, the host with its port and the body is taken', async () => {
  const { status } = await send(emulator, { path: issuePath(userId), body: { scopes: ['chat'] } });

  expect(status).toBe(200);
});

test('a date header is taken where SignedHeaders names it', async () => {
  const date = new Date().toUTCString();
  const { status } = await send(emulator, {
    path: '/identities',
    sign: { date },
    headers: { date, 'x-ms-date': 'ignored', Authorization: await authorization('date', date) },
  });

  expect(status).toBe(201);
});

async function authorization(dateHeader: string, date: string): Promise<string> {
  const text = `POST\n/identities?api-version=2023-10-01\n${date};127.0.0.1:${emulator.port};47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`;
  const signature = sign(Buffer.from(emulator.accessKey, 'base64'), text).toString('base64');
  return Promise.resolve(`HMAC-SHA256 SignedHeaders=${dateHeader};host;x-ms-content-sha256&Signature=${signature}`);
}

test('the same signature is taken again, since clients repeat requests as they were', async () => {
  const date = new Date();
  const first = await send(emulator, { path: '/identities', date });
  const second = await send(emulator, { path: '/identities', date });

  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.text).not.toBe(second.text);
});

test.each([-890, 890])('a clock that differs by %d s is taken', async (seconds) => {
  const { status } = await send(emulator, { path: '/identities', date: new Date(Date.now() + seconds * 1000) });

  expect(status).toBe(201);
});

test('several resources are told apart by the key that signs', async () => {
  const second = { key: Buffer.from(SECOND_KEY, 'base64') };
  const created = await send(emulator, { path: '/identities', sign: second });
  const { id } = (created.json as { identity: { id: string } }).identity;

  expect(id).toMatch(new RegExp(`^8:acs:${SECOND_RESOURCE}_`));
  expect((await send(emulator, { path: issuePath(id), body: { scopes: ['chat'] } })).json).toMatchObject({
    error: { code: 'IdentityNotOwned' },
  });
  expect((await send(emulator, { path: issuePath(id), body: { scopes: ['chat'] }, sign: second })).status).toBe(200);
});

test('a TLS handshake that reaches the http port is told in the log', async () => {
  await new Promise((done) => {
    connectTls({ host: '127.0.0.1', port: emulator.port }).on('error', done).on('close', done);
  });

  expect(lines).toEqual([expect.stringContaining('a TLS handshake reached the http port')]);
});

test('what is no HTTP at all gets 400, and the next call its answer', async () => {
  const text = await new Promise<string>((done) => {
    let received = '';
    const socket = connect(emulator.port, '127.0.0.1', () => socket.write('HELLO\r\n\r\n'));
    socket.on('data', (data) => (received += data.toString())).on('close', () => done(received));
  });

  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect((await send(emulator, { path: '/identities' })).status).toBe(201);
});

test.each(['not base64!', '', 'abc'])(
  'an emulator with the key "%s" does not start, and does not tell it',
  async (key) => {
    await expect(createIdentityEmulator({ accessKey: key })).rejects.toThrow(/^accessKey is not base64\.$/);
  },
);
