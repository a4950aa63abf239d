// State, notifications, metrics, badge and the commands of operators, on the built app: two instances over one storage.
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { acsIdentity } from '../cli/command';
import { startReceiver, type Receiver } from '../status/receiver';
import { startApp, type AppUnderTest } from './appUnderTest';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let receiver: Receiver;
let one: AppUnderTest;
let two: AppUnderTest;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  receiver = await startReceiver();
  const settings = {
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    NOTIFY_WEBHOOK_URL: `${receiver.url}/hook?sig=c2VjcmV0LXNpZ25hdHVyZQ`,
    HEARTBEAT_URL: `${receiver.url}/beat`,
    PUBLIC_STATUS: 'true',
  };
  one = await startApp(settings);
  two = await startApp({ ...settings, WORKFLOW_STEP_BUDGET_MS: '1' });
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await receiver.close();
  await storage.stop();
  await emulator.close();
});

const sent = () =>
  receiver.received
    .filter(({ path }) => path.startsWith('/hook'))
    .map(({ body }) => (JSON.parse(body) as { type: string }).type.replace('acs-identity.connection.', ''));
const state = async (app: AppUnderTest) =>
  ((await app.call('GET', 'runs/statistics')).body['connections'] as { state: string }[])[0]?.state;
const cli = (app: AppUnderTest, ...args: string[]) =>
  acsIdentity([...args, '--app', `http://127.0.0.1:${app.host.port}`]);

test('scheduled runs change the state on every instance, each change is sent once, and each run has a heartbeat', async () => {
  expect(await state(one)).toBe('Unknown');
  await one.fireTimer();
  expect([await state(one), await state(two)]).toEqual(['Healthy', 'Healthy']);
  expect((await cli(one, 'status')).exitCode).toBe(0);
  emulator.addFault({ operation: 'issueAccessToken', status: 403, count: 2 });
  await two.fireTimer();
  await one.fireTimer();
  expect([await state(one), await state(two)]).toEqual(['Failing', 'Failing']);
  const failing = await cli(two, 'status');
  expect(failing.exitCode).toBe(1);
  expect(failing.out).toMatch(/AcsIdentity {2}Failing since 20\d\d-/);
  expect(failing.out).toMatch(/reason +Issue_a_user_access_token: ConnectionDenied: /);
  expect(failing.out).toContain('not healthy   2 run(s)');
  await two.fireTimer();
  expect(await state(one)).toBe('Slow');
  await one.fireTimer();
  expect(sent()).toEqual(['failing', 'slow', 'recovered']);
  expect(receiver.received.filter(({ path }) => path.startsWith('/beat')).map(({ path }) => path)).toEqual([
    ...['/beat', '/beat/fail', '/beat/fail', '/beat', '/beat'],
  ]);
  const { body } = await two.call('GET', 'runs/incidents');
  expect(body['value']).toMatchObject([{ connection: 'AcsIdentity', states: ['Failing', 'Slow'], runs: 3 }]);
  expect([...one.lines, ...two.lines].join('\n')).not.toContain('c2VjcmV0');
}, 60_000);

test('a manual run that fails changes no state', async () => {
  emulator.addFault({ operation: 'createIdentity', status: 403 });
  expect((await one.call('POST', 'runs')).body.status).toBe('Failed');
  expect(await state(one)).toBe('Healthy');
});

test('a sample is sent by the command, which shows the answer', async () => {
  receiver.next.push(403);
  const refused = await cli(one, 'notify', 'test');
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.out).toMatch(/Not delivered: the receiver answered 403\.\nThe receiver answered 403: no/);
  expect(await cli(one, 'notify', 'test')).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^Delivered in \d+ ms/) as string,
  });
  expect((await one.call('POST', 'runs/notify-test?connection=Nobody')).body.error?.code).toBe('UnknownConnection');
});

test('metrics are the same on every instance', async () => {
  const read = async (app: AppUnderTest) => {
    const response = await fetch(`http://127.0.0.1:${app.host.port}/api/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return response.text();
  };
  const text = await read(one);
  expect(await read(two)).toBe(text);
  expect(text).toContain('acs_identity_state{connection="AcsIdentity",state="Healthy"} 1\n');
  expect(text).toContain('acs_identity_state{connection="AcsIdentity",state="Failing"} 0\n');
  expect(text).toMatch(/acs_identity_runs\{connection="AcsIdentity",status="Failed",window="24h"\} 3\n/);
  expect(text).toMatch(/acs_identity_run_duration_p95_seconds\{connection="AcsIdentity"\} 0\.\d+\n/);
});

test('the badge shows the state to anybody, and nothing else', async () => {
  const { status, headers, body } = await one.call('GET', 'badge');
  expect({ status, body }).toEqual({
    status: 200,
    body: { schemaVersion: 1, label: 'ACS identity', message: 'healthy', color: 'brightgreen', cacheSeconds: 60 },
  });
  expect(headers.get('cache-control')).toBe('public, max-age=60');
});

test('the badge is off unless it is switched on', async () => {
  const closed = await startApp({ AcsIdentity: emulator.connectionString });
  expect((await closed.call('GET', 'badge')).body.error).toMatchObject({ code: 'NotEnabled', target: 'PUBLIC_STATUS' });
  expect((await closed.call('POST', 'runs/notify-test')).body.error?.code).toBe('NotEnabled');
  await closed.stop();
});
