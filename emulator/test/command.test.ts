// The built command, as `npm run emulator` starts it. The build is made once before all tests.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { COMMAND, endStarted, start } from './startedCommand';

const GUID = 'aaaaaaaa-0000-4000-8000-000000000001';
afterEach(endStarted);

const PARENT = `
const options = ['--port', '0', '--print', 'json', '--stop-with-stdin'];
require('node:child_process').spawn(process.execPath, [process.argv[1], ...options], { stdio: ['pipe', 'inherit', 'inherit'] });
`;

const clientFor = (connectionString: string) =>
  new CommunicationIdentityClient(connectionString, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });

test.each(['SIGTERM', 'SIGINT'] as const)(
  'prints a connection string that works, and stops cleanly on %s with a connection open',
  async (signal) => {
    const started = start(['--port', '0']);
    const text = await started.until(/Ctrl\+C/);
    const [connectionString = ''] = /endpoint=http:\S+/.exec(text) ?? [];
    const { communicationUserId } = await clientFor(connectionString).createUser();
    started.child.kill(signal);

    expect(communicationUserId).toMatch(/^8:acs:/);
    expect(await started.ended).toBe(0);
    expect(started.output().err).toBe('');
  },
);

test('prints one line of JSON, takes all options, and tells refusals on stderr', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'emulator-command-'));
  try {
    const resource = 'aaaaaaaa-0000-4000-8000-000000000001';
    const started = start(
      [
        ...['--port', '0', '--https-port', '0', '--access-key', 'b3RoZXIga2V5', '--resource', resource],
        ...['--certificates', 'certificates', '--revocation-delay', '5', '--print', 'json'],
        ...['--deleted-users', '401'],
      ],
      directory,
    );
    const text = await started.until(/\n/);
    const told = JSON.parse(text) as Record<string, string>;

    expect(text.trim().split('\n')).toHaveLength(1);
    expect(told).toEqual({
      connectionString: expect.stringMatching(
        /^endpoint=http:\/\/127\.0\.0\.1:\d+\/;accesskey=b3RoZXIga2V5$/,
      ) as string,
      httpsConnectionString: expect.stringMatching(
        /^endpoint=https:\/\/127\.0\.0\.1:\d+\/;accesskey=b3RoZXIga2V5$/,
      ) as string,
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) as string,
      httpsEndpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/$/) as string,
      certificateFile: join(directory, 'certificates', 'certificate.pem'),
      jwksUrl: `${told.endpoint}.well-known/jwks.json`,
      teamsTokensUrl: `${told.endpoint}emulator/teamsTokens`,
      faultsUrl: `${told.endpoint}emulator/faults`,
      requestsUrl: `${told.endpoint}emulator/requests`,
      usersUrl: `${told.endpoint}emulator/users`,
    });
    const { connectionString = '', faultsUrl = '', requestsUrl = '', usersUrl = '' } = told;
    const lists = await Promise.all([faultsUrl, requestsUrl, usersUrl].map((url) => fetch(url)));
    expect(await Promise.all(lists.map((list) => list.json()))).toEqual(Array(3).fill({ value: [] }));
    expect((await clientFor(connectionString).createUser()).communicationUserId).toContain(resource);
    const neverMade = { communicationUserId: `8:acs:${resource}_00000017-ceff-3baa-6763-563a0d007797` };
    await expect(clientFor(connectionString).deleteUser(neverMade)).rejects.toThrow('belong');
    await expect(clientFor(connectionString.replace('b3Ro', 'AAAA')).createUser()).rejects.toThrow();
    started.child.kill('SIGTERM');
    await started.ended;
    expect(started.output().err).toMatch(
      /^identity emulator: POST \/identities\S* returned 401 Denied: key: no usual mistake/m,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('without https, the line of JSON says nothing about it; --quiet tells no refusals', async () => {
  const started = start(['--port', '0', '--print', 'json', '--quiet']);
  const told = JSON.parse(await started.until(/\n/)) as Record<string, string>;
  await expect(
    clientFor(`${told.connectionString?.replace(/accesskey=.*/, 'accesskey=AAAA')}`).createUser(),
  ).rejects.toThrow();
  started.child.kill('SIGTERM');

  expect(Object.keys(told).filter((name) => /https|certificate/.test(name))).toEqual([]);
  expect(await started.ended).toBe(0);
  expect(started.output().err).toBe('');
});

test('serves several resources, each with its key, and makes Teams tokens', async () => {
  const [one, two] = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];
  const started = start([
    ...['--port', '0', '--print', 'json'],
    ...['--resource', one, '--access-key', 'b25l', '--resource', two, '--access-key', 'dHdv'],
  ]);
  const told = JSON.parse(await started.until(/\n/)) as {
    teamsTokensUrl: string;
    resources: { resourceId: string; connectionString: string }[];
  };
  const created = await Promise.all(
    told.resources.map(({ connectionString }) => clientFor(connectionString).createUser()),
  );
  const [client] = told.resources.map(({ connectionString }) => clientFor(connectionString));
  const teams = { appId: one, userId: two };
  const made = await fetch(told.teamsTokensUrl, { method: 'POST', body: JSON.stringify(teams) });
  const { token: teamsUserAadToken } = (await made.json()) as { token: string };

  expect(told.resources.map(({ resourceId }) => resourceId)).toEqual([one, two]);
  expect(created.map(({ communicationUserId }) => communicationUserId.slice(6, 42))).toEqual([one, two]);
  await expect(client?.deleteUser(created[1] ?? { communicationUserId: '' })).rejects.toThrow('belong');
  await expect(
    client?.getTokenForTeamsUser({ teamsUserAadToken, clientId: teams.appId, userObjectId: teams.userId }),
  ).resolves.toHaveProperty('token');
});

