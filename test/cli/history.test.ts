// The history of an app: through its URLs with a key, and its ledger in the storage account.
import type { Server } from 'node:http';
import { TableServiceClient } from '@azure/data-tables';
import { createIdentityEmulator, DEFAULT_ACCESS_KEY, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { openHistory, type History } from '../../src/history/openHistory';
import { newRunId } from '../../src/runs/runId';
import { resourceOf } from '../../src/identity/identityTypes';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { startKeyGate } from '../dashboard/keyGate';
import { acsIdentity, written } from './command';

const KEY = 'the-key-of-function-runs==';
const ACCOUNT_KEY = /AccountKey=([^;]+)/;
let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;
let history: History;
let gate: { url: string; seen: string[]; server: Server };

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  app = await startApp({
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    WORKFLOW_CHECKS: 'tokenAccepted',
  });
  gate = await startKeyGate(app.host.port, KEY);
  const place = { kind: 'connectionString', setting: 'X', connectionString: storage.connectionString } as const;
  history = openHistory(place, 'local-identity-lifecycle');
});
/** What a test has started, to be stopped also if it fails. */
const others: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(others.map((stop) => stop()));
  gate.server.closeAllConnections();
  gate.server.close();
  await app.stop();
  await storage.stop();
  await emulator.close();
});

const looking = (...args: string[]) =>
  acsIdentity([...args, '--app', gate.url, '--key-env', 'APP_KEY'], { APP_KEY: KEY });

