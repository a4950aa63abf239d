import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import type { Run } from '../../src/runs/run';
import { startApp, type AppUnderTest } from './appUnderTest';
import { requestsOf, stepsOf } from '../fourSteps';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;

beforeAll(async () => {
  [emulator, storage] = await Promise.all([
    createIdentityEmulator(),
    startStorage({ port: 0, inMemory: true, tableOnly: true }),
  ]);
});
afterAll(() => Promise.all([emulator.close(), storage.stop()]));
afterEach(async () => {
  emulator.clearFaults();
  emulator.clearRequests();
  await app.stop();
});

const asRun = (body: unknown) => body as Run;
const settings = () => ({ AcsIdentity: emulator.connectionString, AzureWebJobsStorage: storage.connectionString });

describe.each(['connection', 'functions'] as const)('runs with WORKFLOW_TARGET=%s', (target) => {
  const start = async (more: Record<string, string> = {}) => {
    app = await startApp({ ...settings(), WORKFLOW_TARGET: target, WEBSITE_SITE_NAME: `test-${target}`, ...more });
  };

  test('a run goes through all steps, is found again, and leaves no user', async () => {
    await start();
    const users = emulator.users().length;
    const answer = await app.call(
      'POST',
      'runs',
      { createTokenWithScopes: ['voip'], scopes: ['chat', 'voip.join'], expiresInMinutes: 90 },
      { 'x-ms-client-tracking-id': `order-${target}` },
    );
    const run = asRun(answer.body);
    expect(answer.status).toBe(201);
    expect(run.error).toBeUndefined();
    expect(run).toMatchObject({
      status: 'Succeeded',
      cleanup: 'Clean',
      target,
      recorded: true,
      connection: 'AcsIdentity',
      trigger: { name: 'Manual' },
      correlation: { clientTrackingId: `order-${target}` },
    });
    expect(stepsOf(run).map(({ status, code }) => `${status} ${code}`)).toEqual([
      'Succeeded Created',
      'Succeeded OK',
      'Succeeded NoContent',
      'Succeeded NoContent',
    ]);
    expect(answer.headers.get('location')).toBe(`/api/runs/${run.id}`);
    expect(answer.headers.get('x-ms-workflow-run-id')).toBe(run.id);
    expect(answer.headers.get('x-ms-workflow-run-status')).toBe('Succeeded');
    expect(answer.headers.get('x-ms-client-tracking-id')).toBe(`order-${target}`);
    expect(answer.text).not.toContain('eyJ');
    expect(emulator.users()).toHaveLength(users);

    const again = asRun((await app.call('GET', `runs/${run.id}`)).body);
    expect({ ...again, recorded: true }).toEqual(run);
    const listed = (await app.call('GET', `runs?clientTrackingId=order-${target}`)).body.value as Run[];
    expect(listed.map(({ id }) => id)).toEqual([run.id]);
    expect((await app.call('GET', 'runs/latest?maxAgeMinutes=5')).body.id).toBe(run.id);
  });

  test('retries stand in the retry history of their step, and the run succeeds', async () => {
    await start();
    emulator.addFault({ operation: 'issueAccessToken', status: 503, count: 2 });
    const run = asRun((await app.call('POST', 'runs')).body);
    expect(run.status).toBe('Succeeded');
    expect(stepsOf(run)[1]?.retryHistory?.map(({ code, error }) => [code, error?.code])).toEqual([
      ['ServiceUnavailable', 'ServiceUnavailable'],
      ['ServiceUnavailable', 'ServiceUnavailable'],
    ]);
    expect(stepsOf(run)[0]).not.toHaveProperty('retryHistory');
    expect(
      requestsOf(run, emulator.requests()).filter(({ operation }) => operation === 'issueAccessToken'),
    ).toHaveLength(3);
  });

  test('a reset while a user is created is not repeated, and the run is Failed', async () => {
    await start();
    emulator.addFault({ operation: 'createIdentity', reset: 'before', count: 9 });
    const run = asRun((await app.call('POST', 'runs')).body);
    expect(run).toMatchObject({ status: 'Failed', cleanup: 'Unknown' });
    expect(stepsOf(run).map(({ status }) => status)).toEqual(['Failed', 'Skipped', 'Skipped', 'Skipped']);
    expect(emulator.requests()).toHaveLength(1);
  });

  test('a step that fails leaves the verdict Failed and no user', async () => {
    await start();
    const users = emulator.users().length;
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 400,
      body: { error: { code: 'ValidationError', message: 'No.' } },
    });
    const answer = await app.call('POST', 'runs?failOnError=true');
    const run = asRun(answer.body);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-ms-workflow-run-status')).toBe('Failed');
    expect(run.error?.message).toContain(
      'Issue_a_user_access_token failed: InvalidRequest: ACS refuses the request: No.',
    );
    expect(stepsOf(run).map(({ status, code }) => [status, code])).toEqual([
      ['Succeeded', 'Created'],
      ['Failed', 'BadRequest'],
      ['Skipped', 'ActionSkipped'],
      ['Succeeded', 'NoContent'],
    ]);
    expect(emulator.users()).toHaveLength(users);
  });

  test('the timer runs the workflow, records it as Recurrence, and a failed run fails its invocation', async () => {
    await start();
    expect(await app.fireTimer()).toContain('(Succeeded,');
    const latest = asRun((await app.call('GET', 'runs/latest')).body);
    expect(latest).toMatchObject({
      status: 'Succeeded',
      trigger: { name: 'Recurrence', kind: 'Timer', isPastDue: false },
      target,
    });
    emulator.addFault({ operation: 'revokeAccessTokens', status: 401, count: 9 });
    expect(await app.fireTimer()).toContain('(Failed,');
    expect((await app.call('GET', 'runs?status=Failed&top=1')).body.value).toMatchObject([
      { trigger: { name: 'Recurrence' }, cleanup: 'Clean' },
    ]);
    expect(app.lines.join('\n')).toContain('Revoke_user_access_tokens: Failed');
  });
});

