import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentityEmulator, DEFAULT_ACCESS_KEY, type IdentityEmulator } from '../../emulator/src';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { FOUR_NAMES, requestsOf, stepsOf } from '../fourSteps';
import { acsIdentity, COMMAND, environmentWith, written } from './command';
import { fixedPort } from '../fixedPort';

const onPosix = process.platform === 'win32' ? test.skip : test;
let emulator: IdentityEmulator;
let app: AppUnderTest;
let directory: string;
/** Test cases of a run in JUnit's form. */
const tests = identityLifecycle.steps.length;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'acs-identity-run-'));
  emulator = await createIdentityEmulator();
  app = await startApp({
    AcsIdentity: emulator.connectionString,
    Second: emulator.connectionString,
    IDENTITY_CONNECTIONS: 'AcsIdentity,Second',
  });
});
afterAll(async () => {
  await app.stop();
  await emulator.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  emulator.clearFaults();
  emulator.clearRequests();
});
afterEach(() => {
  expect(emulator.users()).toEqual([]);
});

const onConnection = (...args: string[]) =>
  acsIdentity(['run', '--connection-string-env', 'ACS_TEST', ...args], { ACS_TEST: emulator.connectionString });
const operations = (requests = emulator.requests()) =>
  requests.map(({ operation, status }) => `${operation} ${status}`);

interface RunDocument {
  status: string;
  trigger: { kind: string };
  target: string;
  connection: string;
  cleanup: string;
  actions: {
    name: string;
    status: string;
    inputs?: unknown;
    outputs?: unknown;
    checks?: { name: string; status: string }[];
    correlation: { spanId?: string };
  }[];
}

test('calls to this machine go past a proxy', async () => {
  const proxy = `http://127.0.0.1:${await fixedPort()}`;
  const variables = { HTTP_PROXY: proxy, http_proxy: proxy, no_proxy: 'example.com' };
  expect(await acsIdentity(['run', '--emulator'], variables)).toMatchObject({ exitCode: 0, err: '' });
});

test('with an emulator of its own it passes, offline, and shows each step as plain lines', async () => {
  const { exitCode, out, err } = await acsIdentity(['run', '--emulator']);
  expect(err).toBe('');
  expect(exitCode).toBe(0);
  const steps = out.split('\n').filter((line) => FOUR_NAMES.includes(/^ {2}\S (\S+)/.exec(line)?.[1] ?? ''));
  const width = Math.max(...identityLifecycle.steps.map(({ name }) => name.length));
  expect(steps.map((line) => line.replace(/ +[\d.]+ m?s$/, ''))).toEqual([
    `  ✓ ${'Create_a_user'.padEnd(width)}   Succeeded   Created`,
    `  ✓ ${'Issue_a_user_access_token'.padEnd(width)}   Succeeded   OK`,
    `  ✓ ${'Revoke_user_access_tokens'.padEnd(width)}   Succeeded   NoContent`,
    `  ✓ ${'Delete_a_user'.padEnd(width)}   Succeeded   NoContent`,
  ]);
  expect(out).not.toContain('\u001b');
  expect(out).toMatch(/^Run \d{29}CU00 {2}Succeeded in /m);
});

test('on a connection string it makes four calls, with the scopes and lifetime that were asked for', async () => {
  const { exitCode, out, err } = await onConnection(
    ...['--scopes', 'chat,voip', '--scopes', 'voip.join', '--create-scopes', 'voip', '--expires-in-minutes', '90'],
    ...['--output', 'json'],
  );
  expect(exitCode).toBe(0);
  const run = JSON.parse(out) as RunDocument;
  expect(operations(requestsOf(run, emulator.requests()))).toEqual([
    'createIdentity 201',
    'issueAccessToken 200',
    'revokeAccessTokens 204',
    'deleteIdentity 204',
  ]);
  expect(run).toMatchObject({
    status: 'Succeeded',
    trigger: { name: 'Manual', kind: 'Cli' },
    connection: 'ACS_TEST',
    target: 'connection',
    cleanup: 'Clean',
  });
  expect(stepsOf(run)[0]?.inputs).toMatchObject({ createTokenWithScopes: ['voip'], expiresInMinutes: 90 });
  expect(stepsOf(run)[1]?.outputs).toMatchObject({ token: { redacted: true, scopes: ['chat', 'voip', 'voip.join'] } });
  // the steps are told beside the document
  expect(err).toContain('Delete_a_user');
});

test('through the function URLs of an app it drives the action functions, on the connection named', async () => {
  const url = `http://127.0.0.1:${app.host.port}`;
  const { exitCode, out, err } = await acsIdentity([
    'run',
    '--app',
    `${url}/`,
    '--connection',
    'Second',
    '--output',
    'json',
  ]);
  expect(err).toContain(`the function app at 127.0.0.1:${app.host.port}`);
  expect(exitCode).toBe(0);
  const run = JSON.parse(out) as RunDocument;
  expect(run).toMatchObject({ status: 'Succeeded', target: 'functions', connection: 'Second' });
  expect(operations(requestsOf(run, emulator.requests()))).toEqual([
    'createIdentity 201',
    'issueAccessToken 200',
    'revokeAccessTokens 204',
    'deleteIdentity 204',
  ]);
});

