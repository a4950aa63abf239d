// The identity emulator: how many tokens a second compared with bare signing, which way of signing is the best, memory and start-up.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, sign, webcrypto } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createIdentityEmulator } from '../emulator/src';
import { signedHeaders } from './signedCall';
import { median, perSecond, printTable, times } from './measure';

const MEASURE_MS = 2_500;
const ROUNDS = 3;
const USERS = 100_000;
const AT_ONCE = 16;

interface Answer {
  connectionString: string;
  heapBytes: number;
  rssBytes: number;
}

/** In the child: an emulator that reports its memory when asked. */
async function serve(): Promise<void> {
  const emulator = await createIdentityEmulator();
  const report = () => {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    process.send?.({
      connectionString: emulator.connectionString,
      heapBytes: heapUsed,
      rssBytes: rss,
    } satisfies Answer);
  };
  process.on('message', report);
  report();
}

function nextAnswer(child: ChildProcess): Promise<Answer> {
  return new Promise((done) => child.once('message', (answer) => done(answer as Answer)));
}

/** Sends signed calls over kept connections, with as little work as there can be. */
function caller(connectionString: string, agent: Agent): (path: string, body: string) => Promise<string> {
  const [, host = '', key = ''] = /endpoint=http:\/\/([^/]+)\/;accesskey=(.+)/.exec(connectionString) ?? [];
  const [name, port] = host.split(':');
  return (path, body) =>
    new Promise((done, fail) => {
      const target = `${path}?api-version=2023-10-01`;
      const headers = { ...signedHeaders('POST', target, host, body, key), 'content-type': 'application/json' };
      const call = request({ host: name, port, method: 'POST', path: target, headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => ((response.statusCode ?? 0) < 300 ? done(text) : fail(new Error(text))));
      });
      call.on('error', fail).end(body);
    });
}

async function signingWays(): Promise<{ bare: number; rows: string[][] }> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const { subtle } = webcrypto;
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const webKey = await subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  // as long as a token of one scope
  const text = Buffer.alloc(540, 'x');
  const ways: [string, number, () => unknown][] = [
    ['crypto.sign with a KeyObject, one thread ("bare")', 1, () => sign('sha256', text, privateKey)],
    ['crypto.sign with PEM text, one thread', 1, () => sign('sha256', text, pem)],
    [
      `crypto.sign with a callback, ${AT_ONCE} at once (the emulator)`,
      AT_ONCE,
      () => new Promise((done) => sign('sha256', text, privateKey, (_, signature) => done(signature))),
    ],
    [`WebCrypto, ${AT_ONCE} at once`, AT_ONCE, () => subtle.sign('RSASSA-PKCS1-v1_5', webKey, text)],
  ];
  const rates = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, [, concurrency, work]] of ways.entries()) {
      rates[i]?.push(await perSecond(MEASURE_MS / ROUNDS, concurrency, work));
    }
  }
  const bare = median(rates[0] ?? []);
  return {
    bare,
    rows: ways.map(([name], i) => {
      const rate = median(rates[i] ?? []);
      return [name, Math.round(rate).toString(), times(rate / bare)];
    }),
  };
}

async function startUp(): Promise<string[][]> {
  const untilLine = (args: string[]) =>
    new Promise<number>((done) => {
      const startedAt = performance.now();
      const child = spawn(process.execPath, args);
      child.stdout.once('data', () => {
        done(performance.now() - startedAt);
        child.kill();
      });
    });
  const [bare, command]: [number[], number[]] = [[], []];
  for (let round = 0; round < 7; round += 1) {
    bare.push(await untilLine(['-e', 'console.log(1)']));
    command.push(await untilLine(['emulator/bin/acs-identity-emulator.mjs', '--port', '0', '--print', 'json']));
  }
  const ratio = median(command) / median(bare);
  return [
    ['start of bare Node.js', `${Math.round(median(bare))} ms`, times(1)],
    ['start of the emulator until it serves', `${Math.round(median(command))} ms`, times(ratio)],
  ];
}

async function main(): Promise<void> {
  const { bare, rows } = await signingWays();
  const child = fork(__filename, ['serve'], { execArgv: ['--expose-gc'] });
  const before = await nextAnswer(child);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const call = caller(before.connectionString, agent);
  const { identity } = JSON.parse(await call('/identities', '{}')) as { identity: { id: string } };
  const issuing = `/identities/${encodeURIComponent(identity.id)}/:issueAccessToken`;
  await perSecond(500, AT_ONCE, () => call(issuing, '{"scopes":["chat"]}'));
  const issued = await perSecond(MEASURE_MS, AT_ONCE, () => call(issuing, '{"scopes":["chat"]}'));
  rows.push([
    `tokens over HTTP, ${AT_ONCE} at once, the client on the same CPUs`,
    issued.toFixed(0),
    times(issued / bare),
  ]);
  printTable(['RS256, 2048 bits', 'a second', 'relative to bare'], rows);

  let left = USERS;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await call('/identities', '{}');
    }),
  );
  const asked = nextAnswer(child);
  child.send('report');
  const after = await asked;
  agent.destroy();
  child.kill();
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log();
  printTable(
    ['memory', 'heap in use', 'resident'],
    [
      ['at the start', mib(before.heapBytes), mib(before.rssBytes)],
      [`after ${USERS.toLocaleString('en')} users`, mib(after.heapBytes), mib(after.rssBytes)],
      ['bytes a user', ((after.heapBytes - before.heapBytes) / USERS).toFixed(0), ''],
    ],
  );
  console.log();
  printTable(['start-up', 'median of 7', 'relative to bare Node.js'], await startUp());
}

void (process.argv[2] === 'serve' ? serve() : main());