describe('runs of an app', () => {
  let good: string;
  let bad: string;
  beforeAll(async () => {
    good = String((await app.call('POST', 'runs')).body.id);
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 403,
      body: { error: { code: 'Denied', message: 'no' } },
    });
    bad = String((await app.call('POST', 'runs')).body.id);
  });

  test('are listed newest first, with the reason of a failure', async () => {
    const { exitCode, out, err } = await looking('runs', 'list');
    expect(err).toBe('');
    expect(exitCode).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^STARTED \(UTC\) +STATUS +SECONDS +TRIGGER +RUN +FAILING STEP$/);
    expect(lines[1]).toMatch(new RegExp(`^20\\S+ \\S+ +Failed +[\\d.]+ +Manual +${bad} +Issue_a_user_access_token$`));
    expect(lines[2]).toContain('ActionFailed: Issue_a_user_access_token failed: ConnectionDenied');
    expect(lines[3]).toContain(good);
  });

  test('are filtered, and told when there are more', async () => {
    expect((await looking('runs', 'list', '--status', 'Succeeded')).out).not.toContain(bad);
    expect((await looking('runs', 'list', '--top', '1')).out).toContain('There are more');
    expect((await looking('runs', 'list', '--connection', 'Nowhere')).out).toBe('There is no such run.\n');
    const json = await looking('runs', 'list', '--output', 'json');
    expect((JSON.parse(json.out) as { id: string }[]).map(({ id }) => id)).toEqual([bad, good]);
  });

  test('are shown with their steps, the latest by that name', async () => {
    const shown = await looking('runs', 'show', good);
    expect(shown.exitCode).toBe(0);
    expect(shown.out).toMatch(/✓ Issue_a_user_access_token +Succeeded +OK[\s\S]*\(redacted, sha256 [0-9a-f]{12}\)/);
    expect(shown.out).toMatch(/^ {6}tokenAccepted +Passed$/m);
    const latest = await looking('runs', 'show', 'latest', '--output', 'json');
    expect(JSON.parse(latest.out)).toMatchObject({ id: bad, status: 'Failed' });
  });

  test('are started, shown with their steps, and kept in the history of the app', async () => {
    const started = await looking('runs', 'start', '--scopes', 'chat,voip', '--expires-in-minutes', '90');
    expect(started.err).toBe('');
    expect(started.exitCode).toBe(0);
    expect(started.out).toMatch(/✓ Issue_a_user_access_token +Succeeded +OK[\s\S]*scopes chat, voip/);
    const [id] = /\d{29}CU00/.exec(started.out) ?? [];
    const shown = await looking('runs', 'show', String(id), '--output', 'json');
    expect(JSON.parse(shown.out)).toMatchObject({ id, trigger: { name: 'Manual', kind: 'Http' }, status: 'Succeeded' });

    emulator.addFault({ operation: 'createIdentity', status: 403, body: { error: { code: 'Denied', message: 'no' } } });
    const failed = await looking('runs', 'start', '--output', 'json');
    expect(failed.exitCode).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({ status: 'Failed', cleanup: 'NotNeeded' });
    const unknown = await looking('runs', 'start', '--connection', 'Nowhere');
    expect(unknown).toMatchObject({ exitCode: 1, err: expect.stringMatching(/^UnknownConnection: /) as string });
  });

  test('are not started while as many are running as the app allows: it says when to try again', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 2_500, count: 4 });
    const running = Array.from({ length: 4 }, () => app.call('POST', 'runs'));
    await new Promise((done) => setTimeout(done, 500));
    const refused = await looking('runs', 'start');
    expect(refused).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^TooManyRuns: .*Try again in 5 s/) as string,
    });
    await Promise.all(running);
    emulator.clearFaults();
  });

  test('the key goes in a header, never in a URL', () => {
    expect(gate.seen.length).toBeGreaterThan(5);
    expect(gate.seen.filter((path) => path.includes(KEY) || /code=/.test(path))).toEqual([]);
  });

  const mistakes: [string, string[], Record<string, string>, number, RegExp][] = [
    [
      'a wrong key',
      ['runs', 'list', '--key-env', 'APP_KEY'],
      { APP_KEY: 'wrong-key' },
      1,
      /refuses the key in environment variable APP_KEY/,
    ],
    ['a variable that is not set', ['runs', 'list', '--key-env', 'APP_KEY'], {}, 2, /APP_KEY is not set/],
    ['no such run', ['runs', 'show', `${'1'.repeat(29)}CU00`], { ACS_IDENTITY_APP_KEY: KEY }, 1, /^RunNotFound: /],
    ['no id at all', ['runs', 'show', '../users'], { ACS_IDENTITY_APP_KEY: KEY }, 2, /not the id of a run/],
    [
      'a bad time',
      ['runs', 'list', '--since', 'yesterday'],
      { ACS_IDENTITY_APP_KEY: KEY },
      1,
      /^InvalidRequest: .*\n? *since/,
    ],
  ];
  test.each(mistakes)('%s is told', async (_name, args, variables, code, expected) => {
    const { exitCode, err } = await acsIdentity([...args, '--app', gate.url], variables);
    expect(err).toMatch(expected);
    expect(exitCode).toBe(code);
  });

  test('no app there is told', async () => {
    const { exitCode, err } = await acsIdentity(['runs', 'list', '--app', emulator.endpoint]);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/has no such function: is --app the right one|but not as this app does/);
  });
});