test('scheduled runs test every connection that is named, each with a run', async () => {
  const second = await createIdentityEmulator();
  app = await startApp({
    ...settings(),
    IDENTITY_CONNECTIONS: 'AcsIdentity,Second',
    Second: second.connectionString,
    WORKFLOW_CONNECTIONS: 'AcsIdentity,Second',
    WEBSITE_SITE_NAME: 'test-two',
  });
  await app.fireTimer();
  for (const connection of ['AcsIdentity', 'Second']) {
    expect((await app.call('GET', `runs?connection=${connection}`)).body.value).toMatchObject([
      { status: 'Succeeded', connection },
    ]);
  }
  await second.close();
});

test('pages of runs follow nextLink, which is relative and has no key in it', async () => {
  app = await startApp({ ...settings(), WEBSITE_SITE_NAME: 'test-pages' });
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(asRun((await app.call('POST', 'runs')).body).id);
  const seen: string[] = [];
  let link: string | undefined = '/api/runs?top=2&status=Succeeded&code=SENTINEL';
  while (link !== undefined) {
    const { body } = await app.call('GET', link.replace('/api/', ''));
    seen.push(...(body.value as Run[]).map(({ id }) => id));
    link = body.nextLink as string | undefined;
    expect(link ?? '').not.toContain('SENTINEL');
    expect(link ?? '/api/runs?').toMatch(/^\/api\/runs\?/);
  }
  expect(seen).toEqual(ids);
});

test('many calls at once, and many runs, leave no warning of the process in the log', async () => {
  app = await startApp({ AcsIdentity: emulator.connectionString });
  const created = await Promise.all(Array.from({ length: 30 }, () => app.call('POST', 'users')));
  const paths = created.map(({ body }) => `users/${body.identity?.id ?? ''}/tokens`);
  const issued = await Promise.all(paths.map((path) => app.call('POST', path, { scopes: ['chat'] })));
  expect(issued.map(({ status }) => status)).toEqual(Array(30).fill(200));
  for (let n = 0; n < 12; n += 1) expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
  expect(app.lines.filter((line) => /warning|leak/i.test(line))).toEqual([]);
});
