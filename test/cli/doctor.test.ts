import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { createIdentityEmulator, DEFAULT_ACCESS_KEY, type IdentityEmulator } from '../../emulator/src';
import { acsIdentity, written, type Ended } from './command';
import { fixedPort } from '../fixedPort';

const OTHER_KEY = Buffer.from('a key of another resource, or an old one').toString('base64');
const ENTRA_TOKEN = entraToken();

let emulator: IdentityEmulator;
let directory: string;
const servers: Server[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'acs-identity-doctor-'));
  emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: directory });
});
afterAll(async () => {
  await emulator.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(directory, { recursive: true });
});
beforeEach(() => emulator.clearFaults());

function entraToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: 'https://communication.azure.com', iat: now, nbf: now, exp: now + 3600, oid: 'x', iss: 'x' };
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** What gives an app in Azure its managed identity's tokens. */
async function identityOf(status: number): Promise<Record<string, string>> {
  const body = {
    access_token: ENTRA_TOKEN,
    expires_on: String(Math.floor(Date.now() / 1000) + 3600),
    token_type: 'Bearer',
  };
  const port = await listen(
    createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(status === 200 ? body : { error: 'invalid_request', error_description: 'no identity' }),
      );
    }),
  );
  return { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: 'x', PATH: '' };
}

/** A TLS server that shows a certificate for `name`, valid until `notAfter`; with the variables that make Node trust it. */
async function tlsServer(name: string, notAfter: Date): Promise<{ port: number; trust: Record<string, string> }> {
  const pems = await generate([{ name: 'commonName', value: name }], {
    notBeforeDate: new Date(Date.now() - 86_400_000 * 9),
    notAfterDate: notAfter,
    extensions: [
      { name: 'subjectAltName', altNames: name === '127.0.0.1' ? [{ type: 7, ip: name }] : [{ type: 2, value: name }] },
    ],
  });
  const file = join(directory, `${name}.pem`);
  writeFileSync(file, pems.cert);
  const port = await listen(createTlsServer({ key: pems.private, cert: pems.cert }));
  return { port, trust: { NODE_EXTRA_CA_CERTS: file } };
}

const withKey = (endpoint: string, key = DEFAULT_ACCESS_KEY, variables: Record<string, string> = {}) =>
  acsIdentity(['doctor', '--connection-string-env', 'ACS_TEST'], {
    ACS_TEST: `endpoint=${endpoint};accesskey=${key}`,
    ...variables,
  });
const withEntra = (variables: Record<string, string>) =>
  acsIdentity(['doctor', '--endpoint', emulator.httpsEndpoint ?? ''], {
    NODE_EXTRA_CA_CERTS: emulator.certificateFile ?? '',
    ...variables,
  });
const answering = (status: number, body?: object, headers: Record<string, string> = {}) => {
  emulator.addFault({ operation: 'revokeAccessTokens', status, headers, ...(body ? { body } : {}) });
  return withKey(emulator.endpoint);
};
const tomorrow = () => new Date(Date.now() + 86_400_000);

/** Each problem: its code, the check that finds it, and how it is caused here. */
const problems: [code: string, check: string, make: () => Promise<Ended>][] = [
  ['VariableMissing', 'settings', () => acsIdentity(['doctor', '--connection-string-env', 'ACS_NONE'])],
  ['SettingsMalformed', 'settings', () => withKey(emulator.endpoint, 'not base64!')],
  ['HostNotFound', 'host', () => withKey('https://no-such-resource.invalid')],
  ['ConnectionRefused', 'connect', async () => withKey(`http://127.0.0.1:${await fixedPort()}`)],
  ['CertificateUntrusted', 'tls', () => withKey(emulator.httpsEndpoint ?? '')],
  [
    'CertificateOfAnotherHost',
    'tls',
    async () => {
      const { port, trust } = await tlsServer('other.communication.azure.com', tomorrow());
      return withKey(`https://127.0.0.1:${port}`, DEFAULT_ACCESS_KEY, trust);
    },
  ],
  [
    'CertificateExpired',
    'tls',
    async () => {
      const { port, trust } = await tlsServer('127.0.0.1', new Date(Date.now() - 86_400_000));
      return withKey(`https://127.0.0.1:${port}`, DEFAULT_ACCESS_KEY, trust);
    },
  ],
  ['NoTls', 'tls', () => withKey(emulator.endpoint.replace('http:', 'https:'))],
  [
    'ClockWrong',
    'clock',
    async () => {
      const ahead = await createIdentityEmulator({ now: () => Date.now() + 20 * 60_000 });
      try {
        return await withKey(ahead.endpoint);
      } finally {
        await ahead.close();
      }
    },
  ],
  ['KeyRefused', 'credentials', () => withKey(emulator.endpoint, OTHER_KEY)],
  ['NoEntraToken', 'credentials', async () => withEntra(await identityOf(400))],
  [
    'RoleMissing',
    'credentials',
    async () => {
      emulator.addFault({
        status: 401,
        body: { error: { code: 'Denied', message: 'Denied by the resource provider.' } },
      });
      return withEntra(await identityOf(200));
    },
  ],
  [
    'ApiVersionNotServed',
    'api-version',
    () => answering(400, { error: { code: 'UnsupportedApiVersion', message: 'no' } }),
  ],
  ['Throttled', 'credentials', () => answering(429, undefined, { 'retry-after': '30' })],
  ['ServiceFailed', 'credentials', () => answering(500)],
  [
    'NotAcs',
    'credentials',
    async () =>
      withKey(
        `http://127.0.0.1:${await listen(createServer((_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')))}`,
      ),
  ],
  [
    'NoAnswer',
    'credentials',
    () => {
      emulator.addFault({ operation: 'revokeAccessTokens', delayMs: 12_000 });
      return withKey(emulator.endpoint);
    },
  ],
];

