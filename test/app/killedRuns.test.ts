// The app's process is killed (-9) at every request boundary of a run, with and without a fault in each step. After the next scheduled run
// ACS has none of their users but those it had named when the process died before it could write that down, and every run has an end.
// KILLED_RUNS=200 makes more of them.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { createIdentityEmulator, type Fault, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { TABLE_NAME } from '../../src/history/openHistory';
import type { Run } from '../../src/runs/run';
import { startApp, type AppUnderTest } from './appUnderTest';
import { Boundaries, startKillingProxy, type Boundary, type Passed } from './killingProxy';

const KILLED_RUNS = Number(process.env.KILLED_RUNS ?? 36);
const FAULTS: (Fault | undefined)[] = [
  undefined,
  { operation: 'createIdentity', status: 403 },
  { operation: 'issueAccessToken', status: 403 },
  { operation: 'revokeAccessTokens', status: 403 },
  { operation: 'deleteIdentity', status: 403 },
];
/** Runs that are younger may still be running. */
const LATER_MS = 6 * 60_000;

const boundaries = new Boundaries();
const proxies: Server[] = [];
const tokens = new Set<string>();
const lines: string[] = [];
let aheadMs = 0;
let started = 0;
let emulator: IdentityEmulator;
let storage: RunningStorage;
let settings: Record<string, string>;
let directory: string;
let app: AppUnderTest;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'killed-runs-'));
  emulator = await createIdentityEmulator({ now: () => Date.now() + aheadMs });
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  const acs = await startKillingProxy(emulator.port, boundaries);
  const tables = await startKillingProxy(storage.tablePort, boundaries, () => aheadMs);
  proxies.push(acs.server, tables.server);
  settings = {
    AcsIdentity: emulator.connectionString.replace(`:${emulator.port}/`, `:${acs.port}/`),
    AzureWebJobsStorage: storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`),
    WORKFLOW_CREATE_SCOPES: 'chat',
    NODE_OPTIONS: `--require ${JSON.stringify(resolve(__dirname, 'preloaded.cjs'))}`,
    TEST_PID_FILE: join(directory, 'pid'),
  };
});

afterAll(async () => {
  await app.stop();
  for (const server of proxies) {
    server.closeAllConnections();
    server.close();
  }
  await emulator.close();
  await storage.stop();
  await rm(directory, { recursive: true });
});

/** Asks for a run, and for the app's death at a boundary. Returns what was asked of ACS and storage meanwhile. */
async function runOnce(fault: Fault | undefined, boundary?: Boundary): Promise<Passed[]> {
  started += 1;
  emulator.clearFaults();
  if (fault) emulator.addFault(fault);
  const pid = Number(await readFile(join(directory, 'pid'), 'utf8'));
  const died = new Promise<void>((done) => {
    boundaries.arm(boundary, () => {
      process.kill(pid, 'SIGKILL');
      done();
    });
  });
  // a dead app is answered for by the host, or not at all
  const answered = app.call('POST', 'runs').catch(() => undefined);
  await Promise.race([answered, died]);
  await answered;
  // the host has a new process when this is answered
  expect((await app.call('GET', 'health')).body.status).toBeDefined();
  const { passed } = boundaries;
  boundaries.arm(undefined, () => undefined);
  for (const { answer = '' } of passed)
    for (const [token] of answer.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)) tokens.add(token);
  return passed;
}

/** Users that ACS named and that nobody wrote down or deleted: nobody could know of them. */
function unknowable(passed: readonly Passed[]): string[] {
  return passed
    .filter(({ method, path, status }) => method === 'POST' && path.startsWith('/identities?') && status === 201)
    .map(({ answer = '' }) => (JSON.parse(answer) as { identity: { id: string } }).identity.id)
    .filter((id) => {
      const key = `l!`;
      const name = Buffer.from(id).toString('base64url');
      return !passed.some(({ path, wasForwarded }) => wasForwarded && path.includes(key) && path.includes(name));
    });
}

test(
  `${KILLED_RUNS} runs whose process was killed leave nobody who could be known of`,
  async () => {
    app = await startApp(settings);
    // makes the table, with requests that later runs don't have
    await runOnce(undefined);
    const boundariesOf: [Fault | undefined, number][] = [];
    for (const fault of FAULTS) boundariesOf.push([fault, (await runOnce(fault)).length]);
    expect(emulator.users()).toEqual([]);

    const plan = boundariesOf.flatMap(([fault, requests]) =>
      Array.from({ length: requests * 2 }, (_, i): [Fault | undefined, Boundary] => [
        fault,
        { request: i >> 1, side: i % 2 === 0 ? 'before' : 'after' },
      ]),
    );
    const lost: string[] = [];
    for (let i = 0; i < KILLED_RUNS; i += 1) {
      const [fault, boundary] = plan[i % plan.length] ?? [];
      lost.push(...unknowable(await runOnce(fault, boundary)));
    }
    const leftBefore = emulator.users().length;
    lines.push(...app.lines);
    await app.stop();

    aheadMs = LATER_MS;
    app = await startApp({ ...settings, TEST_CLOCK_AHEAD_MS: String(LATER_MS) });
    await app.fireTimer();
    started += 1;
    lines.push(...app.lines);

    // one that the ledger does not have may be in the record of its run
    const existing = emulator.users().map(({ id }) => id);
    expect(lost).toEqual(expect.arrayContaining(existing));
    expect(leftBefore).toBeGreaterThanOrEqual(existing.length);
    process.stdout.write(
      `${KILLED_RUNS} runs were killed: ${leftBefore} users were left, ${existing.length} of them could not be known of.\n`,
    );
    const running = await app.call('GET', 'runs?status=Running');
    expect(running.body.value).toEqual([]);
    const aborted = (await app.call('GET', 'runs?status=Aborted&top=250')).body.value as Run[];
    expect(aborted.length).toBeGreaterThan(KILLED_RUNS / 2);
    for (const run of aborted)
      expect(run).toMatchObject({ cleanup: expect.stringMatching(/^(Clean|NotNeeded|Unknown)$/) as string });
    // a user that nobody could know of is one of a run that says so
    const unknown = aborted.filter(({ cleanup }) => cleanup === 'Unknown').length;
    // but for runs whose process died before their first row was written
    const recorded = Object.values((await app.call('GET', 'runs/statistics')).body.counts as Record<string, number>);
    const unrecorded = started - recorded.reduce((sum, count) => sum + count, 0);
    expect(unknown).toBeGreaterThanOrEqual(existing.length - unrecorded);
    expect((await app.call('GET', 'runs/statistics')).body).toMatchObject({
      usersLeftBehind: 0,
      usersUnknown: unknown,
    });
  },
  60_000 + KILLED_RUNS * 3_000,
);

test('no token and no key is in a row of the history, or in a line of the log', async () => {
  const rows: string[] = [];
  const client = TableClient.fromConnectionString(storage.connectionString, TABLE_NAME, {
    allowInsecureConnection: true,
  });
  for await (const row of client.listEntities()) rows.push(JSON.stringify(row));
  expect(rows.length).toBeGreaterThan(KILLED_RUNS);
  expect(tokens.size).toBeGreaterThan(KILLED_RUNS / 2);
  const kept = [...rows, ...lines].join('\n');
  const storageKey = /AccountKey=([^;]+)/.exec(storage.connectionString)?.[1] ?? '';
  for (const secret of [...tokens, emulator.accessKey, storageKey]) {
    expect(kept.includes(secret)).toBe(false);
    expect(kept.includes(secret.split('.').at(-1) ?? secret)).toBe(false);
  }
});
