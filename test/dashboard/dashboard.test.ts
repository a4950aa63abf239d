// The page in a real browser, served by the built app under the local host. SCREENSHOTS=DIR keeps pictures of it.
import type { Browser, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { openBrowser } from './browser';
import { startKeyGate } from './keyGate';
import { openTab, rows, shoot, sidewaysScroll, textOf, until, withBrowser, type Tab } from './tab';

let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;
let browser: Browser;
let tab: Tab;
let page: Page;

const address = () => `http://127.0.0.1:${app.host.port}/api/dashboard`;
const chartLabel = async () => (await page.getByRole('img').getAttribute('aria-label')) ?? '';

withBrowser('the page', () => {
  beforeAll(async () => {
    [emulator, storage] = await Promise.all([
      createIdentityEmulator(),
      startStorage({ port: 0, inMemory: true, tableOnly: true }),
    ]);
    app = await startApp({
      AcsIdentity: emulator.connectionString,
      AzureWebJobsStorage: storage.connectionString,
      WORKFLOW_SCHEDULE: '0 */5 * * * *',
      WORKFLOW_CREATE_SCOPES: 'voip',
      'AzureWebJobs.scheduledRun.Disabled': 'false',
    });
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.stop();
    await emulator.close();
    await storage.stop();
  });
  beforeEach(async () => {
    tab = await openTab(browser);
    ({ page } = tab);
  });
  afterEach(async () => {
    emulator.clearFaults();
    await tab.close([emulator.accessKey]);
  });

  test('is a shell without data, under a policy that lets it load nothing', async () => {
    const response = await fetch(address());
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(response.status).toBe(200);
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'/,
    );
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  test('says what to do while there is no run', async () => {
    await page.goto(address());
    await page.getByRole('heading', { name: 'There are no runs yet' }).waitFor();
    await page.getByRole('button', { name: 'Start the first run' }).waitFor();
    expect(await textOf(page)).toContain('Next run');
  });

  test('says that the schedule is off, and why', async () => {
    const withoutStorage = await startApp({
      AcsIdentity: emulator.connectionString,
      WORKFLOW_SCHEDULE: '0 */5 * * * *',
      AzureWebJobsStorage: '',
    });
    await page.goto(`http://127.0.0.1:${withoutStorage.host.port}/api/dashboard`);
    await page.getByText('AzureWebJobsStorage is missing').waitFor();
    await page.getByRole('heading', { name: 'Schedule is off' }).waitFor();
    await withoutStorage.stop();
  });

  test('runs the workflow by its button, and shows what went in and came out of a step', async () => {
    await page.goto(address());
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    const step = page.getByRole('button', { name: /Issue a user access token/ });
    expect(await step.innerText()).toContain('Succeeded');
    expect(await step.getAttribute('aria-expanded')).toBe('false');
    await step.click();
    const card = page.getByRole('listitem').filter({ has: step });
    expect(await card.getByLabel('Outputs').innerText()).toMatch(/redacted, sha256 \w{12}/);
    expect(await card.getByLabel('Inputs').innerText()).toContain('chat');
    expect(await page.content()).not.toContain('eyJ');
    expect(page.url()).toMatch(/\/api\/dashboard#\/runs\/\d{29}CU00$/);
    await shoot(page, 'run');
  });

  test('says when to try again while as many runs are running as are allowed', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 2_500, count: 4 });
    await page.goto(address());
    const running = Array.from({ length: 4 }, () => app.call('POST', 'runs'));
    await new Promise((done) => setTimeout(done, 500));
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByText(/MAX_CONCURRENT_RUNS allows\. Try again in 5 s\./).waitFor();
    await Promise.all(running);
  });

  test('a run can be shared by its link, and be run again with the same inputs', async () => {
    const { body } = await app.call('POST', 'runs', {
      createTokenWithScopes: ['chat'],
      scopes: ['voip.join'],
      expiresInMinutes: 75,
    });
    await page.goto(`${address()}#/runs/${String(body.id)}`);
    await page.getByText(String(body.id)).waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => !url.hash.includes(String(body.id)));
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    const again = await app.call('GET', `runs/${page.url().split('/').at(-1)}`);
    const inputs = (again.body as unknown as { actions: { inputs: object }[] }).actions.map((action) => action.inputs);
    expect(inputs[0]).toEqual({ createTokenWithScopes: ['chat'], expiresInMinutes: 75 });
    expect(inputs[1]).toMatchObject({ scopes: ['voip.join'], expiresInMinutes: 75 });
  });

  test('shows why a run failed once, which steps were skipped, and keeps filters on Back and reload', async () => {
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 403,
      body: '{"error":{"code":"Denied","message":"no"}}',
    });
    await app.call('POST', 'runs', {}, { 'x-ms-client-tracking-id': 'order-7' });
    await page.goto(address());
    await rows(page).first().waitFor();
    const all = await rows(page).count();
    expect(await rows(page).first().innerText()).toMatch(/Failed[^]*Issue a user access token[^]*ConnectionDenied/);
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByLabel('Status').selectOption('Failed');
    await until(async () => (await rows(page).count()) === 1);
    expect(all).toBeGreaterThan(1);
    await page.getByLabel('Status').selectOption('Succeeded');
    await page.locator('a.row.Succeeded').first().waitFor();
    expect(await page.locator('a.row.Failed').count()).toBe(0);
    await page.getByRole('button', { name: /Status: Succeeded/ }).click();
    await page.getByLabel('Tracking id').fill('order-7');
    await page.getByLabel('Tracking id').press('Enter');
    await until(async () => (await rows(page).count()) === 1);
    await rows(page).first().click();
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    const shown = await textOf(page);
    expect(shown.match(/Check whether the access key/g)).toHaveLength(1);
    expect(shown).toContain('Revoke_user_access_tokens is skipped');
    expect(shown).toContain('Clean');
    await shoot(page, 'failure');
    await page.goBack();
    await until(async () => (await rows(page).count()) === 1);
    await page.reload();
    await until(async () => (await rows(page).count()) === 1);
    expect(page.url()).toContain('clientTrackingId=order-7');
    await page.getByRole('button', { name: /Tracking id: order-7/ }).click();
    await until(async () => (await rows(page).count()) === all);
    expect(await chartLabel()).toMatch(/^Durations by run: .* 1 failed run\.$/);
    await page.getByRole('button', { name: /30 days/ }).click();
    await until(async () => (await chartLabel()).includes('by day'));
    expect(page.url()).toContain('window=30d');
    await shoot(page, 'list');
  });

  test('turns pages, and shows times in UTC when asked', async () => {
    for (let i = 0; i < 64; i += 1) await app.call('POST', 'runs', {});
    await page.goto(address());
    await rows(page).first().waitFor();
    expect(await rows(page).count()).toBe(30);
    for (const count of [60, 70]) {
      await page.getByRole('button', { name: 'Older runs' }).click();
      await until(async () => (await rows(page).count()) >= Math.min(count, 68));
    }
    await page.getByRole('button', { name: /local/ }).click();
    expect(await rows(page).first().innerText()).toContain('UTC');
    await page.reload();
    await rows(page).first().waitFor();
    expect(await rows(page).first().innerText()).toContain('UTC');
  });

  test('fits a narrow phone, in the dark too, with the first run in view', async () => {
    await tab.close();
    tab = await openTab(browser, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    ({ page } = tab);
    await page.goto(address());
    await rows(page).first().waitFor();
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
    const first = await rows(page).first().boundingBox();
    expect((first?.y ?? 740) + (first?.height ?? 0)).toBeLessThan(740);
    await shoot(page, 'phone-list');
    await rows(page).first().click();
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    await page.getByRole('button', { name: /Create a user/ }).click();
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
    await shoot(page, 'phone-run');
  });

  test('asks for the key where the platform wants one, says when it is wrong, and never puts it into a URL', async () => {
    const gate = await startKeyGate(app.host.port, 'the-right-key');
    try {
      await page.goto(`${gate.url}/api/dashboard`);
      const field = page.getByLabel('Key of the function runs');
      await field.fill('the-wrong-key');
      await shoot(page, 'key');
      await page.getByRole('button', { name: 'Show runs' }).click();
      await page.getByText('The app refused this key').waitFor();
      await field.fill('the-right-key');
      await field.press('Enter');
      await rows(page).first().waitFor();
      await page.reload();
      await rows(page).first().waitFor();
      expect(gate.seen.join('\n') + page.url()).not.toContain('right-key');
      await page.getByRole('button', { name: 'Forget key' }).click();
      await field.waitFor();
      expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
    } finally {
      gate.server.closeAllConnections();
      gate.server.close();
    }
  });

  test('a run that may have left a user is marked, counted, and explained', async () => {
    emulator.addFault({ operation: 'createIdentity', reset: 'after' });
    const { body } = await app.call('POST', 'runs');
    await page.goto(address());
    await page.getByText('user possibly left').first().waitFor();
    await page.getByText('1 user possibly left in the last 24 hours').waitFor();
    await page.goto(`${address()}#/runs/${String(body.id)}`);
    await page.getByText('Unknown: ACS may have made a user whose id was not received').waitFor();
    expect(await textOf(page)).not.toContain('Not needed');
  });
});