test('a run on an app tells where it is not recorded, and prints the command that deletes a user that it had to leave', async () => {
  const body = { error: { code: 'Denied', message: 'no' } };
  emulator.addFault({ operation: 'deleteIdentity', status: 403, body, count: 20 });
  const place = ['--app', `http://127.0.0.1:${app.host.port}`, '--connection', 'Second'];
  const { exitCode, out } = await acsIdentity(['run', ...place]);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/The run is not in the app's run history;\n.*acs-identity runs start\./);
  const [left] = emulator.users();
  const [, printed = ''] = /To delete it: acs-identity (.+)/.exec(out) ?? [];
  expect(printed).toBe(['user', 'delete', left?.id, ...place].join(' '));
  emulator.clearFaults();
  expect(await acsIdentity(printed.split(' '))).toMatchObject({ exitCode: 0, out: `Deleted ${left?.id}.\n` });
});

test('a run that fails ends with 1, says why, deletes its user, and tells JUnit', async () => {
  emulator.addFault({ operation: 'issueAccessToken', status: 403, body: { error: { code: 'Denied', message: 'no' } } });
  const file = join(directory, 'failed.xml');
  const { exitCode, out } = await onConnection('--output', 'junit', '--output-file', file);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/✗ Issue_a_user_access_token +Failed {6}Forbidden/);
  expect(out).toContain('Check whether the access key in environment variable ACS_TEST is a current one');
  const xml = readFileSync(file, 'utf8');
  expect(xml).toMatch(new RegExp(`<testsuites tests="${tests}" failures="1" errors="0" skipped="\\d">`));
  expect(xml).toMatch(
    new RegExp(
      `<testsuite name="identity-lifecycle" timestamp="20\\d\\d-[^"]+" time="[\\d.]+" tests="${tests}" failures="1"`,
    ),
  );
  expect(xml).toMatch(/<testcase classname="acs-identity.identity-lifecycle" name="Create_a_user" time="[\d.]+">/);
  expect(xml).toMatch(
    /name="Issue_a_user_access_token" time="[\d.]+">\s*<failure message="ConnectionDenied: [^"]+" type="ConnectionDenied"/,
  );
  expect(xml).toMatch(/name="Revoke_user_access_tokens"[^>]*>\s*<skipped\/>/);
});

test('JUnit of a good run goes to stdout alone when no file is named', async () => {
  const { exitCode, out, err } = await onConnection('--output', 'junit');
  expect(exitCode).toBe(0);
  expect(out).toMatch(
    new RegExp(
      `^<\\?xml version="1.0" encoding="UTF-8"\\?>\\s*<testsuites tests="${tests}" failures="0" errors="0" skipped="0">`,
    ),
  );
  expect(out.trim()).toMatch(/<\/testsuites>$/);
  expect(err).toContain('Succeeded in');
});

test('deeper checks are shown under their steps', async () => {
  const { exitCode, out } = await onConnection('--checks', 'tokenAccepted,anonymousRefused');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/✓ Issue_a_user_access_token [^✓]*^ {6}tokenAccepted +Passed$/m);
  expect(out).toMatch(/^ {6}anonymousRefused +NotApplicable {2}the run calls no function URLs/m);
});

test('deeper checks are made when they are asked for', async () => {
  const { exitCode, out } = await onConnection(
    ...['--checks', 'tokenAccepted,revokedTokenRefused', '--checks', 'deletedUserRefused', '--output', 'json'],
  );
  expect(exitCode).toBe(0);
  const checks = (JSON.parse(out) as RunDocument).actions.flatMap((action) => action.checks ?? []);
  expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'tokenAccepted Passed',
    'revokedTokenRefused Passed',
    'deletedUserRefused Passed',
  ]);
});

test('the time for all steps is bounded, and the user is deleted all the same', async () => {
  emulator.addFault({ operation: 'issueAccessToken', delayMs: 8_000 });
  const started = Date.now();
  const { exitCode, out } = await onConnection('--timeout', '1');
  expect(exitCode).toBe(1);
  expect(out).toMatch(/TimedOut/);
  expect(Date.now() - started).toBeLessThan(7_000);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s deletes the user of the run, and ends with %d', async (signal, code) => {
  emulator.addFault({ operation: 'issueAccessToken', delayMs: 20_000 });
  let sent = false;
  const { exitCode, out } = await acsIdentity(
    ['run', '--connection-string-env', 'ACS_TEST'],
    { ACS_TEST: emulator.connectionString },
    (text, kill) => {
      if (sent || !text.includes('Create_a_user')) return;
      sent = true;
      kill(signal);
    },
  );
  expect(out).toContain('Interrupted: deleting the user');
  expect(out).toMatch(/Aborted in/);
  expect(exitCode).toBe(code);
});

