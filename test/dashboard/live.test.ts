// Runs as they happen: watched to their end, cancelled here and on another instance, and started with other inputs.
import type { Browser, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { openBrowser } from './browser';
import { openScene, type Scene } from './scenes';
import { openTab, rows, until, withBrowser, type Tab } from './tab';

let emulator: IdentityEmulator;
let browser: Browser;
let scene: Scene;
let second: AppUnderTest;
let tab: Tab;
let page: Page;

const steps = () => page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
const step = (name: string) => steps().filter({ hasText: name });

withBrowser('a run as it happens', () => {
  beforeAll(async () => {
    [emulator, browser] = await Promise.all([createIdentityEmulator(), openBrowser()]);
    const settings = { ALLOWED_SCOPES: 'chat,voip', MAX_CONCURRENT_RUNS: '1' };
    scene = await openScene(emulator, { settings });
    second = await startApp({
      AcsIdentity: emulator.connectionString,
      AzureWebJobsStorage: scene.storage.connectionString,
      ...settings,
    });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await second.stop();
    await scene.stop();
    await emulator.close();
  });
  beforeEach(async () => {
    tab = await openTab(browser);
    ({ page } = tab);
    await page.goto(scene.url);
  });
  afterEach(async () => {
    emulator.clearFaults();
    await tab.close([emulator.accessKey]);
  });

  test('is watched to its end: which step ended, which is running, which wait', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 3_000 });
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('heading', { name: /Running/ }).waitFor();
    await step('Create a user').getByText('Succeeded').waitFor();
    expect(await step('Issue a user access token').innerText()).toContain('Running');
    expect(await step('Delete a user').innerText()).toContain('Waiting');
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    await until(async () => (await steps().getByText('Succeeded').count()) === 4);
    await page.getByRole('link', { name: 'All runs' }).click();
    await rows(page).first().waitFor();
  });

  test.each([
    ['its own instance', () => scene.url],
    ['another instance', () => `http://127.0.0.1:${second.host.port}/api/dashboard`],
  ])('is cancelled on %s, and ends Aborted without a user left', async (_name, url) => {
    for (const operation of ['issueAccessToken', 'revokeAccessTokens'] as const)
      emulator.addFault({ operation, delayMs: 3_000 });
    const started = scene.app.call('POST', 'runs');
    await page.goto(url());
    const row = page.locator('a.row.Running');
    await row.waitFor();
    await row.click();
    await page.getByRole('button', { name: 'Cancel run' }).click();
    await page.getByRole('button', { name: 'Cancelling…' }).waitFor();
    await page.getByRole('heading', { name: /Aborted/ }).waitFor();
    await page.getByText('Clean: the user is deleted').waitFor();
    expect((await started).body.status).toBe('Aborted');
    expect(await page.getByRole('button', { name: /Cancel/ }).count()).toBe(0);
  });

  test('"Run with…" shows what the app refuses at its field, then runs with what was chosen', async () => {
    await page.getByRole('button', { name: 'Run with…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run with…' });
    const lifetime = dialog.getByLabel('Lifetime of the tokens');
    await lifetime.fill('12');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.getByText('must be at least 60 minutes').waitFor();
    expect(await lifetime.getAttribute('aria-invalid')).toBe('true');
    await lifetime.fill('90');
    await dialog.getByRole('group', { name: 'Scopes of the token' }).getByLabel('voip').check();
    await dialog.getByLabel('Tracking id').fill('ticket-1');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    await page.getByText('ticket-1').first().waitFor();
    await page.getByRole('button', { name: /Issue a user access token/ }).click();
    const inputs = await page.getByLabel('Inputs').innerText();
    expect(inputs).toMatch(/scopes\s+voip/);
    expect(inputs).toMatch(/expiresInMinutes\s+90/);
  });

  test('"Run with…" says when to try again while the app is busy', async () => {
    emulator.addFault({ operation: 'issueAccessToken', delayMs: 2_000 });
    const running = scene.app.call('POST', 'runs');
    await page.getByRole('button', { name: 'Run with…' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/MAX_CONCURRENT_RUNS allows/).waitFor();
    expect(await page.getByRole('button', { name: /Run in \d s/ }).isDisabled()).toBe(true);
    await running;
  });

  test('the view of the workflow says what runs next, with what, and how to change it', async () => {
    await page.getByRole('link', { name: 'Workflow' }).click();
    await page.getByRole('heading', { name: 'identity-lifecycle' }).waitFor();
    const said = await page.getByRole('region', { name: 'Definition' }).innerText();
    expect(said).toMatch(/Schedule 0 0 \*\/12 \* \* \*/);
    expect(said).toContain('Runs after Issue a user access token is Succeeded');
    expect(await page.locator('.times li').count()).toBe(5);
    const own = page.getByRole('region', { name: 'Settings of this app' });
    await own.getByText('ALLOWED_SCOPES', { exact: true }).click();
    await page.getByText('azd env set ALLOWED_SCOPES VALUE').waitFor();
  });
});
