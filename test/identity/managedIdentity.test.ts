import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../local/emulator';
import { startApp, type Answer } from '../app/appUnderTest';

let emulator: IdentityEmulator;
let identityEndpoint: Server;
let certificates: string;
const asked: { url: string; header: string | undefined }[] = [];
let answer: { status: number; body: object };

/** The endpoint that App Service gives an app with a managed identity, with a token as Entra ID makes them. */
function entraToken(audience = 'https://communication.azure.com'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part({ aud: audience, iss: 'https://sts.windows.net/x/', iat: now, nbf: now, exp: now + 3600, oid: 'x' })}.c2ln`;
}
const token = (value: string) => ({
  status: 200,
  body: {
    access_token: value,
    expires_on: String(Math.floor(Date.now() / 1000) + 3600),
    resource: 'https://communication.azure.com/',
    token_type: 'Bearer',
  },
});

beforeAll(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'certificates-'));
  emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: certificates });
  identityEndpoint = createServer((request, response) => {
    asked.push({ url: request.url ?? '', header: request.headers['x-identity-header'] as string });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => identityEndpoint.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await emulator.close();
  await new Promise((done) => identityEndpoint.close(done));
  rmSync(certificates, { recursive: true });
});
beforeEach(() => {
  asked.length = 0;
  answer = token(entraToken());
});

/** The answers of three calls of createUser, on an app with these settings: certificates are trusted from a process's start on. */
async function createUsers(settings: Record<string, string> = {}): Promise<Answer[]> {
  const app = await startApp({
    NODE_EXTRA_CA_CERTS: emulator.certificateFile ?? '',
    IDENTITY_ENDPOINT: `http://127.0.0.1:${(identityEndpoint.address() as AddressInfo).port}/msi/token`,
    IDENTITY_HEADER: 'the-identity-header',
    AcsIdentity__endpoint: emulator.httpsEndpoint ?? '',
    AcsIdentity__credential: 'managedidentity',
    ...settings,
  });
  try {
    return [await app.call('POST', 'users'), await app.call('POST', 'users'), await app.call('POST', 'users')];
  } finally {
    await app.stop();
  }
}

test("the app's managed identity signs in at ACS, with one token for all calls", async () => {
  const answers = await createUsers();
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(new Set(answers.map(({ body }) => body.identity?.id)).size).toBe(3);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.url).toContain(`resource=${encodeURIComponent('https://communication.azure.com/')}`);
  expect(asked[0]?.header).toBe('the-identity-header');
});

test('a user-assigned identity is asked for by its client id', async () => {
  const clientId = '44444444-4444-4444-8444-444444444444';
  const [first] = await createUsers({ AcsIdentity__clientId: clientId });
  expect(first?.status).toBe(201);
  expect(asked[0]?.url).toContain(`client_id=${clientId}`);
});

test('an identity that is not assigned is ConnectionDenied, and says what to check', async () => {
  answer = { status: 400, body: { statusCode: 400, message: 'No managed identity found for specified ClientId.' } };
  const [first] = await createUsers();
  expect(first).toMatchObject({ status: 502, body: { error: { code: 'ConnectionDenied' } } });
  expect(first?.text).toContain('AcsIdentity__clientId');
});

test('a token for something else than ACS is ConnectionDenied, and the role is what to check', async () => {
  answer = token(entraToken('https://management.azure.com/'));
  const [first] = await createUsers();
  expect(first).toMatchObject({ status: 502, body: { error: { code: 'ConnectionDenied' } } });
  expect(first?.text).toContain('role');
  expect(first?.text).not.toContain('eyJ');
});
