// Does a long history make looking slower? The same questions to an app with 10,000 runs stored and to one with 100, and the page's first paint.
import { TableClient } from '@azure/data-tables';
import { resolve } from 'node:path';
import type { FunctionsHost } from '../local/functionsHost/host';
import { startStorage, type RunningStorage } from '../local/storage';
import { TablePartition } from '../src/history/tablePartition';
import { TABLE_NAME } from '../src/history/openHistory';
import { chromiumPath, openBrowser } from '../test/dashboard/browser';
import { aRun, anAction } from '../test/history/runSamples';
import { seedHours, seedRuns } from '../test/history/seedRuns';
import { startLocalHost } from './localHost';
import { median, printTable, times } from './measure';
import { pageFigures, type PageFigures } from './pageFigures';
import { ROOT } from './projectRoot';

const FEW = 100;
const MANY = Number(process.env.BENCH_RUNS ?? 10_000);
const ROUNDS = 15;
const PAINTS = 7;
const STEPS = ['Create_a_user', 'Issue_a_user_access_token', 'Revoke_user_access_tokens', 'Delete_a_user'];

interface Place {
  runs: number;
  storage: RunningStorage;
  host: FunctionsHost;
}

/** An app with so many runs stored, one each five minutes, the last one just now. */
async function place(runs: number): Promise<Place> {
  const processFile = resolve(ROOT, '.local/build/storageProcess.js');
  const storage = await startStorage({ port: 0, inMemory: true, tableOnly: true, processFile });
  const client = TableClient.fromConnectionString(storage.connectionString, TABLE_NAME, {
    allowInsecureConnection: true,
  });
  const partitionKey = 'local-identity-lifecycle';
  const table = new TablePartition({
    client: () => Promise.resolve(client),
    partitionKey,
    setting: 'X',
    limitMs: 600_000,
  });
  const now = Date.now();
  const stored = Array.from({ length: runs }, (_, i) =>
    aRun({
      start: new Date(now - i * 300_000).toISOString(),
      status: i % 10 === 3 ? 'Failed' : 'Succeeded',
      durationMs: 300 + (i % 97),
      actions: STEPS.map((name) => anAction({ name })),
    }),
  );
  const startedAt = performance.now();
  // the oldest first, as they came
  await seedRuns(table, stored.toReversed());
  await seedHours(table, stored);
  console.log(`Stored ${runs} runs in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
  const host = await startLocalHost({
    AzureWebJobsStorage: storage.connectionString,
    AcsIdentity: 'endpoint=http://127.0.0.1:9/;accesskey=a2V5',
  });
  return { runs, storage, host };
}

async function answerMs({ host }: Place, path: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${host.port}/api/${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return performance.now() - startedAt;
}

/** For each place, the figures of several visits of the page. */
async function visits(places: Place[]): Promise<PageFigures[][] | undefined> {
  if (chromiumPath === undefined) return undefined;
  const browser = await openBrowser();
  try {
    const figures = places.map((): PageFigures[] => []);
    for (let round = 0; round <= PAINTS; round += 1) {
      for (const [i, { host }] of places.entries()) {
        const visit = await pageFigures(browser, `http://127.0.0.1:${host.port}/api/dashboard`);
        // the first round warms up
        if (round > 0) figures[i]?.push(visit);
      }
    }
    return figures;
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const few = await place(FEW);
  const many = await place(MANY);
  const questions: [string, string][] = [
    ['newest page', 'runs?top=25'],
    ['filtered page', 'runs?status=Failed&top=10'],
    ['statistics, 7 days', 'runs/statistics?window=7d'],
  ];
  const rows: string[][] = [];
  const row = (what: string, ofFew: number, ofMany: number) => {
    rows.push([what, `${ofFew.toFixed(1)} ms`, `${ofMany.toFixed(1)} ms`, times(ofMany / ofFew)]);
  };
  for (const [what, path] of questions) {
    const [a, b]: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const [ofFew, ofMany] = [await answerMs(few, path), await answerMs(many, path)];
      if (round > 0) void [a.push(ofFew), b.push(ofMany)];
    }
    row(what, median(a), median(b));
  }
  const [ofFew, ofMany] = (await visits([few, many])) ?? [];
  if (ofFew && ofMany) {
    const middle = (visited: PageFigures[], name: keyof PageFigures) => median(visited.map((visit) => visit[name]));
    for (const [what, name] of [
      ["the page's first paint", 'firstPaintMs'],
      ["the page's first row", 'firstRowMs'],
    ] as const) {
      row(what, middle(ofFew, name), middle(ofMany, name));
    }
    const { bytes = 0, gzippedBytes = 0 } = ofMany[0] ?? {};
    const shift = Math.max(...[...ofFew, ...ofMany].map(({ layoutShift }) => layoutShift));
    console.log(`The page: ${bytes} bytes, ${gzippedBytes} with gzip; largest layout shift ${shift.toFixed(4)}.`);
  } else console.log('The page is left out: there is no Chromium on this machine.');
  printTable(['', `${FEW} runs`, `${MANY} runs`, 'ratio'], rows);
  for (const { host, storage } of [few, many]) {
    await host.stop();
    await storage.stop();
  }
}

void main();
