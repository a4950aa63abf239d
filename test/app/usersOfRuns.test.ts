// No user that a run makes is lost, and none that it may have made is left out of the count, whatever goes wrong with ACS, storage and clocks.
import { createHmac } from 'node:crypto';
import { newRunId } from '../../src/runs/runId';
import type { Run } from '../../src/runs/run';
import type { AppUnderTest } from './appUnderTest';
import { startSurroundings, type Surroundings } from './appWithProxies';
import type { Asked } from './meddlingProxy';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { stepsOf } from '../fourSteps';

/** Runs that are younger may still be running. */
const LATER = { aheadMs: 6 * 60_000 };

let around: Surroundings;
let app: AppUnderTest | undefined;
let sites = 0;
let earlier = new Set<string>();

beforeAll(async () => {
  around = await startSurroundings();
});
afterAll(() => around.close());
afterEach(async () => {
  around.reset();
  await app?.stop();
  app = undefined;
});
beforeEach(() => {
  earlier = new Set(around.emulator.users().map(({ id }) => id));
  around.emulator.clearRequests();
});

/** Users of the test. */
const users = () =>
  around.emulator
    .users()
    .map(({ id }) => id)
    .filter((id) => !earlier.has(id));

/** A site of its own for each test: its history is its own partition. */
const newSite = () => `users-${(sites += 1)}`;
const ofLedger = ({ path, method }: Asked) => path.includes("RowKey='l!") && method !== 'GET' && method !== 'DELETE';

async function startRun(query = ''): Promise<Run> {
  if (app === undefined) throw new Error('start the app first');
  return (await app.call('POST', `runs${query}`)).body as unknown as Run;
}

async function reopen(site: string, clock = LATER, more: Record<string, string> = {}): Promise<AppUnderTest> {
  await app?.stop();
  app = undefined;
  return (app = await around.open({ WEBSITE_SITE_NAME: site, ...more }, clock));
}

const statistics = async () => (await app?.call('GET', 'runs/statistics'))?.body;

test('a user whose ledger row could not be written, and who could not be deleted, is deleted by a later scheduled run', async () => {
  const site = newSite();
  app = await around.open({ WEBSITE_SITE_NAME: site });
  around.tables.meddle = (asked) => (ofLedger(asked) ? { hang: true } : undefined);
  around.emulator.addFault({ operation: 'deleteIdentity', status: 403, count: 100 });
  const run = await startRun();
  const [userId = ''] = run.usersLeftBehind ?? [];
  expect(run).toMatchObject({ status: 'Failed', cleanup: 'Pending', recorded: true });
  expect(users()).toEqual([userId]);
  expect(app.lines.join('\n')).toContain(`User ${userId} of run ${run.id} could not be written to the ledger`);

  around.reset();
  app = await reopen(site);
  expect(await statistics()).toMatchObject({ usersLeftBehind: 1 });
  await app.fireTimer();
  expect(users()).toEqual([]);
  expect(await statistics()).toMatchObject({ usersLeftBehind: 0 });
  expect((await app.call('GET', `runs/${run.id}`)).body).toMatchObject({ status: 'Failed', cleanup: 'Clean' });
}, 60_000);

test('ACS that takes 11 s to create a user costs time, and no user', async () => {
  app = await around.open({ WEBSITE_SITE_NAME: newSite() });
  around.emulator.addFault({ operation: 'createIdentity', delayMs: 11_000 });
  expect(await startRun()).toMatchObject({ status: 'Succeeded', cleanup: 'Clean' });
  expect(users()).toEqual([]);
}, 40_000);

test.each(['connection', 'functions'])(
  'a user that ACS made and whose id never came is counted as unknown (%s)',
  async (target) => {
    app = await around.open({ WEBSITE_SITE_NAME: newSite(), WORKFLOW_TARGET: target });
    around.emulator.addFault({ operation: 'createIdentity', reset: 'after' });
    const run = await startRun();
    expect(users()).toHaveLength(1);
    expect(run).toMatchObject({ status: 'Failed', cleanup: 'Unknown' });
    expect((await app.call('GET', `runs/${run.id}`)).body).toMatchObject({ cleanup: 'Unknown' });
    expect(await statistics()).toMatchObject({ usersLeftBehind: 0, usersUnknown: 1 });
    expect(app.lines.join('\n')).toContain(`Run ${run.id}: ACS may have made a user whose id was not received`);
    // a run that ACS refused has nothing to be unsure of
    around.emulator.addFault({ operation: 'createIdentity', status: 403 });
    expect(await startRun()).toMatchObject({ status: 'Failed', cleanup: 'NotNeeded' });
    expect(await statistics()).toMatchObject({ usersUnknown: 1 });
  },
  40_000,
);

