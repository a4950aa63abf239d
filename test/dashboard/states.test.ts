// What the page says in each state of the runs, of the storage and of the app. Real history, real app, real browser.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { unknownState } from '../../src/runs/connectionState';
import { openBrowser } from './browser';
import { DENIED, MINUTE_MS, sampleRuns } from './sampleRuns';
import { openScene, type Scene, type SceneOptions } from './scenes';
import { openTab, rows, shoot, textOf, until, withBrowser, type Tab } from './tab';

let emulator: IdentityEmulator;
let browser: Browser;
let scene: Scene | undefined;
let tab: Tab;
let page: Page;

async function open(options: SceneOptions, hash = ''): Promise<Scene> {
  scene = await openScene(emulator, options);
  await page.goto(scene.url + hash);
  return scene;
}
const state = () => page.getByRole('region', { name: 'State' });

withBrowser('the page in every state', () => {
  beforeAll(async () => {
    [emulator, browser] = await Promise.all([createIdentityEmulator(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await emulator.close();
  });
  beforeEach(async () => {
    tab = await openTab(browser);
    ({ page } = tab);
  });
  afterEach(async () => {
    emulator.clearFaults();
    await tab.close([emulator.accessKey]);
    await scene?.stop();
    scene = undefined;
  });

  test('healthy: since when, the last success, the next run, and a bar for each of the newest runs', async () => {
    await open({ runs: sampleRuns(12, Date.now()) });
    await page.getByRole('heading', { name: /Healthy for/ }).waitFor();
    expect(await state().innerText()).toMatch(/Last success \d min ago\s+Next run in .*\(\d\d:\d\d\)/);
    expect(await page.locator('a.beat.Succeeded').count()).toBe(12);
    await page.getByRole('button', { name: /24 hours 100 % 1\d runs/ }).waitFor();
  });

  test('failing: since when, which step, why, and how often; the run is one click away', async () => {
    await open({ runs: sampleRuns(12, Date.now(), (i) => (i > 7 ? { fails: DENIED } : {})) });
    await page.getByRole('heading', { name: /Failing since \d\d:\d\d, 1\d min/ }).waitFor();
    const said = await state().innerText();
    expect(said).toContain('4 failures in a row');
    expect(said).toContain('Issue a user access token: ConnectionDenied');
    expect(await page.title()).toMatch(/^Failing/);
    await state().getByRole('link', { name: 'Open this run' }).click();
    await page.getByText('Check whether the access key').waitFor();
  });

  test('slow, with the slowest step', async () => {
    await open({ runs: sampleRuns(6, Date.now(), (i) => (i > 3 ? { factor: 9, run: { slow: true } } : {})) });
    await page.getByRole('heading', { name: /Slow since/ }).waitFor();
    expect(await state().innerText()).toContain('its slowest step was Create_a_user');
    expect(await rows(page).first().innerText()).toContain('slow');
  });

  test('overdue: no scheduled run came', async () => {
    const late = Date.now() - 60 * MINUTE_MS;
    const schedule = { expression: '0 */5 * * * *', since: new Date(late - 60 * MINUTE_MS).toISOString() };
    await open({
      settings: { WORKFLOW_SCHEDULE: schedule.expression },
      runs: sampleRuns(6, late),
      change: ({ states }) =>
        states.update('AcsIdentity', (before) => ({
          ...(before ?? unknownState('AcsIdentity', schedule.since)),
          schedule,
        })),
    });
    await page.getByRole('heading', { name: /Overdue/ }).waitFor();
    expect(await state().innerText()).toContain('No scheduled run has started');
  });

  test('nothing matches the filter, and one click shows everything again', async () => {
    await open({ runs: sampleRuns(3, Date.now()) }, '#/?status=TimedOut');
    await page.getByRole('heading', { name: 'No run matches these filters' }).waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await until(async () => (await rows(page).count()) >= 3);
  });

  test('storage down: says within 2 s what still works and what to do, and keeps what it shows with its age', async () => {
    const { tables, url } = await open({ runs: sampleRuns(3, Date.now()) });
    await rows(page).first().waitFor();
    tables.meddle = () => ({ hang: true });
    await page.reload();
    const startedAt = performance.now();
    await page.getByText('Still working:').waitFor();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await page.getByRole('heading', { name: 'The run history has not answered yet' }).waitFor();
    tables.meddle = () => undefined;
    await page.goto('about:blank');
    await page.goto(url);
    await rows(page).first().waitFor();
    tables.meddle = () => ({ answer: { status: 403 } });
    await page.getByRole('button', { name: /7 days/ }).click();
    await page.getByRole('heading', { name: "The run history can't be read" }).waitFor();
    const said = await textOf(page);
    expect(said).toContain('What is shown is from');
    expect(said).toContain('What to do:');
    expect(await rows(page).count()).toBeGreaterThanOrEqual(3);
  });

  test('app gone: old figures are marked with their age, and those of a window never stand for another', async () => {
    const { app } = await open({ runs: sampleRuns(3, Date.now()) });
    await page.getByRole('button', { name: /30 days 100 %/ }).waitFor();
    const chart = page.getByRole('img');
    await page.getByRole('button', { name: /7 days/ }).click();
    await until(async () => ((await chart.getAttribute('aria-label')) ?? '').startsWith('Durations by day'));
    await app.stop();
    await page.getByRole('button', { name: /24 hours/ }).click();
    await page.getByRole('heading', { name: "The app can't be reached" }).waitFor();
    expect(await textOf(page)).toContain('What is shown is from');
    expect(await chart.getAttribute('aria-label')).toMatch(/^Durations by run/);
    expect(await page.locator('.overview.stale').count()).toBe(1);
    // the figures of a connection that was never asked for are not those of all connections
    await page.goto(`${page.url().split('#')[0]}#/?connection=Other`);
    await until(async () => (await page.locator('.overview').count()) === 0);
  });

  test('a run that could not be recorded keeps its answer, also when the history closes it as Aborted', async () => {
    const { tables, history } = await open({});
    await page.getByRole('heading', { name: 'There are no runs yet' }).waitFor();
    emulator.addFault({ operation: 'deleteIdentity', delayMs: 2_000 });
    await page.getByRole('button', { name: 'Run now' }).click();
    let stored = (await history.runs.list({ top: 1 })).value[0];
    for (; stored === undefined; stored = (await history.runs.list({ top: 1 })).value[0]) await sleep(50);
    await sleep(800);
    tables.meddle = () => ({ answer: { status: 403 } });
    await page.getByRole('heading', { name: 'This run was not recorded' }).waitFor();
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    tables.meddle = () => undefined;
    await history.runs.close({ ...stored, status: 'Aborted', error: { code: 'RunAborted', message: 'It died.' } });
    await page.reload();
    await page.getByRole('heading', { name: /Succeeded/ }).waitFor();
    expect(await textOf(page)).not.toContain('Aborted run');
    await page.getByRole('link', { name: 'All runs' }).click();
    await rows(page).first().waitFor();
    expect(await rows(page).first().innerText()).toMatch(/Succeeded[^]*not recorded/);
    await shoot(page, 'unrecorded');
  }, 40_000);

  test('a run that ACS may have left a user of is never said to need no cleanup', async () => {
    const message = "ACS did not answer. ACS may have made a user whose id was not received. It can't be found.";
    const runs = sampleRuns(1, Date.now(), () => ({
      fails: { code: 'NoAnswer', message },
      run: { cleanup: 'NotNeeded' },
    }));
    await open({ runs }, `#/runs/${runs[0]?.id ?? ''}`);
    await page.getByText('Unknown: ACS may have made a user whose id was not received').waitFor();
    expect(await textOf(page)).not.toContain('Not needed');
  });
});
