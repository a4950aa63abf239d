import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { createIdentityEmulator, DEFAULT_RESOURCE_ID, type IdentityEmulator } from '../src';
import { send, unsignedJwt } from './sentCall';

const DENIED = { error: { code: 'Denied', message: 'Denied by the resource provider.' } };
const projectRoot = resolve(__dirname, '../..');
let directory: string;
let emulator: IdentityEmulator;
let ca: string;
let lines: string[] = [];

beforeAll(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'emulator-https-')), 'made', 'when', 'missing');
  emulator = await createIdentityEmulator({
    httpsPort: 0,
    certificateDirectory: directory,
    log: (line) => lines.push(line),
  });
  ca = await readFile(emulator.certificateFile ?? '', 'utf8');
});
beforeEach(() => {
  lines = [];
});
afterAll(async () => {
  await emulator.close();
  await rm(resolve(directory, '../../..'), { recursive: true });
});

const seconds = () => Math.floor(Date.now() / 1000);
const entraToken = (change: object = {}) =>
  unsignedJwt({ aud: 'https://communication.azure.com', exp: seconds() + 3600, ...change });
const withBearer = (token: string) => ({
  path: '/identities',
  sign: false as const,
  ca,
  headers: { Authorization: `Bearer ${token}` },
});

test('says how it is reached over https', () => {
  expect(emulator.httpsEndpoint).toBe(`https://127.0.0.1:${emulator.httpsPort}/`);
  expect(emulator.httpsConnectionString).toBe(`endpoint=${emulator.httpsEndpoint};accesskey=${emulator.accessKey}`);
  expect(emulator.certificateFile).toBe(join(directory, 'certificate.pem'));
});

test('serves signed calls to whoever trusts its certificate, by either name', async () => {
  const byAddress = await send(emulator, { path: '/identities', ca });
  const byName = await send(emulator, { path: '/identities', ca, host: `localhost:${emulator.httpsPort}` });

  expect([byAddress.status, byName.status]).toEqual([201, 201]);
});

test('the certificate file holds the certificate alone, for localhost and 127.0.0.1, and signs no other', () => {
  const certificate = new X509Certificate(ca);

  expect(ca.match(/-----BEGIN .*-----/g)).toEqual(['-----BEGIN CERTIFICATE-----']);
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
  expect(certificate.ca).toBe(false);
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now() + 30 * 86_400_000);
});

(process.platform === 'win32' ? test.skip : test)('the private key is for its owner alone', async () => {
  const { mode } = await stat(join(directory, 'certificate.key'));

  expect((mode & 0o777).toString(8)).toBe('600');
});

const hasGit = spawnSync('git', ['--version']).status === 0;
if (!hasGit) console.log('skipped: there is no git');
(hasGit ? test : test.skip)('git sees none of its files, and a .gitignore that was there stays', async () => {
  const project = await mkdtemp(join(tmpdir(), 'emulator-git-'));
  const git = (...args: string[]) => spawnSync('git', args, { cwd: project, encoding: 'utf8' }).stdout;
  const startIn = async (folder: string) =>
    (await createIdentityEmulator({ httpsPort: 0, certificateDirectory: join(project, folder) })).close();
  try {
    git('init', '--quiet');
    await startIn('.local/certificates');
    expect(git('status', '--porcelain', '--untracked-files=all')).toBe('');

    await mkdir(join(project, 'mine'));
    await writeFile(join(project, 'mine', '.gitignore'), '# mine\n');
    await startIn('mine');
    expect(await readFile(join(project, 'mine', '.gitignore'), 'utf8')).toBe('# mine\n');
  } finally {
    await rm(project, { recursive: true });
  }
});

test('a second start uses the same certificate; a spoiled or removed one is made anew', async () => {
  const startAgain = async () => {
    const again = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: again_directory });
    try {
      const certificate = await readFile(again.certificateFile ?? '', 'utf8');
      expect((await send(again, { path: '/identities', ca: certificate })).status).toBe(201);
      return certificate;
    } finally {
      await again.close();
    }
  };
  const again_directory = await mkdtemp(join(tmpdir(), 'emulator-again-'));
  try {
    const first = await startAgain();
    expect(await startAgain()).toBe(first);
    await rm(join(again_directory, 'certificate.pem'));
    expect(await startAgain()).toBe(first);
    await writeFile(join(again_directory, 'certificate.key'), 'spoiled');
    expect(await startAgain()).not.toBe(first);
  } finally {
    await rm(again_directory, { recursive: true });
  }
});

test('two that start at once in one directory use one certificate', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'emulator-shared-'));
  const both = await Promise.all(
    [1, 2].map(() => createIdentityEmulator({ httpsPort: 0, certificateDirectory: shared })),
  );
  try {
    const certificate = await readFile(join(shared, 'certificate.pem'), 'utf8');
    const answers = await Promise.all(both.map((each) => send(each, { path: '/identities', ca: certificate })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  } finally {
    await Promise.all(both.map((each) => each.close()));
    await rm(shared, { recursive: true });
  }
});

