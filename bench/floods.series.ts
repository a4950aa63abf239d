// 200 callers issue tokens for SECONDS (default 60), with ACS throttling now and then: alone, and with 60 callers who start runs all the time. No answer may be
// a 500, and minting's p95 may be at most 1.5 times what it is alone.
import { Agent, request } from 'node:http';
import { startEmulatorProcess } from './emulatorProcess';
import { startLocalHost } from './localHost';
import { percentile, printTable, times } from './measure';

const SECONDS = Number(process.env.SECONDS ?? 60);
const MINTERS = 200;
const RUNNERS = 60;
/** Of the requests to ACS, so many are throttled in each second. */
const THROTTLED = 20;

interface Answered {
  status: number;
  tookMs: number;
}

function poster(port: number, sockets: number): (path: string, body: string) => Promise<Answered> {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  return (path, body) =>
    new Promise((done) => {
      const startedAt = performance.now();
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (answer) => {
        answer
          .resume()
          .on('end', () => done({ status: answer.statusCode ?? 0, tookMs: performance.now() - startedAt }));
      });
      call.on('error', () => done({ status: 0, tookMs: performance.now() - startedAt }));
      call.end(body);
    });
}

async function flood(callers: number, untilMs: number, call: () => Promise<Answered>): Promise<Answered[]> {
  const answers: Answered[] = [];
  const caller = async () => {
    while (performance.now() < untilMs) {
      const answer = await call();
      answers.push(answer);
      // as a client that heeds Retry-After would, if in a hurry
      if (answer.status === 429) await new Promise((done) => setTimeout(done, 200));
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return answers;
}

const countsOf = (answers: Answered[]) => {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
};

async function main(): Promise<void> {
  const emulator = await startEmulatorProcess();
  const host = await startLocalHost({ AcsIdentity: emulator.connectionString });
  const mint = poster(host.port, MINTERS);
  const startRun = poster(host.port, RUNNERS);
  const user = await fetch(`http://127.0.0.1:${host.port}/api/users`, { method: 'POST' });
  const { identity } = (await user.json()) as { identity: { id: string } };
  const path = `/api/users/${encodeURIComponent(identity.id)}/tokens`;
  const endpoint = /endpoint=([^;]+?)\/?;/.exec(emulator.connectionString)?.[1] ?? '';
  const throttle = setInterval(() => {
    const throttling = {
      operation: 'issueAccessToken',
      status: 429,
      count: THROTTLED,
      headers: { 'Retry-After': '1' },
    };
    void fetch(`${endpoint}/emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(throttling),
    });
  }, 1_000);
  const minting = (until: number) => flood(MINTERS, until, () => mint(path, '{"scopes":["chat"]}'));
  await minting(performance.now() + 3_000);
  const alone = await minting(performance.now() + SECONDS * 1_000);
  const until = performance.now() + SECONDS * 1_000;
  const [withRuns, runs] = await Promise.all([
    minting(until),
    flood(RUNNERS, until, () => startRun('/api/runs', '{}')),
  ]);
  clearInterval(throttle);
  await host.stop();
  emulator.stop();

  const p95 = (answers: Answered[]) =>
    percentile(
      answers.filter(({ status }) => status === 200).map(({ tookMs }) => tookMs),
      0.95,
    );
  printTable(
    ['issueToken, 200 callers', 'answers', 'p95', 'compared with alone'],
    [
      ['alone', countsOf(alone), `${p95(alone).toFixed(0)} ms`, '1x'],
      [
        `with ${RUNNERS} callers who start runs`,
        countsOf(withRuns),
        `${p95(withRuns).toFixed(0)} ms`,
        times(p95(withRuns) / p95(alone)),
      ],
      ['their runs', countsOf(runs), '', ''],
    ],
  );
  const bad = [...alone, ...withRuns, ...runs].filter(({ status }) => status >= 500 || status === 0);
  if (bad.length > 0 || p95(withRuns) > 1.5 * p95(alone)) process.exitCode = 1;
}

void main();
