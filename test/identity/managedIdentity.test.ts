import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { AcsActions } from '../../src/identity/acsActions';
import { Connections } from '../../src/identity/connections';
import type { Attempt } from '../../src/identity/identityTypes';
import { RunUsers } from '../../src/workflow/runUsers';
import { startApp, type Answer } from '../app/appUnderTest';

let emulator: IdentityEmulator;
let identityEndpoint: Server;
let certificates: string;
const asked: { url: string; header: string | undefined }[] = [];
let answer: { status: number; body: object };
/** Requests that are not answered before their test has ended; and how the next requests end before `answer` is given: 'hangs' is never answered. */
const hanging: ServerResponse[] = [];
const before: ('hangs' | { status: number; body: object })[] = [];

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
    const next = before.shift() ?? answer;
    if (next === 'hangs') return void hanging.push(response);
    response.writeHead(next.status, { 'content-type': 'application/json' }).end(JSON.stringify(next.body));
  });
  await new Promise<void>((done) => identityEndpoint.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await emulator.close();
  identityEndpoint.closeAllConnections();
  await new Promise((done) => identityEndpoint.close(done));
  rmSync(certificates, { recursive: true });
});
beforeEach(() => {
  asked.length = before.length = 0;
  emulator.clearRequests();
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

// A new instance gets its first token from the platform's identity endpoint, which is slow or fails now and then while the instance starts
// ("Retry guidance" in https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token). The SDK asks for the
// token within the call to ACS: bearerTokenAuthenticationPolicy of @azure/core-rest-pipeline.
describe('an identity endpoint that', () => {
  const settings = () => ({
    IDENTITY_ENDPOINT: `http://127.0.0.1:${(identityEndpoint.address() as AddressInfo).port}/msi/token`,
    IDENTITY_HEADER: 'the-identity-header',
    AcsIdentity__endpoint: emulator.httpsEndpoint ?? '',
    AcsIdentity__credential: 'managedidentity',
  });
  afterEach(() => {
    for (const name of Object.keys(settings())) delete process.env[name];
    for (const response of hanging.splice(0)) response.writeHead(400).end('{}');
  });

  test('fails once and then hangs once is asked again, and one user is made', async () => {
    before.push({ status: 400, body: { statusCode: 400, message: 'Identity not found' } }, 'hangs');
    const made = emulator.users().length;
    const answers = await createUsers();
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(asked).toHaveLength(3);
    expect(emulator.users()).toHaveLength(made + 3);
  });

  /** An action in this process, so that its limit can be short. */
  async function actions(): Promise<AcsActions> {
    Object.assign(process.env, settings());
    const clock = { now: () => performance.now(), sleep: () => Promise.resolve(), random: () => 0.5 };
    return new AcsActions(await new Connections().get('AcsIdentity'), { entraTokenMs: 100, clock });
  }

  test('says nothing ends as ConnectionDenied after repetitions; nothing was sent, so no user may exist', async () => {
    before.push(...Array<'hangs'>(20).fill('hangs'));
    const attempts: Attempt[] = [];
    const users = new RunUsers(undefined, 0);
    const answer = (await actions()).createUser({}, { onAttempt: (attempt) => attempts.push(attempt) });
    users.trackCreation(answer);
    const error = (await answer.catch((thrown: unknown) => thrown)) as { message: string };
    expect(error).toMatchObject({ status: 502, code: 'ConnectionDenied', details: undefined });
    expect(error.message).toContain('in time');
    expect(attempts.map(({ code }) => code)).toEqual(Array(4).fill('Timeout'));
    await users.creationsSettled();
    expect(users.state()).toEqual({ cleanup: 'NotNeeded' });
    expect(emulator.requests()).toEqual([]);
  });

  test('says nothing while the app stops leaves no user in doubt', async () => {
    before.push(...Array<'hangs'>(20).fill('hangs'));
    const stop = new AbortController();
    const answer = (await actions()).createUser({}, { beforeSendSignal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopping')), 30);
    await expect(answer).rejects.toMatchObject({ code: 'Stopped', details: undefined });
  });
});