test.each([
  [['--port', 'x'], '--port is a whole number from 0 to 65535.'],
  [['--https-port', '70000'], '--https-port is a whole number from 0 to 65535.'],
  [['--port', '5000', '--https-port', '5000'], '--port and --https-port are the same.'],
  [['--access-key', 'no base64!'], '--access-key is not base64.'],
  [['--resource', 'mine'], '--resource is not a guid.'],
  [['--resource', GUID, '--resource', GUID], /There are 2 --resource and 0 --access-key/],
  [['--resource', GUID, '--access-key', 'c2Vj', '--access-key', 'c2Vj'], /1 --resource and 2 --access-key/],
  [
    ['--resource', GUID, '--access-key', 'c2Vj', '--resource', GUID, '--access-key', 'c2Vj'],
    /Two --access-key are the same/,
  ],
  [['--data', ''], '--data is empty.'],
  [['--host', ''], '--host is empty.'],
  [['--cors', 'localhost'], /^--cors: an origin is a scheme, a host and a port/],
  [['--certificate-name', 'a b'], '--certificate-name is neither a host name nor an address.'],
  [['--print', 'xml'], '--print is text or json.'],
  [['--revocation-delay', '-1'], /revocation-delay/],
  [['--deleted-users', '404'], '--deleted-users is 204 or 401.'],
  [['--unknown'], /--unknown/],
  [
    ['--cors', 'http://localhost:3000/'],
    '--cors: an origin has no path and no slash at its end: write http://localhost:3000.',
  ],
  [['c2VjcmV0'], /^Argument 1 belongs to no option\. Each value follows its option/],
  [['--port', '0', '--quiet', 'c2VjcmV0'], /^Argument 4, after --quiet, belongs to no option\./],
  [['--access-key=b25l', 'c2VjcmV0'], /^Argument 2, after --access-key, belongs to no option\./],
])('the options %j are refused with exit code 2', async (args, message) => {
  const started = start(args);
  const exitCode = await started.ended;
  const { err, out } = started.output();

  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err.split('\n')[0]).toMatch(message);
  expect(err).toContain('--https-port N');
  expect(err).not.toMatch(/c2Vj|b25l|no base64!/);
});

test('--version prints the version of the package', async () => {
  const started = start(['--version']);
  const { version } = JSON.parse(readFileSync(resolve(__dirname, '../package.json'), 'utf8')) as { version: string };

  expect(await started.ended).toBe(0);
  expect(started.output()).toEqual({ out: `${version}\n`, err: '' });
});

test('--stop-with-stdin stops cleanly when stdin is closed, and SIGTERM stops it too', async () => {
  const [closed, killed] = [0, 1].map(() => start(['--port', '0', '--stop-with-stdin']));
  await Promise.all([closed?.until(/Ctrl/), killed?.until(/Ctrl/)]);
  closed?.child.stdin.end();
  killed?.child.kill('SIGTERM');

  expect(await Promise.all([closed?.ended, killed?.ended])).toEqual([0, 0]);
  expect(closed?.output().err).toBe('');
});

test('--stop-with-stdin stops when the parent process was killed', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT, COMMAND], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((done) => parent.stdout.once('close', done));
  const { endpoint } = JSON.parse(
    await new Promise<string>((done) => parent.stdout.once('data', (data: Buffer) => done(data.toString()))),
  ) as { endpoint: string };
  expect((await fetch(`${endpoint}.well-known/jwks.json`)).status).toBe(200);
  parent.kill('SIGKILL');

  // the emulator holds the same pipe
  await closed;
  await expect(fetch(endpoint)).rejects.toThrow();
});

test('--help says what there is', async () => {
  const started = start(['--help']);

  expect(await started.ended).toBe(0);
  expect(started.output().out).toContain('--revocation-delay SECONDS');
});

test.each(['--port', '--https-port'])('a taken port is told with its option %s, and exit code 1', async (option) => {
  const occupant = createServer();
  await new Promise<void>((done) => occupant.listen(0, '127.0.0.1', done));
  const { port } = occupant.address() as { port: number };
  try {
    const started = start([...(option === '--port' ? [] : ['--port', '0']), option, String(port)]);

    expect(await started.ended).toBe(1);
    expect(started.output().err).toBe(
      `Port ${port} is taken by another process. Stop that process, or choose another port: ${option} N (0 = any free one).\n`,
    );
  } finally {
    await new Promise((done) => occupant.close(done));
  }
});
