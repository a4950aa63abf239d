import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { chromiumPath } from './browser';

if (chromiumPath === undefined) {
  process.stdout.write(
    'The tests of the page are skipped: there is no Chromium (set CHROMIUM_PATH, or install chromium).\n',
  );
}
export const withBrowser = chromiumPath === undefined ? describe.skip : describe;

/** A tab of its own session, and the errors of its console. */
export interface Tab {
  page: Page;
  errors: string[];
  /** Closes it, after a look at what it showed: no error, and nothing that `secrets` forbids. */
  close(secrets?: readonly string[]): Promise<void>;
}

export async function openTab(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 850 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    // the browser's own line for an answer that is an error
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return {
    page,
    errors,
    async close(secrets = []) {
      const shown = await page.content();
      expect(shown).not.toMatch(/eyJ[\w-]{6,}\.|AccountKey=|accesskey=/i);
      for (const secret of secrets) expect(shown).not.toContain(secret);
      await context.close();
      expect(errors).toEqual([]);
    },
  };
}

export const rows = (page: Page): Locator => page.locator('a.row');
export const textOf = (page: Page): Promise<string> => page.locator('body').innerText();
export const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
export const focusedText = (page: Page): Promise<string> =>
  page.evaluate<string>("document.activeElement === document.body ? '' : document.activeElement.textContent");

/** Presses Tab until the element with the focus has this text. */
export async function tabTo(page: Page, text: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (text.test(await focusedText(page))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`No element with the text ${text.source} gets the focus.`);
}

/** The page's policy forbids what Playwright itself waits with. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await isSo());) {
    if (Date.now() > deadline) throw new Error(`It did not come to be: ${isSo.toString()}`);
    await sleep(50);
  }
}

/** Keeps a picture if SCREENSHOTS names a directory. */
export async function shoot(page: Page, name: string): Promise<void> {
  const directory = process.env.SCREENSHOTS;
  if (directory !== undefined) await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}
