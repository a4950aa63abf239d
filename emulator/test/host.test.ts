import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { createIdentityEmulator, type IdentityEmulator, type IdentityEmulatorOptions } from '../src';
import { send } from './sentCall';
import { endStarted, start } from './startedCommand';

let emulator: IdentityEmulator | undefined;
const listen = async (options: IdentityEmulatorOptions) => (emulator = await createIdentityEmulator(options));

afterEach(async () => {
  endStarted();
  await emulator?.close();
  emulator = undefined;
});

/** An address of this machine that is no loopback. */
const otherAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
if (otherAddress === undefined) console.log('skipped: this machine has no address but its loopback');
const withOtherAddress = otherAddress === undefined ? test.skip : test;
const hasIpv6 = networkInterfaces().lo?.some(({ address }) => address === '::1') ?? false;

withOtherAddress(
  'on all addresses, calls from elsewhere are served, those of its own too, but not to pages',
  async () => {
    const { port, endpoint, connectionString } = await listen({ host: '0.0.0.0' });
    const own = `http://${otherAddress}:${port}/emulator`;

    expect(endpoint).toBe(`http://127.0.0.1:${port}/`);
    expect(connectionString).toContain(`endpoint=${endpoint};`);
    expect((await fetch(`${own}/teamsTokens`, { method: 'POST' })).status).toBe(201);
    expect((await fetch(`${own}/requests`)).status).toBe(200);
    const page = await fetch(`${own}/faults`, { method: 'POST', body: '{}', headers: { Origin: 'https://a.example' } });
    expect(page.status).toBe(403);
  },
);

test('on all addresses, it is served under the name that a container gives it', async () => {
  const it = await listen({ host: '0.0.0.0' });
  const signed = await send(it, { path: '/identities', host: 'acs:8090' });
  const own = await send(it, { path: '/emulator/teamsTokens', host: 'acs:8090', sign: false });

  expect([signed.status, own.status]).toEqual([201, 201]);
});

withOtherAddress('without a host, it is reached by this machine alone', async () => {
  const { port } = await listen({});

  await expect(fetch(`http://${otherAddress}:${port}/.well-known/jwks.json`)).rejects.toThrow();
});

(hasIpv6 ? test : test.skip).each(['::1', '::'])('on %s it names an address of IPv6', async (host) => {
  const { endpoint, port, teamsTokensUrl } = await listen({ host });

  expect(endpoint).toBe(`http://[::1]:${port}/`);
  expect((await fetch(teamsTokensUrl, { method: 'POST' })).status).toBe(201);
});

test('the certificate is also for the names that clients use', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'emulator-names-'));
  const options = { httpsPort: 0, certificateDirectory: directory };
  const certificate = async () => new X509Certificate(await readFile(emulator?.certificateFile ?? ''));
  try {
    await listen({ ...options, certificateNames: ['acs', '192.0.2.7'] });
    const first = await certificate();
    expect(first.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, DNS:acs, IP Address:192.0.2.7');
    await emulator?.close();

    await listen({ ...options, certificateNames: ['acs'] });
    expect((await certificate()).fingerprint256).toBe(first.fingerprint256);
    await emulator?.close();

    await listen({ ...options, certificateNames: ['other'] });
    expect((await certificate()).checkHost('other')).toBe('other');
  } finally {
    await emulator?.close();
    await rm(directory, { recursive: true });
  }
});

test.each(['a b', 'https://acs', ''])('the certificate name %j is refused', async (name) => {
  await expect(listen({ httpsPort: 0, certificateNames: [name] })).rejects.toThrow('certificateNames');
});

describe('the command', () => {
  test('warns on stderr, also when it is quiet, and prints nothing on stdout but its line of JSON', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'emulator-host-'));
    const started = start(
      [
        ...['--host', '0.0.0.0', '--port', '0', '--https-port', '0', '--certificate-name', 'acs'],
        ...['--cors', 'http://localhost:3000', '--print', 'json', '--quiet'],
      ],
      directory,
    );
    const { connectionString } = JSON.parse(await started.until(/\n/)) as { connectionString: string };
    const [, port] = /127\.0\.0\.1:(\d+)\//.exec(connectionString) ?? [];
    await fetch(`http://127.0.0.1:${port}/nothing`);
    started.child.kill('SIGTERM');
    await started.ended;
    const { out, err } = started.output();
    await rm(directory, { recursive: true });

    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toBe(
      'Warning: with --host 0.0.0.0, everyone who can reach the port can issue tokens and change the responses.\n',
    );
  });

  test('warns that the certificate is not for the names that other machines use', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'emulator-host-'));
    const started = start(['--host', '0.0.0.0', '--port', '0', '--https-port', '0'], directory);
    await started.until(/Ctrl/);
    started.child.kill('SIGTERM');
    await started.ended;
    await rm(directory, { recursive: true });

    expect(started.output().err.trimEnd().split('\n')[1]).toBe(
      'Warning: the https certificate is for localhost, 127.0.0.1 only. If clients use another name or address, add --certificate-name NAME.',
    );
  });

  test('warns of nothing on a loopback address', async () => {
    const started = start(['--host', 'localhost', '--port', '0']);
    await started.until(/http:\/\/localhost:\d+\//);
    started.child.kill('SIGTERM');
    await started.ended;

    expect(started.output().err).toBe('');
  });

  test.each([
    ['192.0.2.1', 'The address 192.0.2.1 is not one of this machine. Choose another one: --host ADDRESS.\n'],
    ['no.such.invalid', 'The address no.such.invalid is not known. Choose another one: --host ADDRESS.\n'],
  ])('says that %s cannot be listened on', async (host, message) => {
    const started = start(['--host', host, '--port', '0']);

    expect(await started.ended).toBe(1);
    expect(started.output().err.split('\n').at(-2)).toBe(message.trimEnd());
  });
});