test.each(['https://communication.azure.com', 'https://communication.azure.com/'])(
  'an Entra ID token for %s is taken',
  async (aud) => {
    const { status, json } = await send(emulator, withBearer(entraToken({ aud })));

    expect(status).toBe(201);
    expect((json as { identity: { id: string } }).identity.id).toContain(DEFAULT_RESOURCE_ID);
  },
);

test.each([
  ['no JWT', () => 'no-jwt', 'the Bearer token is not a JWT'],
  [
    'another audience',
    () => entraToken({ aud: 'https://graph.microsoft.com' }),
    /^the Bearer token is for another audience \(https:\/\/graph\.microsoft\.com\)/,
  ],
  ['no audience', () => entraToken({ aud: undefined }), /another audience \(none\)/],
  ['an expired token', () => entraToken({ exp: seconds() - 60 }), /^the token expired 6\d s ago$/],
  ['a token without expiry', () => entraToken({ exp: undefined }), 'the token has no numeric exp'],
  ['a token of the future', () => entraToken({ nbf: seconds() + 3600 }), /^the token becomes valid only in \d+ s$/],
])('%s is denied, and says why', async (_, token, why) => {
  const { status, json, headers } = await send(emulator, withBearer(token()));

  expect({ status, json }).toEqual({ status: 401, json: DENIED });
  expect(headers['x-emulator-denied-because']).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
  expect(lines).toEqual([expect.stringContaining(String(headers['x-emulator-denied-because']))]);
});

test('a call signed for the https endpoint that reaches the http one is told so', async () => {
  const { headers } = await send(emulator, {
    path: '/identities',
    sign: { host: `127.0.0.1:${emulator.httpsPort}` },
  });

  expect(headers['x-emulator-denied-because']).toMatch(
    /^host: signed 127\.0\.0\.1:\d+, the https endpoint, sent 127\.0\.0\.1:\d+: the client signed for https and reached the http endpoint$/,
  );
});

test('a plain request to the https port is told in the log', async () => {
  await new Promise((done) => {
    request({ host: '127.0.0.1', port: emulator.httpsPort, agent: false }).on('error', done).on('close', done).end();
  });

  expect(lines).toEqual([expect.stringContaining('a plain http request reached the https port')]);
});

test('a client that does not trust the certificate fails, and others go on', async () => {
  await expect(send(emulator, { path: '/identities', ca: 'nothing' })).rejects.toThrow();
  expect((await send(emulator, { path: '/identities', ca })).status).toBe(201);
});

/** Node takes NODE_EXTRA_CA_CERTS at its start only, so the SDK runs in a process of its own. */
const sdkScript = `
  const { CommunicationIdentityClient } = require('@azure/communication-identity');
  const { connectionString, endpoint, token, appId, userId, teamsToken } = JSON.parse(process.env.EMULATOR);
  const through = async (client) => {
    const user = await client.createUser();
    const made = await client.createUserAndToken(['chat'], { tokenExpiresInMinutes: 60 });
    await client.getToken(user, ['voip']);
    await client.getTokenForTeamsUser({ teamsUserAadToken: teamsToken, clientId: appId, userObjectId: userId });
    await client.revokeTokens(user);
    await client.deleteUser(user);
    await client.deleteUser(made.user);
  };
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600000 }) };
  through(new CommunicationIdentityClient(connectionString))
    .then(() => through(new CommunicationIdentityClient(endpoint, credential)))
    .catch((error) => { console.error(error.message); process.exitCode = 1; });
`;

test('the SDK, unchanged, goes through all its methods with NODE_EXTRA_CA_CERTS, by key and by token', async () => {
  emulator.clearRequests();
  const appId = '9fc1d5f5-3b0a-4b0e-8d0e-111111111111';
  const userId = '9fc1d5f5-3b0a-4b0e-8d0e-222222222222';
  const settings = {
    connectionString: emulator.httpsConnectionString,
    endpoint: emulator.httpsEndpoint,
    token: entraToken(),
    appId,
    userId,
    teamsToken: emulator.createTeamsToken({ appId, userId }),
  };
  const child = spawn(process.execPath, ['-e', sdkScript], {
    cwd: projectRoot,
    env: {
      ...process.env,
      NO_PROXY: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: emulator.certificateFile,
      EMULATOR: JSON.stringify(settings),
    },
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const exitCode = await new Promise((done) => child.on('close', done));

  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  const once = [201, 201, 200, 200, 204, 204, 204];
  expect(emulator.requests().map(({ status }) => status)).toEqual([...once, ...once]);
  expect(emulator.users().length).toBeGreaterThan(0);
});
