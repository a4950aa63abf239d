// The four-step run, with its checks, records and history, compared with the SDK's four calls; and memory after many runs. The built app in a process
// of its own, the SDK in another, the emulator in a third.
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { startStorage } from '../local/storage';
import { startMeddlingProxy } from '../test/app/meddlingProxy';
import { startCollector } from '../test/telemetry/collector';
import { answerQuestions, AskedChild } from './askedChild';
import { loadBuiltApp } from './builtApp';
import { startEmulatorProcess } from './emulatorProcess';
import { median, percentile, printTable, times } from './measure';
import { ROOT } from './projectRoot';

const ROUNDS = 25;
const FAR_MS = 20;
const RUNS_A_ROUND = 20;
const MANY = Number(process.env.BENCH_RUNS ?? 10_000);
/** By then the history in memory is full, which keeps the last 500 runs. */
const FULL = 1_000;
/** Where memory is looked at. */
const STAGES = [...[500, FULL, 2_500, 5_000, 7_500].filter((runs) => runs < MANY), MANY];

interface Question {
  /** So many runs, one after the other; each is timed. */
  runs: number;
}
interface Answer {
  durationsMs: number[];
  /** After a collection of garbage. */
  heapBytes: number;
  rssBytes: number;
}

async function sdkRun(connectionString: string): Promise<() => Promise<void>> {
  const client = new CommunicationIdentityClient(connectionString, { allowInsecureConnection: true });
  return Promise.resolve(async () => {
    const user = await client.createUser();
    await client.getToken(user, ['chat'], { tokenExpiresInMinutes: 60 });
    await client.revokeTokens(user);
    await client.deleteUser(user);
  });
}

function appRun(connectionString: string, storage: string | undefined): () => Promise<void> {
  const app = loadBuiltApp({
    AcsIdentity: connectionString,
    WORKFLOW_SCHEDULE: '0 0 0 1 1 *',
    ...(storage === undefined ? {} : { AzureWebJobsStorage: storage }),
  });
  return async () => {
    const { jsonBody: run } = (await app.call('runs', 'POST', 'runs', {})) as {
      jsonBody: { status: string; recorded?: boolean };
    };
    if (run.status !== 'Succeeded' || run.recorded === false) throw new Error(JSON.stringify(run));
  };
}

/** In a child: runs as often as the parent asks. */
async function work(way: string, connectionString: string, storage: string | undefined): Promise<void> {
  process.once('disconnect', () => process.exit());
  const run = way === 'sdk' ? await sdkRun(connectionString) : appRun(connectionString, storage);
  answerQuestions<Question, Answer>(async ({ runs }) => {
    const durationsMs: number[] = [];
    for (let n = 0; n < runs; n += 1) {
      const startedAt = performance.now();
      await run();
      durationsMs.push(performance.now() - startedAt);
    }
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    return { durationsMs, heapBytes: heapUsed, rssBytes: rss };
  });
}

const startChild = (args: string[], more?: Record<string, string>) =>
  AskedChild.start<Question, Answer>(__filename, args, more);

async function main(): Promise<void> {
  const emulator = await startEmulatorProcess();
  const processFile = `${ROOT}/.local/build/storageProcess.js`;
  const storage = await startStorage({ port: 0, inMemory: true, tableOnly: true, processFile });
  // as a storage account is: here nothing but the number of calls that a run waits for counts
  const far = await startMeddlingProxy(storage.tablePort);
  far.meddle = () => ({ delayMs: FAR_MS });
  const ways: [string, AskedChild<Question, Answer>][] = [
    ["the SDK's four calls", await startChild(['sdk', emulator.connectionString])],
    ['a run, history in memory', await startChild(['app', emulator.connectionString])],
    ['a run, history in Azurite', await startChild(['app', emulator.connectionString, storage.connectionString])],
    [
      `the same, each call to storage ${FAR_MS} ms longer`,
      await startChild([
        'app',
        emulator.connectionString,
        storage.connectionString.replace(`:${storage.tablePort}/`, `:${far.port}/`),
      ]),
    ],
  ];
  const figures = ways.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [i, [, child]] of ways.entries()) {
      const { durationsMs } = await child.ask({ runs: RUNS_A_ROUND });
      if (round >= 0) figures[i]?.push(...durationsMs);
    }
  }
  const base = median(figures[0] ?? []);
  printTable(
    ['create, issue, revoke, delete', 'p50', 'relative to the SDK', 'p95'],
    ways.map(([name], i) => {
      const [p50, p95] = [median(figures[i] ?? []), percentile(figures[i] ?? [], 0.95)];
      return [name, `${p50.toFixed(1)} ms`, times(p50 / base), `${p95.toFixed(1)} ms`];
    }),
  );
  for (const [, child] of ways) child.end();
  await far.close();
  await storage.stop();

  console.log();
  await memory(emulator.connectionString);
  emulator.stop();
}

/** The heap as runs go by, without and with a collector that they are reported to. */
async function memory(connectionString: string): Promise<void> {
  const collector = await startCollector();
  const reporting = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
    NODE_EXTRA_CA_CERTS: collector.certificateFile,
  };
  const children = [
    await startChild(['app', connectionString]),
    await startChild(['app', connectionString], reporting),
  ];
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const rows: string[][] = [];
  const full: number[] = [];
  let done = 0;
  for (const stage of STAGES) {
    const row = [stage.toLocaleString('en')];
    for (const [i, child] of children.entries()) {
      const { heapBytes, rssBytes } = await child.ask({ runs: stage - done });
      if (stage === FULL) full[i] = heapBytes;
      row.push(mib(heapBytes), full[i] === undefined ? '' : times(heapBytes / full[i]), mib(rssBytes));
    }
    if (collector.envelopes.length < (stage - done) * 5) throw new Error('Not every run was reported.');
    collector.envelopes.length = 0;
    done = stage;
    rows.push(row);
  }
  const relative = `relative to ${FULL.toLocaleString('en')}`;
  printTable(['after runs', 'heap', relative, 'resident', 'heap, reporting', relative, 'resident'], rows);
  for (const child of children) child.end();
  await collector.close();
}

const [, , way, connectionString = '', storage] = process.argv;
void (way === undefined ? main() : work(way, connectionString, storage));
