// The page in a real browser, served by the built app under the local host. SCREENSHOTS=DIR keeps pictures of it.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { chromiumPath, openBrowser } from './browser';
import { startKeyGate } from './keyGate';

if (chromiumPath === undefined) {
  process.stdout.write(
    'The tests of the page are skipped: there is no Chromium (set CHROMIUM_PATH, or install chromium).\n',
  );
}
const withBrowser = chromiumPath === undefined ? describe.skip : describe;

let emulator: IdentityEmulator;
let storage: RunningStorage;
let app: AppUnderTest;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let said: string[];

async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  context = await browser.newContext({ viewport: { width: 1200, height: 850 }, locale: 'en-GB', ...options });
  page = await context.newPage();
  said = [];
  page.on('console', (message) => {
    // the browser's own line for an answer that is an error
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
}

const address = () => `http://127.0.0.1:${app.host.port}/api/dashboard`;
const shoot = async (name: string) => {
  const directory = process.env.SCREENSHOTS;
  if (directory !== undefined) await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
};
const rows = () => page.locator('tbody tr');
const text = () => page.locator('body').innerText();

/** The page's policy forbids what Playwright itself waits with. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await isSo());) {
    if (Date.now() > deadline) throw new Error(`It did not come to be: ${isSo.toString()}`);
    await sleep(50);
  }
}

const chartLabel = async () => (await page.locator('.chart').getAttribute('aria-label')) ?? '';
const scroll = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
const focused = () => page.evaluate<string>("document.activeElement?.textContent ?? ''");

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
  beforeEach(() => openPage());
  afterEach(async () => {
    emulator.clearFaults();
    // whatever a test showed: no token, no key
    const shown = await page.content();
    expect(shown).not.toMatch(/eyJ[\w-]{6,}\.|AccountKey=|accesskey=/i);
    expect(shown).not.toContain(emulator.accessKey);
    await context.close();
    expect(said).toEqual([]);
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
    await page.getByText('There are no runs yet').waitFor();
    expect(await text()).toContain('Next run');
  });

  test('says that the schedule is off, and why', async () => {
    const withoutStorage = await startApp({
      AcsIdentity: emulator.connectionString,
      WORKFLOW_SCHEDULE: '0 */5 * * * *',
      AzureWebJobsStorage: '',
    });
    await page.goto(`http://127.0.0.1:${withoutStorage.host.port}/api/dashboard`);
    await page.getByText('AzureWebJobsStorage is missing').waitFor();
    expect(await page.locator('.tile', { hasText: 'Next run' }).innerText()).toMatch(/Next run\s+Off\s+AzureWebJobs/);
    await withoutStorage.stop();
  });

  test('runs the workflow by its button, and shows what went in and came out of a step', async () => {
    await page.goto(address());
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    const step = page.getByRole('button', { name: /Issue a user access token/ });
    expect(await step.innerText()).toContain('Succeeded');
    expect(await step.getAttribute('aria-expanded')).toBe('false');
    await step.click();
    const outputs = page.getByRole('listitem').filter({ has: step }).getByLabel('Outputs');
    expect(await outputs.innerText()).toContain('"redacted": true');
    expect(await page.getByRole('listitem').filter({ has: step }).getByLabel('Inputs').innerText()).toContain('"chat"');
    expect(await page.content()).not.toContain('eyJ');
    expect(page.url()).toMatch(/\/api\/dashboard#\/runs\/\d{29}CU00$/);
    await shoot('run');
  });

  test('says when to try again while as many runs are running as are allowed', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 2_500, count: 4 });
    await page.goto(address());
    const running = Array.from({ length: 4 }, () => app.call('POST', 'runs'));
    await new Promise((done) => setTimeout(done, 500));
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByText(/MAX_CONCURRENT_RUNS allows\. Try again in 5 s\./).waitFor();
    await Promise.all(running);
    emulator.clearFaults();
  });

  test('a run can be shared by its link, and be run again with the same inputs', async () => {
    const { body } = await app.call('POST', 'runs', {
      createTokenWithScopes: ['chat'],
      scopes: ['voip.join'],
      expiresInMinutes: 75,
    });
    await page.goto(`${address()}#/runs/${String(body.id)}`);
    await page.getByRole('heading', { name: String(body.id) }).waitFor();
    await page.getByRole('button', { name: 'Run again with the same inputs' }).click();
    await page.waitForURL((url) => !url.hash.includes(String(body.id)));
    const again = await app.call('GET', `runs/${page.url().split('/').at(-1)}`);
    const inputs = (again.body as unknown as { actions: { inputs: object }[] }).actions.map((action) => action.inputs);
    expect(inputs[0]).toEqual({ createTokenWithScopes: ['chat'], expiresInMinutes: 75 });
    expect(inputs[1]).toMatchObject({ scopes: ['voip.join'], expiresInMinutes: 75 });
  });

  test('shows why a run failed, which steps were skipped, and filters', async () => {
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 403,
      body: '{"error":{"code":"Denied","message":"no"}}',
    });
    await app.call('POST', 'runs', {}, { 'x-ms-client-tracking-id': 'order-7' });
    await page.goto(address());
    await rows().first().waitFor();
    const all = await rows().count();
    await page.getByLabel('State').selectOption('Failed');
    await until(async () => (await rows().count()) < all);
    expect(await rows().count()).toBe(1);
    await page.getByLabel('State').selectOption('Succeeded');
    await until(async () => (await page.locator('.pill.Failed').count()) === 0);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByLabel('Tracking id').fill('order-7');
    await page.getByLabel('Tracking id').press('Enter');
    await until(async () => (await rows().count()) === 1);
    await rows().first().getByRole('link').click();
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    expect(await text()).toContain('ActionFailed');
    expect(await text()).toContain('Check whether the access key');
    expect(await text()).toContain('Revoke_user_access_tokens is skipped');
    expect(await text()).toContain('Clean');
    await shoot('failure');
    await page.getByRole('link', { name: /All runs/ }).click();
    await page.getByText('p95').waitFor();
    expect(await chartLabel()).toMatch(/^Runs by hour: \d+ succeeded, 1 did not\.$/);
    await page.getByRole('button', { name: '30d' }).click();
    await until(async () => (await chartLabel()).includes('by day'));
    await shoot('list');
  });

  test('turns pages, and shows times in UTC when asked', async () => {
    for (let i = 0; i < 24; i += 1) await app.call('POST', 'runs', {});
    await page.goto(address());
    await page.getByRole('button', { name: 'Older runs' }).click();
    await until(async () => (await rows().count()) > 25);
    await page.getByRole('button', { name: 'Times: local' }).click();
    expect(await rows().first().innerText()).toContain('UTC');
  });

  test('fits a narrow phone, in the dark too', async () => {
    await context.close();
    await openPage({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    await page.goto(address());
    await rows().first().waitFor();
    expect(await scroll()).toBeLessThanOrEqual(0);
    await shoot('phone-list');
    await rows().first().getByRole('link').click();
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    await page.getByRole('button', { name: /Create a user/ }).click();
    expect(await scroll()).toBeLessThanOrEqual(0);
    await shoot('phone-run');
  });

  test('can be used by keyboard alone', async () => {
    await page.goto(address());
    await rows().first().waitFor();
    for (let presses = 0; presses < 40 && !/CU00$/.test(await focused()); presses += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    for (let presses = 0; presses < 40 && !/^Create a user/.test(await focused()); presses += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Outputs' }).first().waitFor();
  });

  test('asks for the key where the platform wants one, says when it is wrong, and never puts it into a URL', async () => {
    const gate = await startKeyGate(app.host.port, 'the-right-key');
    try {
      await page.goto(`${gate.url}/api/dashboard`);
      const field = page.getByLabel('Key of the function runs');
      await field.fill('the-wrong-key');
      await shoot('key');
      await page.getByRole('button', { name: 'Show runs' }).click();
      await page.getByText('The app refused this key').waitFor();
      await field.fill('the-right-key');
      await field.press('Enter');
      await rows().first().waitFor();
      await page.reload();
      await rows().first().waitFor();
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
    await page.getByText('user possibly left').waitFor();
    expect(await page.locator('.tile.bad', { hasText: 'Users possibly left' }).innerText()).toMatch(/\b1$/);
    await page.goto(`${address()}#/runs/${String(body.id)}`);
    await page.getByText('Unknown: ACS may have made a user whose id was not received').waitFor();
  });

  test('says that the storage is down, and that the app is gone', async () => {
    await page.goto(address());
    await rows().first().waitFor();
    await storage.stop();
    await page.getByLabel('State').selectOption('Aborted');
    await page.getByText(/The storage that keeps runs .* can't be reached/).waitFor();
    await app.stop();
    await page.getByLabel('State').selectOption('Failed');
    await page.getByText("The app can't be reached").waitFor();
  });
});