const advices = new Map<string, string>();

test.each(problems)('%s is found at %s, with advice of its own', async (code, check, make) => {
  const { exitCode, out, err } = await make();
  expect({ exitCode, err }).toEqual({ exitCode: 1, err: '' });
  const [first = ''] = out.split('\n').filter((line) => line.startsWith('✗'));
  // a machine without any DNS can't tell
  const name = code === 'HostNotFound' ? '(?:HostNotFound|DnsUnavailable)' : code;
  expect(first).toMatch(new RegExp(`^✗ ${check} +${name}: .+`));
  const advice = /^What to do: (.+)$/m.exec(out)?.[1] ?? '';
  expect(advice.length).toBeGreaterThan(40);
  expect([...advices.values()]).not.toContain(advice);
  advices.set(code, advice);
  // what rests on it is not guessed at: no word of a check that came after
  expect(out).not.toContain('The connection works');
});

test('a connection that works is shown step by step, with a key and with Entra ID, over http and https', async () => {
  const trusted = { NODE_EXTRA_CA_CERTS: emulator.certificateFile ?? '' };
  const results = [
    await withKey(emulator.endpoint),
    await withKey(emulator.httpsEndpoint ?? '', DEFAULT_ACCESS_KEY, trusted),
    await withEntra(await identityOf(200)),
  ];
  for (const { exitCode, out } of results) {
    expect(out).toContain('The connection works.');
    expect(exitCode).toBe(0);
  }
  expect(results[1]?.out).toMatch(
    /^✓ settings .*\n✓ host .*\n✓ connect .*\n✓ tls +TLSv1.3, .*\n✓ clock .*\n✓ credentials +the access key is accepted\n✓ api-version +served \(ACS serves .*2023-10-01/m,
  );
  expect(results[2]?.out).toContain('the Entra ID token is accepted');
  expect(emulator.users()).toEqual([]);
});

test('as JSON it has every check, in order, and the code of the problem', async () => {
  const { exitCode, out } = await acsIdentity(['doctor', '--connection-string-env', 'ACS_TEST', '--output', 'json'], {
    ACS_TEST: `endpoint=${emulator.endpoint};accesskey=${OTHER_KEY}`,
  });
  expect(exitCode).toBe(1);
  const { healthy, findings } = JSON.parse(out) as { healthy: boolean; findings: { check: string; code?: string }[] };
  expect(healthy).toBe(false);
  expect(findings.map(({ check }) => check)).toEqual([
    ...['settings', 'host', 'connect', 'tls', 'clock', 'credentials', 'api-version'],
  ]);
  expect(findings[5]?.code).toBe('KeyRefused');
});

test('a proxy on the way is named, without its password', async () => {
  const proxy = { HTTPS_PROXY: 'http://name:pa55word@127.0.0.1:9' };
  const { exitCode, out } = await withKey('https://name.communication.azure.com', DEFAULT_ACCESS_KEY, proxy);
  expect(exitCode).toBe(1);
  expect(out).toContain('calls go through the proxy 127.0.0.1:9');
  expect(out).not.toContain('pa55word');
});

test('no place to look at is a mistake of the command line', async () => {
  const { exitCode, err } = await acsIdentity(['doctor']);
  expect(exitCode).toBe(2);
  expect(err).toContain('--connection-string-env NAME or --endpoint URL');
});

test('nothing that was written holds a key or a token', () => {
  expect(written.length).toBeGreaterThan(30);
  const secrets = [DEFAULT_ACCESS_KEY, OTHER_KEY, ENTRA_TOKEN, 'not base64!'];
  expect(written.filter((text) => secrets.some((secret) => text.includes(secret)))).toEqual([]);
});