/** Waits until a running run shows `steps` steps. */
async function runningRun(steps: number): Promise<Run> {
  for (let tries = 0; tries < 200; tries += 1) {
    const page = (await app?.call('GET', 'runs?status=Running'))?.body.value as Run[];
    const [first] = page;
    if (first !== undefined) {
      const run = (await app?.call('GET', `runs/${first.id}`))?.body as unknown as Run;
      if (run.actions.length >= steps) return run;
    }
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('no run got that far');
}

test('a running run shows its user and the steps that ended, and keeps them when its process dies', async () => {
  const site = newSite();
  app = await around.open({ WEBSITE_SITE_NAME: site });
  around.emulator.addFault({ operation: 'revokeAccessTokens', delayMs: 20_000 });
  const answer = app.call('POST', 'runs').catch(() => undefined);
  const running = await runningRun(
    identityLifecycle.steps.findIndex(({ name }) => name === 'Revoke_user_access_tokens'),
  );
  const [user = ''] = users();
  expect(running).toMatchObject({ status: 'Running', cleanup: 'Pending', usersLeftBehind: [user] });
  expect(stepsOf(running).map(({ name, status }) => [name, status])).toEqual([
    ['Create_a_user', 'Succeeded'],
    ['Issue_a_user_access_token', 'Succeeded'],
  ]);
  expect(await statistics()).toMatchObject({ usersUnknown: 0 });
  process.kill(await around.pid(), 'SIGKILL');
  await answer;
  around.reset();

  app = await reopen(site);
  await app.fireTimer();
  const closed = (await app.call('GET', `runs/${running.id}`)).body as unknown as Run;
  expect(closed).toMatchObject({ status: 'Aborted', cleanup: 'Clean', error: { code: 'RunAborted' } });
  expect(closed.actions).toEqual(running.actions);
  expect(users()).toEqual([]);
}, 60_000);

test('a run that is killed while its user is being created can not know, and says so', async () => {
  const site = newSite();
  app = await around.open({ WEBSITE_SITE_NAME: site });
  around.emulator.addFault({ operation: 'createIdentity', delayMs: 1_500 });
  const answer = app.call('POST', 'runs').catch(() => undefined);
  const running = await runningRun(0);
  expect(running).toMatchObject({ cleanup: 'Unknown' });
  process.kill(await around.pid(), 'SIGKILL');
  await answer;
  await new Promise((done) => setTimeout(done, 1_600));
  expect(users()).toHaveLength(1);
  around.reset();

  app = await reopen(site);
  await app.fireTimer();
  expect((await app.call('GET', `runs/${running.id}`)).body).toMatchObject({ status: 'Aborted', cleanup: 'Unknown' });
  expect(await statistics()).toMatchObject({ usersLeftBehind: 0, usersUnknown: 1 });
}, 60_000);

test('a sweep that dies after the deletion leaves nothing that the next one does not clean up', async () => {
  const site = newSite();
  app = await around.open({ WEBSITE_SITE_NAME: site });
  around.emulator.addFault({ operation: 'deleteIdentity', status: 403, count: 100 });
  const run = await startRun();
  expect(run.cleanup).toBe('Pending');
  around.reset();

  app = await reopen(site);
  // from the deletion on, no transaction of this run gets through
  let deleted = false;
  around.acs.meddle = ({ method }) => {
    deleted ||= method === 'DELETE';
    return undefined;
  };
  around.tables.meddle = ({ path, body }) =>
    deleted && path.includes('$batch') && body.includes(run.id) ? { answer: { status: 400 } } : undefined;
  await app.fireTimer();
  expect(deleted).toBe(true);
  expect((await app.call('GET', `runs/${run.id}`)).body).toMatchObject({ cleanup: 'Pending' });
  around.reset();
  await app.fireTimer();
  expect((await app.call('GET', `runs/${run.id}`)).body).toMatchObject({ cleanup: 'Clean' });
  expect(await statistics()).toMatchObject({ usersLeftBehind: 0 });
}, 60_000);

test('a function that creates a user for a run records the user before it answers, and one that has no mark of a run does not', async () => {
  const site = newSite();
  const key = 'a-key-of-the-host';
  app = await around.open({ WEBSITE_SITE_NAME: site, WORKFLOW_FUNCTION_KEY: key });
  const marked = async (secret: string, expires = Date.now() + 60_000) => {
    const text = `${newRunId(Date.now())}.${expires}`;
    const signature = createHmac('sha256', `acs-identity-run:${secret}`).update(text).digest('base64url');
    const answer = await app?.call('POST', 'users', {}, { 'x-acs-identity-run': `${text}.${signature}` });
    return answer?.body.identity?.id ?? '';
  };
  const ofRun = await marked(key);
  const others = [await marked('another-key'), await marked(key, Date.now() - 1), await marked('')];
  expect(users()).toEqual([ofRun, ...others]);
  app = await reopen(site);
  await app.fireTimer();
  expect(users()).toEqual(others);
}, 60_000);
