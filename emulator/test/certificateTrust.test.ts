// Clients that do not trust the certificate, each with its own way to show it, and the hint that the log then has.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { createIdentityEmulator, type IdentityEmulator } from '../src';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'certificate-trust-'));
let emulator: IdentityEmulator;
let lines: string[] = [];

beforeAll(async () => {
  emulator = await createIdentityEmulator({
    httpsPort: 0,
    certificateDirectory: directory,
    log: (line) => lines.push(line),
  });
});
beforeEach(() => {
  lines = [];
});
afterAll(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true });
});

const url = () => `${emulator.httpsEndpoint}.well-known/jwks.json`;
const hints = async () => {
  for (let tries = 0; lines.length === 0 && tries < 100; tries += 1) await sleep(20);
  return lines;
};

const JAVA_SOURCE = `
import java.net.URI;
import java.net.http.*;
public class Get {
  public static void main(String[] urls) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(urls[0])).build();
    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}`;
const PYTHON_SOURCE = `import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)`;
const NODE_SOURCE = `fetch(process.argv[1]).then(({ status }) => console.log(status))`;

/** A client with an argument or two that make it trust the certificate. */
const clients: [string, string, () => { plain: string[]; trusting: string[]; environment: NodeJS.ProcessEnv }][] = [
  [
    'Node.js',
    process.execPath,
    () => ({
      plain: ['-e', NODE_SOURCE],
      trusting: ['-e', NODE_SOURCE],
      environment: { NODE_EXTRA_CA_CERTS: emulator.certificateFile },
    }),
  ],
  [
    'Python',
    'python3',
    () => ({
      plain: ['-c', PYTHON_SOURCE],
      trusting: ['-c', PYTHON_SOURCE],
      // of Python's own client; REQUESTS_CA_BUNDLE is that of the SDK, which pythonClient.test.ts runs
      environment: { SSL_CERT_FILE: emulator.certificateFile },
    }),
  ],
  [
    'Java',
    'java',
    () => {
      const store = join(directory, 'truststore.p12');
      const source = join(directory, 'Get.java');
      writeFileSync(source, JAVA_SOURCE);
      const told = /keytool (-importcert .*), then java (.*?) {2}\(Java\)/.exec(lines.join());
      const [importing = '', running = ''] =
        told?.slice(1).map((text) => text.replaceAll('truststore.p12', store)) ?? [];
      if (importing !== '') spawnSync('keytool', importing.split(' '));
      return { plain: [source], trusting: [...running.split(' '), source], environment: {} };
    },
  ],
];

for (const [name, command, prepare] of clients) {
  const isThere = spawnSync(command, ['--version']).status === 0;
  if (!isThere) console.log(`skipped: there is no ${command}`);
  (isThere ? test : test.skip)(
    `${name}: the log says how it is made to trust the certificate, and that works`,
    async () => {
      const environment = { ...process.env, NO_PROXY: '127.0.0.1' };
      await expect(run(command, [...prepare().plain, url()], { env: environment })).rejects.toThrow();
      expect(await hints()).toEqual([
        expect.stringMatching(
          /^identity emulator: a client .*NODE_EXTRA_CA_CERTS=.*\(Node\.js\).*connection_verify=".*REQUESTS_CA_BUNDLE=.*SSL_CERT_FILE=.*\.NET.*keytool .*Java/,
        ),
      ]);
      const { trusting, environment: trust } = prepare();
      const { stdout } = await run(command, [...trusting, url()], { env: { ...environment, ...trust } });
      expect(stdout.trim()).toBe('200');
      expect(lines).toHaveLength(1);
    },
  );
}

test('.NET closes after the handshake, without a request: the log says the same', async () => {
  const socket = connectTls({ host: '127.0.0.1', port: emulator.httpsPort ?? 0, rejectUnauthorized: false });
  // comes when the server has finished the handshake too
  await new Promise((done) => socket.once('session', done));
  socket.destroy();

  expect(await hints()).toEqual([expect.stringMatching(/closed its connection without a request.*SSL_CERT_FILE=/)]);
});

test('a look whether the port is open is no reason for a hint', async () => {
  const socket = connectTcp(emulator.httpsPort ?? 0, '127.0.0.1');
  await new Promise((done) => socket.once('connect', done));
  socket.end();
  await new Promise((done) => socket.resume().once('close', done));
  await sleep(100);

  expect(lines).toEqual([]);
});
