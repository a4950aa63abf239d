// What the app reports of runs is true while storage fails in part, clocks jump, and the app is being stopped.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newRunId } from '../../src/runs/runId';
import type { Run } from '../../src/runs/run';
import type { AppUnderTest } from './appUnderTest';
import { startSurroundings, type Surroundings } from './appWithProxies';
import type { Asked } from './meddlingProxy';
import { fourSteps, stepsOf } from '../fourSteps';

const LATER = { aheadMs: 6 * 60_000 };
let around: Surroundings;
let app: AppUnderTest;
let sites = 0;
let settings: Record<string, string>;

beforeAll(async () => {
  around = await startSurroundings();
});
afterAll(() => around.close());
beforeEach(() => {
  settings = { WEBSITE_SITE_NAME: `reports-${(sites += 1)}` };
});
afterEach(async () => {
  around.reset();
  await app.stop();
});

const startRun = async () => (await app.call('POST', 'runs')).body as unknown as Run;
/** The transaction that ends a run. */
const endsRun = ({ path, body }: Asked) =>
  path.includes('$batch') && /RowKey='q!|"q!/.test(body) && body.includes('Succeeded');

test('a scheduled run that could not be recorded, and whose maintenance failed, fails its invocation after its cleanup', async () => {
  app = await around.open(settings);
  around.tables.meddle = () => ({ answer: { status: 503 } });
  const last = await app.fireTimer();
  expect(last).toMatch(/\(Failed, /);
  expect(around.emulator.users()).toEqual([]);
  const log = app.lines.join('\n');
  expect(log).toMatch(/The workflow failed\. AcsIdentity: the run was not recorded: The storage/);
  expect(log).toMatch(/Maintenance of earlier runs: The storage/);
  around.reset();
  expect(await app.fireTimer()).toMatch(/\(Succeeded, /);
}, 60_000);

test('a run whose last write failed is written by the next maintenance, and is never closed as dead', async () => {
  app = await around.open(settings);
  around.tables.meddle = (asked) => (endsRun(asked) ? { answer: { status: 400 } } : undefined);
  const run = await startRun();
  expect(run).toMatchObject({ status: 'Succeeded', recorded: false });
  expect((await app.call('GET', `runs/${run.id}`)).body.status).toBe('Running');
  around.reset();
  await app.fireTimer();
  expect((await app.call('GET', `runs/${run.id}`)).body).toMatchObject({ status: 'Succeeded', cleanup: 'Clean' });
  expect(app.lines.join('\n')).toContain(`Run ${run.id}, which could not be recorded when it ended, is recorded now.`);
}, 60_000);

test('a run that another instance closed as dead although it had ended gets its own end after all, also in the statistics', async () => {
  app = await around.open(settings);
  around.tables.meddle = (asked) => (endsRun(asked) ? { answer: { status: 400 } } : undefined);
  const run = await startRun();
  expect(run).toMatchObject({ status: 'Succeeded', recorded: false });
  around.reset();
  const other = await around.open(settings, LATER);
  await other.fireTimer();
  expect((await app.call('GET', `runs/${run.id}`)).body.status).toBe('Aborted');
  await other.stop();
  // a run of this instance that is recorded takes the other one along; its start is by a clock that the storage agrees with again
  around.setClocks(0);
  await app.call('GET', 'runs');
  expect(await startRun()).toMatchObject({ recorded: true });
  expect((await app.call('GET', `runs/${run.id}`)).body.status).toBe('Succeeded');
  // the window ends with this hour, and the other instance's own run may be of the next
  const { counts } = (await app.call('GET', 'runs/statistics')).body as { counts?: Record<string, number> };
  expect([2, 3]).toContain(counts?.Succeeded);
  expect(counts?.Aborted).toBe(0);
}, 60_000);

test('a last write that fails once is repeated in the invocation', async () => {
  app = await around.open(settings);
  let failed = 0;
  around.tables.meddle = (asked) => (endsRun(asked) && (failed += 1) === 1 ? { answer: { status: 400 } } : undefined);
  expect(await startRun()).toMatchObject({ status: 'Succeeded', recorded: true });
  expect(failed).toBe(2);
}, 60_000);

test('a proxy that answers 200 with a page of its own has recorded nothing', async () => {
  app = await around.open(settings);
  const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in to continue</html>' };
  around.tables.meddle = () => ({ answer: page });
  const run = await startRun();
  expect(run).toMatchObject({ status: 'Succeeded', cleanup: 'Clean', recorded: false });
  expect(run.recordError?.message).toMatch(/not from Azure Tables/);
  for (const path of ['runs', 'runs/latest', `runs/${run.id}`, 'runs/statistics']) {
    const answer = await app.call('GET', path);
    expect([path, answer.status, answer.body.error?.code]).toEqual([path, 503, 'StorageUnavailable']);
  }
}, 60_000);

test('a clock that is set forward during a run ends no run', async () => {
  app = await around.open({ ...settings, TEST_CLOCK_JUMP_MS: '130000' });
  around.emulator.clearRequests();
  around.emulator.addFault({ operation: 'issueAccessToken', delayMs: 700 });
  const answer = startRun();
  while (!around.emulator.requests().some(({ operation }) => operation === 'issueAccessToken'))
    await new Promise((done) => setTimeout(done, 10));
  process.kill(await around.pid(), 'SIGUSR2');
  const run = await answer;
  expect(stepsOf(run).map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded']);
  expect(run.status).toBe('Succeeded');
  expect(run.durationMs).toBeLessThan(10_000);
}, 30_000);

test('by a clock that is far ahead no history is deleted, and health reports it', async () => {
  app = await around.open(settings);
  const run = await startRun();
  await app.stop();
  const hundredDays = 100 * 86_400_000;
  app = await around.open(settings, { aheadMs: hundredDays, skewMs: hundredDays });
  expect(await app.fireTimer()).toMatch(/\(Failed, /);
  expect(app.lines.join('\n')).toMatch(/This machine's clock is 86\d{5} s ahead of the clock of the storage/);
  const health = await app.call('GET', 'health');
  expect(health.body.checks).toContainEqual(
    expect.objectContaining({ name: 'storage', status: 'Unhealthy', code: 'ClockSkew' }),
  );
  await app.stop();
  app = await around.open(settings);
  expect((await app.call('GET', `runs/${run.id}`)).body.status).toBe('Succeeded');
  // a run of a clock that was ahead is not recent
  const latest = await app.call('GET', 'runs/latest?maxAgeMinutes=5');
  expect([latest.status, latest.body.error?.code]).toEqual([503, 'NoRecentRun']);
  expect(latest.body.error?.message).toMatch(/in the future/);
}, 60_000);

test('users left behind are counted exactly, of all connections and of one', async () => {
  app = await around.open({
    ...settings,
    IDENTITY_CONNECTIONS: 'AcsIdentity,Other',
    Other: 'endpoint=http://127.0.0.1:9/;accesskey=a2V5',
  });
  const { openHistory } = await import('../../src/history/openHistory');
  const connectionString = (await import('../../local/storage')).connectionStringFor({
    blob: 0,
    queue: 0,
    table: around.tables.port,
  });
  const history = openHistory(
    { kind: 'connectionString', setting: 'X', connectionString },
    `${settings.WEBSITE_SITE_NAME}-identity-lifecycle`,
  );
  for (let n = 0; n < 300; n += 1) {
    const userId = `8:acs:00000000-0000-4000-8000-000000000000_${String(n).padStart(8, '0')}-0000-0000-0000-000000000000`;
    const connection = n % 3 === 0 ? 'Other' : 'AcsIdentity';
    await history.ledger.add({
      userId,
      runId: newRunId(Date.now() - 600_000),
      connection,
      resourceId: 'x',
      madeAt: '',
    });
  }
  const count = async (query: string) => (await app.call('GET', `runs/statistics${query}`)).body.usersLeftBehind;
  expect([await count(''), await count('?connection=Other'), await count('?connection=AcsIdentity')]).toEqual([
    300, 100, 200,
  ]);
  const before = app.lines.length;
  await app.fireTimer();
  // not one line for each of them
  expect(app.lines.length - before).toBeLessThan(40);
}, 60_000);

test("a run over the app's own URLs that are closed to new calls ends Aborted, with its user deleted, and fails nothing", async () => {
  // stands for the host, which refuses new connections while it waits for the invocations that are running
  app = await around.open(settings);
  let closing = false;
  const front: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = 'GET', headers, url = '' } = request;
      const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
      void fetch(`http://127.0.0.1:${app.host.port}${url}`, {
        method,
        headers: headers as Record<string, string>,
        ...(body ? { body } : {}),
      }).then(async (answer) => {
        const text = await answer.text();
        response
          .writeHead(answer.status, {
            'x-ms-request-id': answer.headers.get('x-ms-request-id') ?? '',
            'content-type': 'application/json',
            connection: 'close',
          })
          .end(text);
        if (url.endsWith('/users?connection=AcsIdentity') && !closing) {
          closing = true;
          front.close();
        }
      });
    });
  });
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done));
  const { FunctionUrlActions } = await import('../../src/identity/functionUrlActions');
  const { runWorkflow } = await import('../../src/workflow/runWorkflow');
  const { AcsActions } = await import('../../src/identity/acsActions');
  const { Connections } = await import('../../src/identity/connections');
  process.env.AcsIdentity = around.emulator.connectionString;
  const direct = new AcsActions(await new Connections().get(undefined));
  delete process.env.AcsIdentity;
  const before = around.emulator.users().length;
  const baseUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const run = await runWorkflow({
    workflow: fourSteps,
    actions: new FunctionUrlActions({ baseUrl, key: undefined, connection: 'AcsIdentity', isOwnApp: true }),
    cleanupActions: direct,
    store: { save: () => Promise.resolve('saved') },
    request: { createTokenWithScopes: [], scopes: ['chat'], expiresInMinutes: 60 },
    trigger: { name: 'Recurrence', kind: 'Timer' },
    connection: 'AcsIdentity',
    target: 'functions',
  });
  expect(closing).toBe(true);
  expect(run).toMatchObject({ status: 'Aborted', cleanup: 'Clean', error: { code: 'RunAborted' } });
  expect(run.actions.map(({ status }) => status)).toEqual(['Succeeded', 'Aborted', 'Skipped', 'Skipped']);
  expect(around.emulator.users()).toHaveLength(before);
}, 60_000);
