// What states, notifications, the heartbeat and budgets cost: storage calls and milliseconds of a scheduled run with all of them, compared with none;
// and storage calls of what reads the state. BEFORE=DIR adds another built version of the app, such as one without states.
import { startStorage } from '../local/storage';
import { startApp, type AppUnderTest } from '../test/app/appUnderTest';
import { startMeddlingProxy, type MeddlingProxy } from '../test/app/meddlingProxy';
import { startReceiver } from '../test/status/receiver';
import { startEmulatorProcess } from './emulatorProcess';
import { median, percentile, printTable } from './measure';
import { ROOT } from './projectRoot';

const WARM_UP = 5;
const RUNS = Number(process.env.BENCH_RUNS ?? 60);
/** As a storage account in Azure, and a receiver somewhere else. */
const FAR_MS = 20;
const BEFORE = process.env.BEFORE;

interface Way {
  name: string;
  app: AppUnderTest;
  tables: MeddlingProxy;
  calls: number[];
  durationsMs: number[];
}

async function main(): Promise<void> {
  const emulator = await startEmulatorProcess();
  const receiver = await startReceiver();
  const far = await startMeddlingProxy(Number(new URL(receiver.url).port));
  far.meddle = () => ({ delayMs: FAR_MS });
  const storage = await startStorage({
    port: 0,
    inMemory: true,
    tableOnly: true,
    processFile: `${ROOT}/.local/build/storageProcess.js`,
  });
  const everything = {
    NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${far.port}/hook`,
    HEARTBEAT_URL: `http://127.0.0.1:${far.port}/beat`,
    WORKFLOW_BUDGET_MS: '60000',
    WORKFLOW_STEP_BUDGET_MS: '30000',
    PUBLIC_STATUS: 'true',
  };
  const start = async (name: string, site: string, settings: Record<string, string>, directory?: string) => {
    const tables = await startMeddlingProxy(storage.tablePort);
    tables.meddle = () => ({ delayMs: FAR_MS });
    const app = await startApp(
      {
        AcsIdentity: emulator.connectionString,
        AzureWebJobsStorage: storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`),
        WEBSITE_SITE_NAME: site,
        ...settings,
      },
      directory,
    );
    return { name, app, tables, calls: [], durationsMs: [] } satisfies Way as Way;
  };
  const ways = [
    ...(BEFORE === undefined ? [] : [await start('the version in BEFORE', 'before', {}, BEFORE)]),
    await start('everything off', 'off', {}),
    await start('everything on', 'on', everything),
  ];

  // the first reader stores the schedule
  for (const { app } of ways) await app.call('GET', 'runs/latest');
  for (let n = -WARM_UP; n < RUNS; n += 1) {
    for (const way of ways) {
      const before = way.tables.asked.length;
      const line = await way.app.fireTimer();
      const [, ms] = /\(Succeeded, .*Duration=(\d+)ms\)/.exec(line) ?? [];
      if (ms === undefined) throw new Error(line);
      if (n < 0) continue;
      way.calls.push(way.tables.asked.length - before);
      way.durationsMs.push(Number(ms));
    }
  }
  if (receiver.received.length !== RUNS + WARM_UP) throw new Error('There is not one heartbeat for each run.');
  printTable(
    [`a scheduled run, each storage call ${FAR_MS} ms longer`, 'storage calls, p50', 'p95', 'duration, p50', 'p95'],
    ways.map(({ name, calls, durationsMs }) => [
      name,
      String(median(calls)),
      String(percentile(calls, 0.95)),
      `${median(durationsMs)} ms`,
      `${percentile(durationsMs, 0.95)} ms`,
    ]),
  );

  console.log();
  const [before, off, on] = BEFORE === undefined ? [undefined, ...ways] : ways;
  const callsOf = async (way: Way | undefined, work: (app: AppUnderTest) => Promise<unknown>) => {
    if (way === undefined) return '';
    const sofar = way.tables.asked.length;
    await work(way.app);
    return String(way.tables.asked.length - sofar);
  };
  const rows: string[][] = [];
  for (const path of ['runs/latest', 'runs/statistics', 'health/deep', 'badge', 'metrics', 'runs?top=25']) {
    const read = async (app: AppUnderTest) => {
      const { status } = await fetch(`http://127.0.0.1:${app.host.port}/api/${path}`);
      if (status >= 500) throw new Error(`${path} answers ${status}.`);
    };
    rows.push([`GET ${path}`, await callsOf(before, read), await callsOf(off, read), await callsOf(on, read)]);
  }
  // too short a budget for any run: each run is slow, and the first one changes the state
  const slow = await start('slow', 'on', { ...everything, WORKFLOW_BUDGET_MS: '1' });
  const change = await callsOf(slow, (app) => app.fireTimer());
  const further = await callsOf(slow, (app) => app.fireTimer());
  rows.push(['a run that changes the state', '', '', change], ['the next run', '', '', further]);
  printTable(['storage calls', 'BEFORE', 'everything off', 'everything on'], rows);

  for (const { app, tables } of [...ways, slow]) {
    await app.stop();
    await tables.close();
  }
  await Promise.all([far.close(), receiver.close(), storage.stop()]);
  emulator.stop();
}

void main();
