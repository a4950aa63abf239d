// Can everybody use the page: axe-core on each view in both themes, the keyboard alone, hostile texts, every width.
import { source as axe } from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { openBrowser } from './browser';
import { DENIED, mixedRuns, sampleRun } from './sampleRuns';
import { openScene, type Scene } from './scenes';
import { focusedText, openTab, rows, sidewaysScroll, tabTo, textOf, until, withBrowser, type Tab } from './tab';

const HOSTILE = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

let emulator: IdentityEmulator;
let browser: Browser;
let scene: Scene;
let failedId: string;
let tab: Tab;
let page: Page;

async function reopen(options: Parameters<typeof openTab>[1] = {}): Promise<void> {
  tab = await openTab(browser, options);
  ({ page } = tab);
}

const VIEWS: Record<string, () => Promise<void>> = {
  list: async () => {
    await page.goto(scene.url);
    await rows(page).first().waitFor();
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
  },
  run: async () => {
    await page.goto(`${scene.url}#/runs/${failedId}`);
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    await page.getByRole('button', { name: /Create a user/ }).click();
  },
  workflow: async () => {
    await page.goto(`${scene.url}#/workflow`);
    await page.getByRole('heading', { name: 'identity-lifecycle' }).waitFor();
  },
  'run with': async () => {
    await page.goto(scene.url);
    await page.getByRole('button', { name: 'Run with…' }).click();
    await page.getByLabel('Lifetime').fill('1');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText('at least 60').waitFor();
  },
  empty: async () => {
    await page.goto(`${scene.url}#/?status=TimedOut`);
    await page.getByText('No run matches').waitFor();
  },
};

withBrowser('everybody', () => {
  beforeAll(async () => {
    [emulator, browser] = await Promise.all([createIdentityEmulator(), openBrowser()]);
    const failed = sampleRun({
      startMs: Date.now() - 60_000,
      fails: { ...DENIED, message: `${HOSTILE} ${DENIED.message}` },
    });
    failedId = failed.id;
    scene = await openScene(emulator, { runs: [...mixedRuns(29, Date.now() - 60_000), failed] });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await scene.stop();
    await emulator.close();
  });
  beforeEach(() => reopen());
  afterEach(() => tab.close([emulator.accessKey]));

  // colours don't depend on the width, nor the layout on the theme
  describe.each([
    ['light', 390],
    ['dark', 1280],
  ] as const)('in the %s theme, %d px wide', (colorScheme, width) => {
    test.each(Object.keys(VIEWS))('axe-core finds nothing in the view: %s', async (view) => {
      await tab.close();
      await reopen({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' });
      await VIEWS[view]?.();
      await page.evaluate(axe);
      const { violations } = await page.evaluate<AxeResults>(
        `axe.run(document, { runOnly: ${JSON.stringify(RULES)} })`,
      );
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
      expect(found).toEqual([]);
    });
  });

  test('the keyboard alone goes from the list to the error of a failed step, and back to the same row', async () => {
    await page.goto(scene.url);
    await rows(page).first().waitFor();
    await tabTo(page, /Failed[^]*ConnectionDenied/);
    const row = await focusedText(page);
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Steps' }).waitFor();
    await tabTo(page, /^Show the step/);
    await page.keyboard.press('Enter');
    expect(await focusedText(page)).toMatch(/^Issue a user access token/);
    await page.keyboard.press('Enter');
    await until(async () => (await page.getByText('Check whether the access key').count()) === 0);
    await page.keyboard.press('Enter');
    await page.getByText('Check whether the access key').waitFor();
    await page.goBack();
    await until(async () => (await focusedText(page)) === row);
  });

  test('hostile texts from ACS are shown as text', async () => {
    await VIEWS['run']?.();
    expect(await textOf(page)).toContain(HOSTILE);
    await page.getByRole('link', { name: 'All runs' }).click();
    await rows(page).filter({ hasText: '<img src=x' }).first().waitFor();
    expect(await page.title()).not.toBe('broken');
    expect(await page.locator('#page img').count()).toBe(0);
  });

  test.each(Object.keys(VIEWS))('nothing scrolls sideways from 360 to 1920 px: %s', async (view) => {
    for (const width of [360, 768, 1024, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto('about:blank');
      await VIEWS[view]?.();
      expect([width, await sidewaysScroll(page)]).toEqual([width, 0]);
    }
  });

  test('targets are at least 44 px high on a phone', async () => {
    await tab.close();
    await reopen({ viewport: { width: 390, height: 844 }, hasTouch: true });
    for (const view of ['list', 'run'] as const) {
      await VIEWS[view]?.();
      const low = await page.evaluate<string[]>(
        `[...document.querySelectorAll('button, a.row, nav a, input, select')]
          .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().height < 43.5 && !one.classList.contains('text'))
          .map((one) => one.outerHTML)`,
      );
      expect(low).toEqual([]);
    }
  });
});