describe('users that runs left', () => {
  const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000;
  async function leave(minutes: number, connection = 'AcsIdentity'): Promise<string> {
    const { out } = await acsIdentity(['user', 'create', '--connection-string-env', 'ACS', '--output', 'id'], {
      ACS: emulator.connectionString,
    });
    const userId = out.trim();
    const runId = newRunId(minutesAgo(minutes));
    const madeAt = new Date(minutesAgo(minutes)).toISOString();
    await history.ledger.add({ userId, runId, connection, resourceId: resourceOf(userId), madeAt });
    return userId;
  }
  const sweeping = (...args: string[]) =>
    acsIdentity(['sweep', '--storage-connection-string-env', 'STORAGE', ...args], {
      STORAGE: storage.connectionString,
      ACS: emulator.connectionString,
    });
  const exists = (userId: string) => emulator.users().some(({ id }) => id === userId);

  test('are listed without touching them, then deleted; those of another connection are named', async () => {
    const [old, young, other] = [await leave(6), await leave(1), await leave(6, 'Second')];
    const dry = await sweeping('--dry-run');
    expect(dry.exitCode).toBe(1);
    expect(dry.out).toMatch(/^Runs left 2 users:\n/);
    expect(dry.out).toContain(old);
    expect([old, young, other].every(exists)).toBe(true);

    const swept = await sweeping('--connection-string-env', 'ACS');
    expect(swept.exitCode).toBe(1);
    expect(swept.out).toMatch(/^Deleted 1 user; closed 0 dead runs\.\n/);
    expect(swept.out).toContain('made on connection Second: sweep that one with --connection Second');
    expect([old, young, other].map(exists)).toEqual([false, true, true]);

    const rest = await sweeping('--connection-string-env', 'ACS', '--connection', 'Second', '--output', 'json');
    expect(JSON.parse(rest.out)).toEqual({ deleted: 1, left: [], closed: 0, isCutShort: false });
    expect(rest.exitCode).toBe(0);
    expect(exists(other)).toBe(false);
  });

  test('waits while ACS throttles, says so, and goes on', async () => {
    const users = [await leave(6), await leave(6), await leave(6)];
    emulator.addFault({ operation: 'deleteIdentity', status: 429, headers: { 'Retry-After': '2' }, count: 3 });
    const swept = await sweeping('--connection-string-env', 'ACS', '--output', 'json');
    expect(swept.err).toBe('ACS is throttling this resource: waiting 2 s, as it asks.\n');
    expect(JSON.parse(swept.out)).toMatchObject({ deleted: 3, left: [] });
    expect(users.filter(exists)).toEqual([]);
  });

  test('a user that is gone is removed from the ledger with --probe, which leaves no user, where ACS does not say that it was deleted', async () => {
    const acs = await createIdentityEmulator({ deletedUsers: 401 });
    others.push(() => acs.close());
    const [runId, madeAt] = [newRunId(minutesAgo(6)), new Date(minutesAgo(6)).toISOString()];
    const { resourceId } = acs;
    const userId = `8:acs:${resourceId}_00000017-ceff-3baa-6763-563a0d007797`;
    const place = { kind: 'connectionString', setting: 'X', connectionString: storage.connectionString } as const;
    const { ledger } = openHistory(place, 'gone-identity-lifecycle');
    // a user of a young run, which is not touched
    const young = {
      userId: '8:acs:x',
      runId: newRunId(Date.now()),
      connection: 'AcsIdentity',
      resourceId: 'x',
      madeAt,
    };
    await ledger.add(young);
    await ledger.add({ userId, runId, connection: 'AcsIdentity', resourceId, madeAt });
    const variables = { STORAGE: storage.connectionString, ACS: acs.connectionString };
    const args = [
      'sweep',
      '--storage-connection-string-env',
      'STORAGE',
      '--connection-string-env',
      'ACS',
      '--site',
      'gone',
    ];
    const without = await acsIdentity(args, variables);
    expect(without.exitCode).toBe(1);
    expect(without.out).toMatch(/it was deleted, or belongs to another resource[\s\S]*add --probe/);
    expect(await acsIdentity([...args, '--probe'], variables)).toEqual({
      exitCode: 0,
      out: 'Deleted 1 user; closed 0 dead runs.\n',
      err: '',
    });
    expect(acs.users()).toEqual([]);
    // the user of the probe is no longer in the ledger either
    expect(await ledger.list({ startedBefore: Date.now() + 1_000 })).toEqual([young]);
  });

  test('are found with the option of version 0.1.0 for the storage account too, but not with both', async () => {
    const variables = { STORAGE: storage.connectionString };
    const old = await acsIdentity(['sweep', '--storage-env', 'STORAGE', '--dry-run'], variables);
    expect(old).toMatchObject({ exitCode: 0, err: '' });
    const both = ['--storage-env', 'STORAGE', '--storage-connection-string-env', 'STORAGE'];
    expect(await acsIdentity(['sweep', ...both, '--dry-run'], variables)).toMatchObject({ exitCode: 2, out: '' });
  });

  test.each([['Local'], ['another-app']])('of a site %s that the table does not have are an error', async (site) => {
    await history.ledger.add({
      userId: '8:acs:x',
      runId: newRunId(Date.now()),
      connection: 'AcsIdentity',
      resourceId: 'x',
      madeAt: new Date().toISOString(),
    });
    for (const args of [['--dry-run'], ['--connection-string-env', 'ACS']]) {
      const { exitCode, err, out } = await sweeping('--site', site, ...args);
      expect(exitCode).toBe(2);
      expect(out).toBe('');
      expect(err).toContain(`has no rows of site '${site}' (partition '${site}-identity-lifecycle')`);
      expect(err).toContain('rows of these sites: gone, local.');
    }
  });

  test('in an account without the table are an error, and no table is made', async () => {
    const other = await startStorage({ port: 0, inMemory: true, tableOnly: true });
    others.push(() => other.stop());
    const variables = { STORAGE: other.connectionString, ACS: emulator.connectionString };
    for (const args of [['--dry-run'], ['--connection-string-env', 'ACS']]) {
      const { exitCode, err } = await acsIdentity(
        ['sweep', '--storage-connection-string-env', 'STORAGE', ...args],
        variables,
      );
      expect(err).toMatch(/^This storage account has no table AcsIdentityRuns\./);
      expect(exitCode).toBe(2);
    }
    const service = TableServiceClient.fromConnectionString(other.connectionString, { allowInsecureConnection: true });
    const tables: unknown[] = [];
    for await (const table of service.listTables()) tables.push(table);
    expect(tables).toEqual([]);
  });

  test('are swept with Entra ID where there are no keys: the help names the options and the roles', async () => {
    const { out } = await acsIdentity(['sweep', '--help']);
    expect(out).toMatch(/--table-endpoint https:\S+ --endpoint https:/);
    expect(out).toMatch(/Storage Table Data Contributor/);
    expect(out).toMatch(/on the ACS resource +the role of the app's identity: Contributor/);
  });

  test.each([
    ['no storage', ['sweep', '--dry-run'], 2, /Give --storage-connection-string-env or --table-endpoint/],
    [
      'no ACS connection',
      ['sweep', '--storage-connection-string-env', 'STORAGE'],
      2,
      /Give --connection-string-env or --endpoint/,
    ],
    [
      'a storage that is none',
      ['sweep', '--storage-connection-string-env', 'BROKEN', '--dry-run'],
      2,
      /^Misconfigured: Setting 'BROKEN' is not the connection string of a storage account/,
    ],
    [
      'a storage that is down',
      ['sweep', '--storage-connection-string-env', 'DOWN', '--dry-run'],
      1,
      /^StorageUnavailable: /,
    ],
    [
      'a table endpoint that is none',
      ['sweep', '--table-endpoint', 'http://x', '--dry-run'],
      2,
      /--table-endpoint must look like/,
    ],
  ] as const)('%s is told', async (_name, args, code, expected) => {
    const { exitCode, err } = await acsIdentity([...args], {
      STORAGE: storage.connectionString,
      BROKEN: 'AccountKey=c2VjcmV0c2VjcmV0',
      DOWN: storage.connectionString.replace(/:\d+\//g, ':1/'),
    });
    expect(err).toMatch(expected);
    expect(exitCode).toBe(code);
  });
});

test('nothing that was written holds a key or a token', () => {
  const accountKey = ACCOUNT_KEY.exec(storage.connectionString)?.[1] ?? '';
  expect(accountKey.length).toBeGreaterThan(20);
  const secrets = [KEY, DEFAULT_ACCESS_KEY, accountKey, 'wrong-key', 'c2VjcmV0c2VjcmV0'];
  expect(written.length).toBeGreaterThan(30);
  expect(written.filter((text) => /eyJ[\w-]{6,}\./.test(text) || secrets.some((one) => text.includes(one)))).toEqual(
    [],
  );
});
