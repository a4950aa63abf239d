import { createIdentityEmulator, DEFAULT_ACCESS_KEY, type IdentityEmulator } from '../../emulator/src';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { acsIdentity, written } from './command';

let emulator: IdentityEmulator;
let app: AppUnderTest;
const tokens: string[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString });
});
afterAll(async () => {
  await app.stop();
  await emulator.close();
});
beforeEach(() => emulator.clearFaults());

const USER_ID = /8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}/;
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    acsScope: unknown;
    exp: number;
    iat: number;
  };

describe.each([
  ['on a connection string', () => ['--connection-string-env', 'ACS_TEST']],
  ['through an app', () => ['--app', `http://127.0.0.1:${app.host.port}`]],
])('%s', (_name, place) => {
  const command = (...args: string[]) => acsIdentity([...args, ...place()], { ACS_TEST: emulator.connectionString });

  test('a user is created, gets a token, loses all tokens and is deleted', async () => {
    const created = await command('user', 'create', '--output', 'id');
    expect(created).toMatchObject({ exitCode: 0, err: '' });
    const id = created.out.trim();
    expect(emulator.users().map((user) => user.id)).toEqual([id]);

    const issued = await command(
      'token',
      'issue',
      id,
      '--scopes',
      'voip,chat',
      '--expires-in-minutes',
      '61',
      '--output',
      'token',
    );
    expect(issued.exitCode).toBe(0);
    const token = issued.out.trim();
    tokens.push(token);
    const { acsScope, exp, iat } = claimsOf(token);
    expect(acsScope).toBe('voip,chat');
    expect(exp - iat).toBe(61 * 60);

    const revoked = await command('token', 'revoke', id);
    expect(revoked).toEqual({ exitCode: 0, out: `Revoked all tokens of ${id}.\n`, err: '' });
    expect(emulator.users()[0]?.tokensValidFrom).toBeGreaterThan(0);

    const deleted = await command('user', 'delete', id);
    expect(deleted).toEqual({ exitCode: 0, out: `Deleted ${id}.\n`, err: '' });
    expect(emulator.users()).toEqual([]);
  });

  test('text tells about a token without the token; json is the answer with it', async () => {
    const text = await command('user', 'create', '--scopes', 'chat');
    const id = USER_ID.exec(text.out)?.[0] ?? '';
    expect(text.out).toMatch(
      /^Created 8:acs:\S+\n {2}scopes {3}chat\n {2}expires {2}20\S+Z\n {2}sha256 {3}[0-9a-f]{12} /,
    );
    const issued = await command('token', 'issue', id, '--output', 'json');
    const body = JSON.parse(issued.out) as { token: string; expiresOn: string };
    tokens.push(body.token);
    expect(Object.keys(body)).toEqual(['token', 'expiresOn']);
    const about = await command('token', 'issue', id);
    expect(about.out).toMatch(/^Issued a token to 8:acs:/);
    expect(about.out).not.toMatch(/eyJ/);
    await command('user', 'delete', id);
  });

  test('a user of another resource is an error that says so', async () => {
    const id = '8:acs:bbbbbbbb-0000-4000-8000-000000000002_00000017-ceff-3baa-6763-563a0d007797';
    const { exitCode, err } = await command('user', 'delete', id);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^UserNotFound: The user does not belong to the ACS resource/);
  });
});

test.each([
  ['a malformed id', ['user', 'delete', '8:acs:nobody'], /is not an ACS user id/],
  ['no id', ['token', 'issue'], /missing required argument 'id'/],
  [
    'a lifetime without a token',
    ['user', 'create', '--expires-in-minutes', '60', '--app', 'http://127.0.0.1:9'],
    /name its --scopes too/,
  ],
  [
    'a key without an app',
    ['user', 'create', '--connection-string-env', 'ACS_TEST', '--key-env', 'X'],
    /go with --app/,
  ],
])('%s is refused before anything is called', async (_name, args, expected) => {
  const { exitCode, err } = await acsIdentity(args, { ACS_TEST: emulator.connectionString });
  expect(exitCode).toBe(2);
  expect(err).toMatch(expected);
});

test('Ctrl+C while a user is made waits for its id', async () => {
  emulator.addFault({ operation: 'createIdentity', delayMs: 2_000 });
  emulator.clearRequests();
  const ended = acsIdentity(['user', 'create', '--connection-string-env', 'ACS_TEST'], {
    ACS_TEST: emulator.connectionString,
  });
  while (emulator.requests().length === 0) await new Promise((done) => setTimeout(done, 20));
  process.kill(ended.pid, 'SIGINT');
  const { exitCode, out, err } = await ended;
  expect(err).toContain("so that the user's id is not lost");
  expect(USER_ID.exec(out)?.[0]).toBe(emulator.users()[0]?.id);
  expect(exitCode).toBe(130);
});

test('no key was written, and tokens only where they were asked for', () => {
  expect(written.length).toBeGreaterThan(20);
  expect(written.filter((text) => text.includes(DEFAULT_ACCESS_KEY))).toEqual([]);
  expect(tokens).toHaveLength(4);
  // --output token twice, --output json twice
  expect(written.filter((text) => /eyJ[\w-]{6,}\./.test(text))).toHaveLength(4);
});
