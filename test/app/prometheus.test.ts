// The metrics as Prometheus takes them: checked by promtool, scraped by a real server, and asked for by the dashboard of Grafana.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { fixedPort } from '../fixedPort';
import { startApp, type AppUnderTest } from './appUnderTest';

const SCRAPED_WITHIN_MS = 20_000;
const has = (command: string) => spawnSync(command, ['--version']).status === 0;

/** A test that needs a program; without it, it is skipped, and the reason is printed. */
function testWith(command: 'promtool' | 'prometheus'): typeof test.skip {
  if (has(command)) return test;
  process.stdout.write(`Tests of metrics are skipped, as ${command} is not on this machine (package prometheus).\n`);
  return test.skip;
}

interface Panel {
  type: string;
  title: string;
  datasource?: { type: string; uid: string };
  targets?: { expr: string; datasource: { type: string; uid: string } }[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string; type: string; query: string | { query: string } }[] };
}
interface Series {
  metric: Record<string, string>;
  value: [number, string];
}

let dashboard: Dashboard;
let directory: string;
let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;
/** What the app shows before its first run, and after some. */
let first: string;
let text: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'acs-identity-prometheus-'));
  dashboard = JSON.parse(await readFile(resolve(__dirname, '../../docs/grafana-dashboard.json'), 'utf8')) as Dashboard;
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const settings = { AcsIdentity: emulator.connectionString, AzureWebJobsStorage: storage.connectionString };
  const readMetrics = async () => (await fetch(`http://127.0.0.1:${app.host.port}/api/metrics`)).text();
  app = await startApp(settings);
  first = await readMetrics();
  await app.fireTimer();
  emulator.addFault({ operation: 'issueAccessToken', status: 403, count: 1 });
  await app.fireTimer();
  await app.stop();
  // what it has shown is kept for a minute
  app = await startApp(settings);
  text = await readMetrics();
}, 60_000);
afterAll(async () => {
  await app.stop();
  await storage.stop();
  await emulator.close();
  await rm(directory, { recursive: true });
});

async function promtool(args: string[], input = ''): Promise<{ exitCode: number; said: string }> {
  const running = promisify(execFile)('promtool', args);
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout, stderr }) => ({ exitCode: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      exitCode: code,
      said: stdout + stderr,
    }),
  );
}

/** The names that have a value. */
const namesIn = (metrics: string) =>
  [...new Set([...metrics.matchAll(/^(acs_identity_\w+)\{/gm)].map(([, name = '']) => name))].toSorted();
const expressions = () =>
  dashboard.panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }) => expr.replaceAll('$connection', 'AcsIdentity'));

testWith('promtool')('promtool finds nothing to criticize in the metrics', async () => {
  expect(await promtool(['check', 'metrics'], first)).toEqual({ exitCode: 0, said: '' });
  expect(await promtool(['check', 'metrics'], text)).toEqual({ exitCode: 0, said: '' });
  expect((await promtool(['check', 'metrics'], text.replace(/^# HELP .*$/m, ''))).exitCode).not.toBe(0);
});

testWith('promtool')('promtool takes each query of the dashboard', async () => {
  const file = join(directory, 'rules.yml');
  const check = async (queries: string[]) => {
    const rules = queries.map((expr, i) => ({ record: `dashboard:query:${i}`, expr }));
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    return promtool(['check', 'rules', file]);
  };
  const queries = expressions();
  expect(await check(queries)).toEqual({
    exitCode: 0,
    said: expect.stringContaining(`SUCCESS: ${queries.length} rules found`) as string,
  });
  expect((await check([`${queries[0]})`])).exitCode).not.toBe(0);
});

testWith('promtool')('promtool takes the configuration of docs/operate.md for versions without headers', async () => {
  const page = await readFile(resolve(__dirname, '../../docs/operate.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(scrape_configs:\n[\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  expect(blocks.map((block) => [block.includes('http_headers:'), block.includes('params:')])).toEqual([
    [true, false],
    [false, true],
  ]);
  const file = join(directory, 'older.yml');
  await writeFile(file, blocks[1] ?? '');
  expect(await promtool(['check', 'config', file])).toMatchObject({ exitCode: 0 });
});

test('the dashboard shows every metric of the app, and no other', () => {
  const used = expressions().flatMap((expr) => expr.match(/\bacs_identity_\w+/g) ?? []);
  expect([...new Set(used)].toSorted()).toEqual(namesIn(text));
  const { list } = dashboard.templating;
  expect(list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['connection', 'query'],
  ]);
  const { query } = list[1]?.query as { query: string };
  expect(namesIn(text)).toContain(/^label_values\((\w+), connection\)$/.exec(query)?.[1]);
  const sources = dashboard.panels.flatMap(({ datasource, targets = [] }) => [
    datasource,
    ...targets.map((target) => target.datasource),
  ]);
  for (const source of sources) expect(source).toEqual({ type: 'prometheus', uid: '${datasource}' });
});

testWith('prometheus')(
  'a real Prometheus scrapes the app, and has an answer to each query of the dashboard',
  async () => {
    const port = await fixedPort();
    const config = join(directory, 'prometheus.yml');
    const target = `127.0.0.1:${app.host.port}`;
    const job = { job_name: 'app', metrics_path: '/api/metrics', static_configs: [{ targets: [target] }] };
    await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
    const server = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const said: string[] = [];
    server.stderr.setEncoding('utf8').on('data', (part: string) => void said.push(part));
    try {
      const series = (query: string) => ask(port, query);
      await until(server, said, async () => (await series('up')).some(({ value }) => value[1] === '1'));
      const inApp = [...text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].map(([, name, labels, value]) => [
        `${name}{${labels}}`,
        Number(value),
      ]);
      const scraped = (await series('{job="app",__name__=~"acs_identity_.+"}')).map(({ metric, value }) => {
        const labels = Object.entries(metric)
          .filter(([label]) => !['__name__', 'instance', 'job'].includes(label))
          .map(([label, of]) => `${label}="${of}"`);
        return [`${metric['__name__']}{${labels.join(',')}}`, Number(value[1])];
      });
      expect(scraped.toSorted()).toEqual(inApp.toSorted());
      expect(await series('acs_identity_state{state="Failing"} == 1')).toHaveLength(1);
      for (const query of expressions()) expect([query, (await series(query)).length]).not.toEqual([query, 0]);
      // one of two runs
      const rate = dashboard.panels.find(({ title }) => title.startsWith('Success rate'))?.targets?.[0]?.expr ?? '';
      expect((await series(rate.replaceAll('$connection', '.*'))).map(({ value }) => value[1])).toEqual(['0.5']);
    } finally {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
  },
  SCRAPED_WITHIN_MS + 20_000,
);

async function ask(port: number, query: string): Promise<Series[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
  const answer = (await response.json()) as { status: string; error?: string; data: { result: Series[] } };
  if (answer.status !== 'success') throw new Error(`Prometheus does not take '${query}': ${answer.error}`);
  return answer.data.result;
}

async function until(server: ChildProcess, said: string[], isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + SCRAPED_WITHIN_MS; !(await isSo().catch(() => false));) {
    if (performance.now() > end || server.exitCode !== null) throw new Error(`Nothing was scraped:\n${said.join('')}`);
    await new Promise((done) => setTimeout(done, 250));
  }
}
