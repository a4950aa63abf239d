import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import type { Run } from '../../src/runs/run';
import { startApp, type AppUnderTest, type Answer } from './appUnderTest';
import { fixedPort } from '../fixedPort';

let app: AppUnderTest;
afterEach(() => app.stop());

interface Check {
  name: string;
  status: string;
  code?: string;
}
const checks = ({ body }: Answer) =>
  Object.fromEntries(
    (body.checks as Check[]).map(({ name, status, code }) => [name, code === undefined ? status : `${status} ${code}`]),
  );

test('health says what was seen, of settings, storage and ACS, before, during and after an outage', async () => {
  let emulator: IdentityEmulator = await createIdentityEmulator({ port: await fixedPort() });
  let storage: RunningStorage = await startStorage({ port: await fixedPort(), inMemory: true, tableOnly: true });
  const { port } = emulator;
  const { tablePort } = storage;
  app = await startApp({ AcsIdentity: emulator.connectionString, AzureWebJobsStorage: storage.connectionString });

  const fresh = await app.call('GET', 'health');
  expect([fresh.status, fresh.body.status]).toEqual([200, 'Healthy']);
  expect(checks(fresh)).toEqual({
    settings: 'Healthy',
    schedule: 'Healthy',
    storage: 'Unknown',
    'acs:AcsIdentity': 'Unknown',
  });
  expect((await app.call('HEAD', 'health')).status).toBe(200);

  expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
  expect(checks(await app.call('GET', 'health'))).toEqual({
    settings: 'Healthy',
    schedule: 'Healthy',
    storage: 'Healthy',
    'acs:AcsIdentity': 'Healthy',
  });

  await emulator.close();
  expect((await app.call('GET', 'health/deep')).status).toBe(503);
  expect((await app.call('GET', 'health')).status).toBe(503);
  const run = (await app.call('POST', 'runs')).body as unknown as Run;
  expect(run).toMatchObject({ status: 'Failed', recorded: true, cleanup: 'NotNeeded' });
  expect(run.error?.message).toContain('ECONNREFUSED');
  const noAcs = await app.call('GET', 'health');
  expect([noAcs.status, noAcs.body.status, checks(noAcs)['acs:AcsIdentity']]).toEqual([
    503,
    'Unhealthy',
    'Unhealthy ServiceUnavailable',
  ]);

  emulator = await createIdentityEmulator({ port });
  expect((await app.call('POST', 'users')).status).toBe(201);
  expect((await app.call('GET', 'health')).status).toBe(200);

  await storage.stop();
  const users = emulator.users().length;
  const started = Date.now();
  const answer = await app.call('POST', 'runs');
  expect(Date.now() - started).toBeLessThan(17_000);
  expect(answer.headers.get('x-ms-workflow-run-recorded')).toBe('false');
  expect(answer.body).toMatchObject({
    status: 'Succeeded',
    cleanup: 'Clean',
    recorded: false,
    recordError: { code: 'StorageUnavailable' },
  });
  expect(emulator.users()).toHaveLength(users);
  expect((await app.call('POST', 'users')).status).toBe(201);
  expect((await app.call('GET', 'runs')).body.error?.code).toBe('StorageUnavailable');
  const noStorage = await app.call('GET', 'health');
  expect([noStorage.status, checks(noStorage).storage]).toEqual([503, 'Unhealthy StorageUnavailable']);

  storage = await startStorage({ port: tablePort, inMemory: true, tableOnly: true });
  expect((await app.call('POST', 'runs')).body).toMatchObject({ status: 'Succeeded', recorded: true });
  expect((await app.call('GET', 'health')).body.status).toBe('Healthy');
  await Promise.all([emulator.close(), storage.stop()]);
}, 90_000);

test('without storage runs are kept in memory, and health says so', async () => {
  const emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString });
  const { id } = (await app.call('POST', 'runs')).body;
  expect((await app.call('GET', `runs/${id}`)).status).toBe(200);
  const health = await app.call('GET', 'health');
  expect([health.status, health.body.status, checks(health).storage]).toEqual([200, 'Degraded', 'Degraded InMemory']);
  await emulator.close();
});

test('health/deep asks, and what it finds is then what health says; its answer is kept for a while', async () => {
  const emulator = await createIdentityEmulator();
  app = await startApp({
    AcsIdentity: emulator.connectionString,
    IDENTITY_CONNECTIONS: 'AcsIdentity,Wrong',
    Wrong: `endpoint=${emulator.endpoint};accesskey=d3Jvbmc=`,
  });
  const deep = await app.call('GET', 'health/deep');
  expect(deep.status).toBe(503);
  expect(checks(deep)).toEqual({
    settings: 'Healthy',
    schedule: 'Degraded ScheduleOff',
    storage: 'Degraded InMemory',
    'acs:AcsIdentity': 'Healthy',
    'acs:Wrong': 'Unhealthy ConnectionDenied',
  });
  const requests = emulator.requests().length;
  expect(requests).toBe(2);
  await Promise.all([app.call('GET', 'health/deep'), app.call('GET', 'health/deep')]);
  expect((await app.call('GET', 'health')).status).toBe(503);
  expect(emulator.requests()).toHaveLength(requests);
  expect(emulator.users()).toHaveLength(0);
  await emulator.close();
});

test('a setting that is missing or malformed is named by health, not shown', async () => {
  app = await startApp({ AcsIdentity: 'endpoint=https://contoso.communication.azure.com/;accesskey=SENTINEL!' });
  const health = await app.call('GET', 'health');
  expect(health.status).toBe(503);
  expect(checks(health).settings).toBe('Unhealthy Misconfigured');
  expect(health.text).toContain("'AcsIdentity'");
  expect(health.text).not.toContain('SENTINEL');
});

test('one client for the life of the process: many calls, one socket', async () => {
  const emulator = await createIdentityEmulator();
  app = await startApp({ AcsIdentity: emulator.connectionString });
  for (let n = 0; n < 40; n += 1) expect((await app.call('POST', 'users')).status).toBe(201);
  expect(emulator.sockets().opened).toBe(1);
  await emulator.close();
});
