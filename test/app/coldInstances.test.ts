// With WORKFLOW_TARGET=functions the timer's process calls instances that may not run yet. On Flex Consumption HTTP functions scale apart from timers, and to
// zero (https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling). Until an instance is ready the platform holds calls
// back, or answers 502 or 503 with no header of the app.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { FunctionUrlActions } from '../../src/identity/functionUrlActions';
import { wakeUp } from '../../src/identity/wakeUp';
import { runWorkflow } from '../../src/workflow/runWorkflow';
import { startApp, type AppUnderTest } from './appUnderTest';
import { startMeddlingProxy, type MeddlingProxy } from './meddlingProxy';
import { fourSteps } from '../fourSteps';

let emulator: IdentityEmulator;
let app: AppUnderTest;
let platform: MeddlingProxy;
beforeAll(async () => {
  emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString, WORKFLOW_TARGET: 'functions' });
  platform = await startMeddlingProxy(app.host.port);
});
afterAll(async () => {
  await platform.close();
  await app.stop();
  await emulator.close();
});
beforeEach(() => {
  platform.asked.length = 0;
  app.lines.length = 0;
  emulator.clearRequests();
});

const baseUrl = () => `http://127.0.0.1:${platform.port}`;
const warnings: string[] = [];
const run = () =>
  runWorkflow({
    workflow: fourSteps,
    actions: new FunctionUrlActions({ baseUrl: baseUrl(), key: undefined, connection: undefined }),
    wakeUp: (signal) => wakeUp(baseUrl(), signal, { limitMs: 5_000, requestMs: 1_000 }),
    log: { warn: (line) => warnings.push(line), error: (line) => warnings.push(line) },
    store: { save: () => Promise.resolve('saved') },
    request: { createTokenWithScopes: [], scopes: ['chat'], expiresInMinutes: 60 },
    trigger: { name: 'Recurrence', kind: 'Timer' },
    connection: 'AcsIdentity',
    target: 'functions',
  });
const paths = () => platform.asked.map(({ method, path }) => `${method} ${path.replace(/8:acs:[^/]+/, 'USER')}`);
const STEPS = [
  'POST /api/users',
  'POST /api/users/USER/tokens',
  'DELETE /api/users/USER/tokens',
  'DELETE /api/users/USER',
];
/** Until `ms` from now. */
function coldFor<T>(ms: number, does: T): () => T | undefined {
  const until = performance.now() + ms;
  return () => (performance.now() < until ? does : undefined);
}

test.each([
  ['answers 503 for it', { answer: { status: 503, headers: { 'content-type': 'text/html' }, body: 'starting' } }],
  ['answers nothing', { hang: true }],
  ['breaks connections', { loseAnswer: true }],
])('a run succeeds though the platform %s while an instance starts', async (_what, does) => {
  platform.meddle = coldFor(1_200, does);
  const { status, actions } = await run();
  expect(status).toBe('Succeeded');
  expect(actions.map(({ name }) => name)).toHaveLength(4);
  expect(paths().filter((path) => path !== 'GET /api/health')).toEqual(STEPS);
  expect(paths()[0]).toBe('GET /api/health');
  expect(warnings).toEqual([]);
});

test('where the app answers, it is asked once before the steps, and that is no step', async () => {
  platform.meddle = () => undefined;
  await run();
  expect(paths()).toEqual(['GET /api/health', ...STEPS]);
  app.lines.length = 0;
  await app.call('POST', 'runs');
  const called = app.lines.flatMap((line) => /Executing 'Functions\.(\w+)'/.exec(line)?.[1] ?? []);
  expect([...new Set(called)]).toEqual(['runs', 'health', 'createUser', 'issueToken', 'revokeTokens', 'deleteUser']);
  expect(called.filter((name) => name === 'health')).toHaveLength(1);
});

test('no answer fails nothing by itself: the first step tells, and the log has a warning', async () => {
  const refused = { answer: { status: 403, headers: { 'x-ms-forbidden-ip': '203.0.113.7' }, body: '<h2>403</h2>' } };
  platform.meddle = () => refused;
  const { status, error } = await run();
  expect(status).toBe('Failed');
  expect(error?.message).toContain('FunctionForbidden');
  // repeating would not help
  expect(paths()).toEqual(['GET /api/health', 'POST /api/users']);
  expect(warnings.splice(0)).toEqual([expect.stringMatching(/before the first step: the platform answers 403\.$/)]);
});

test('an address that refuses is not waited for; a stop ends the waiting', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => gone.once('listening', done));
  const { port } = gone.address() as AddressInfo;
  await new Promise((done) => gone.close(done));
  const startedAt = performance.now();
  expect(await wakeUp(`http://127.0.0.1:${port}`, undefined)).toContain('ECONNREFUSED');
  platform.meddle = () => ({ hang: true });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stopping')), 50);
  expect(await wakeUp(baseUrl(), stop.signal)).toContain('stopped');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