onPosix(
  'killed together with npm, whose shell does not pass the signal on, it deletes the user of the run',
  async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 20_000 });
    const args = [COMMAND, 'run', '--connection-string-env', 'ACS_TEST'];
    const shell = spawn(
      process.execPath,
      ['-e', `require('child_process').spawn(process.execPath, ${JSON.stringify(args)}, { stdio: 'inherit' })`],
      {
        env: environmentWith({ ACS_TEST: emulator.connectionString, npm_lifecycle_event: 'npx' }),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let out = '';
    shell.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      if (out.includes('Create_a_user')) shell.kill('SIGTERM');
    });
    // its output ends when the command has ended
    await once(shell.stdout, 'close');
    expect(out).toContain('Interrupted: deleting the user');
    expect(out).toMatch(/Aborted in/);
  },
);

test('interrupted while ACS makes the user, it waits for the id and deletes that user', async () => {
  emulator.addFault({ operation: 'createIdentity', delayMs: 2_500 });
  const { exitCode } = await acsIdentity(
    ['run', '--connection-string-env', 'ACS_TEST'],
    { ACS_TEST: emulator.connectionString },
    (text, kill) => {
      if (emulator.requests().length > 0 || !/Running/.test(text)) return;
      const waiting = setInterval(() => {
        if (emulator.requests().length === 0) return;
        clearInterval(waiting);
        kill('SIGINT');
      }, 20);
    },
  );
  expect(exitCode).toBe(130);
  expect(operations()).toContain('deleteIdentity 204');
});

describe('what can not run ends with 2 and says what to do', () => {
  const cases: [name: string, args: string[], expected: RegExp][] = [
    ['no place', ['run'], /No target is named/],
    ['two places', ['run', '--emulator', '--app', 'https://a.example'], /--emulator and --app exclude each other/],
    ['an unknown option', ['run', '--emulator', '--scope', 'chat'], /unknown option '--scope'.*\n?.*--scopes/],
    ['an unknown scope', ['run', '--emulator', '--scopes', 'sms'], /'sms' is not a scope. There are: chat, voip/],
    [
      'a lifetime out of range',
      ['run', '--emulator', '--expires-in-minutes', '30'],
      /whole number of minutes from 60 to 1440/,
    ],
    ['an unset variable', ['run', '--connection-string-env', 'ACS_NONE'], /Environment variable ACS_NONE is not set/],
    [
      'a secret where a name belongs',
      ['run', '--connection-string-env', `endpoint=https://x/;accesskey=${DEFAULT_ACCESS_KEY}`],
      /take the name of an environment variable/,
    ],
    [
      'a broken connection string',
      ['run', '--connection-string-env', 'ACS_BROKEN'],
      /^Environment variable ACS_BROKEN is not an ACS connection string/,
    ],
    ['an endpoint without https', ['run', '--endpoint', 'http://name.communication.azure.com'], /--endpoint/],
    ['an app without https', ['run', '--app', 'http://name.azurewebsites.net'], /must begin with https/],
    [
      'a key in a URL',
      ['run', '--app', 'https://name.azurewebsites.net?code=abcdefgh'],
      /keys never belong into a URL/,
    ],
    ['an app without a key', ['run', '--app', 'https://name.azurewebsites.net'], /ACS_IDENTITY_APP_KEY is not set/],
    [
      'a file that can not be written',
      ['run', '--emulator', '--output', 'json', '--output-file', '/no/such/dir/x'],
      /can't be written \(ENOENT\)/,
    ],
    ['a file for text', ['run', '--emulator', '--output-file', 'x'], /--output-file goes with/],
    ['an unknown command', ['runs', 'delete'], /unknown command 'delete'/],
  ];
  test.each(cases)('%s', async (_name, args, expected) => {
    const { exitCode, out, err } = await acsIdentity(args, { ACS_BROKEN: `endpoint=;accesskey=${DEFAULT_ACCESS_KEY}` });
    expect(exitCode).toBe(2);
    expect(err).toMatch(expected);
    expect(out + err).not.toContain(DEFAULT_ACCESS_KEY);
  });

  test('and JUnit has the reason, so that a pipeline shows it', async () => {
    const file = join(directory, 'setup.xml');
    const { exitCode } = await acsIdentity([
      ...['run', '--connection-string-env', 'ACS_NONE', '--output', 'junit', '--output-file', file],
    ]);
    expect(exitCode).toBe(2);
    expect(readFileSync(file, 'utf8')).toMatch(/errors="1"[\s\S]*Environment variable ACS_NONE is not set/);
  });
});

test('an app that is not there is a failed run that says so', async () => {
  const { exitCode, out } = await acsIdentity(['run', '--app', `http://127.0.0.1:${await fixedPort()}`]);
  expect(exitCode).toBe(1);
  expect(out).toContain("The function app can't be reached at its URL (ECONNREFUSED)");
});

test('nothing that was written holds the key or a token', () => {
  expect(written.length).toBeGreaterThan(30);
  expect(written.filter((text) => text.includes(DEFAULT_ACCESS_KEY) || /eyJ[\w-]{6,}\./.test(text))).toEqual([]);
});
