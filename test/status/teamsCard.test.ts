// The card for Microsoft Teams, parsed and drawn by the library of adaptive cards. SCREENSHOTS=DIR keeps pictures of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterRun, overdue, unknownState, type ConnectionState } from '../../src/runs/connectionState';
import type { Run } from '../../src/runs/run';
import { plainDuration, plainTime } from '../../src/status/plainTime';
import { teamsMessage } from '../../src/status/teamsCard';
import { chromiumPath, openBrowser } from '../dashboard/browser';
import { aRun, anAction, at } from '../history/runSamples';
import { installFromRegistry } from '../npmInstall';

const directory = mkdtempSync(join(tmpdir(), 'acs-identity-cards-'));
// too large for the project's own packages
const whyNot = installFromRegistry(['--legacy-peer-deps', 'adaptivecards@3.0.6'], directory);
if (whyNot !== undefined) console.log(`Skipped: the registry, which has adaptivecards, can't be reached. ${whyNot}`);
const ifInstalled = whyNot === undefined ? test : test.skip;
if (chromiumPath === undefined) console.log('Skipped: the card is not drawn, as there is no Chromium.');
const ifDrawn = whyNot === undefined && chromiumPath !== undefined ? test : test.skip;
const LIBRARY = join(directory, 'node_modules/adaptivecards/dist/adaptivecards.js');

interface Library {
  AdaptiveCard: new () => { parse(json: unknown, context: Context): void };
  SerializationContext: new () => Context;
}
interface Context {
  eventCount: number;
  getEventAt(index: number): { message: string };
}

const RULES = { failuresUntilFailing: 1, notify: true };
const CONTEXT = { site: 'func-k3v5x7q2m4abc', publicUrl: 'https://func-k3v5x7q2m4abc.azurewebsites.net' };
/** As long as one gets, with a word that is too long for a line, and characters that mean something in Markdown. */
const LONG = `ACS answered 503: *all* of [the service](https://example.com/) is busy. ${'x'.repeat(90)} ${'Try again later. '.repeat(20)}`;

function timerRun(minute: number, status: Run['status'], more: Partial<Run> = {}): Run {
  return aRun({
    start: at(minute),
    endTime: at(minute),
    status,
    trigger: { name: 'Recurrence', kind: 'Timer' },
    ...more,
  });
}
const failed = (minute: number, message: string) =>
  timerRun(minute, 'Failed', {
    actions: [
      anAction({}),
      anAction({ name: 'Issue_a_user_access_token', status: 'Failed', error: { code: 'ServiceUnavailable', message } }),
    ],
  });
const stateAfter = (...runs: Run[]) =>
  runs.reduce<ConnectionState | undefined>((state, run) => afterRun(state, run, RULES) ?? state, undefined) ??
  unknownState('AcsIdentity', at(0));

const slowRun = timerRun(5, 'Succeeded', {
  slow: true,
  durationMs: 9123,
  actions: [anAction({ durationMs: 8012 }), anAction({ name: 'Delete_a_user', durationMs: 20 })],
});
const cards = Object.entries({
  failing: stateAfter(
    timerRun(0, 'Succeeded'),
    failed(5, 'The service is temporarily unavailable. Please retry later.'),
  ),
  'failing-long': stateAfter(timerRun(0, 'Succeeded'), failed(5, LONG)),
  recovered: stateAfter(failed(5, 'The service is busy.'), failed(10, LONG), timerRun(95, 'Succeeded')),
  slow: stateAfter(timerRun(0, 'Succeeded'), slowRun),
  worse: stateAfter(slowRun, failed(10, 'The service is busy.')),
  overdue: overdue(stateAfter(timerRun(0, 'Succeeded')), at(12), plainTime(at(10)), RULES),
} satisfies Record<string, ConnectionState>).map(([name, { notifications }]) => {
  const notification = notifications.at(-1);
  if (!notification) throw new Error(`${name} is no change.`);
  const { attachments } = teamsMessage(notification, CONTEXT) as { attachments: [{ content: object }] };
  return { name, card: attachments[0].content };
});

let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true });
});

test.each([
  [20_000, '0 min'],
  [3 * 60_000, '3 min'],
  [90 * 60_000, '1 h 30 min'],
  [(53 * 60 + 59.9) * 60_000, '2 d 6 h'],
])('%d ms are %s', (ms, text) => expect(plainDuration(ms)).toBe(text));

ifInstalled('the library takes each card without a remark', () => {
  const { AdaptiveCard, SerializationContext } = createRequire(__filename)(LIBRARY) as Library;
  const remarks = (card: object) => {
    const context = new SerializationContext();
    new AdaptiveCard().parse(card, context);
    return Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message);
  };
  for (const { name, card } of cards) expect({ name, remarks: remarks(card) }).toEqual({ name, remarks: [] });
  expect(remarks({ ...cards[0]?.card, body: [{ type: 'NoSuchElement' }] })).toHaveLength(1);
});

ifDrawn(
  'a card shows all of its text, also long messages, within the width of a chat',
  async () => {
    browser = await openBrowser();
    const page = await browser.newPage({ viewport: { width: 460, height: 200 }, deviceScaleFactor: 2 });
    await page.setContent(
      '<style>body { margin: 16px; font: 14px "Segoe UI", sans-serif; background: #f5f5f5 } #card { background: #fff; border: 1px solid #ddd; border-radius: 4px }</style><div id="card"></div>',
    );
    await page.addScriptTag({ path: LIBRARY });
    const shown = new Map<string, string>();
    for (const { name, card } of cards) {
      const found = await page.evaluate<{ text: string; over: number }>(
        `(() => {
        const card = new AdaptiveCards.AdaptiveCard();
        card.hostConfig = new AdaptiveCards.HostConfig({ fontFamily: 'Segoe UI, sans-serif' });
        card.parse(${JSON.stringify(card)});
        document.getElementById('card').replaceChildren(card.render());
        const parts = [...document.querySelectorAll('#card *')];
        return { text: document.body.innerText, over: Math.max(...parts.map((part) => part.scrollWidth - part.clientWidth)) };
      })()`,
      );
      const directory = process.env.SCREENSHOTS;
      if (directory !== undefined) await page.screenshot({ path: join(directory, `card-${name}.png`), fullPage: true });
      expect({ name, over: found.over }).toEqual({ name, over: 0 });
      // times are for people
      expect(found.text).not.toMatch(/\d{4}-\d\d-\d\dT/);
      shown.set(name, found.text.replaceAll('\u200b', '').replaceAll(/\s+/g, ' '));
    }
    expect(shown.get('failing')).toBe(
      'AcsIdentity: scheduled runs fail App func-k3v5x7q2m4abc Since 2026-01-31 12:05 UTC Runs 1 not healthy Step Issue a user access token ServiceUnavailable: The service is temporarily unavailable. Please retry later. Open the run',
    );
    expect(shown.get('failing-long')).toContain(
      `ServiceUnavailable: ACS answered 503: *all* of [the service](https://example.com/) is busy. ${'x'.repeat(90)} Try again later. `,
    );
    expect(shown.get('failing-long')).toMatch(/… Open the run$/);
    expect(shown.get('worse')).toContain(
      'Since 2026-01-31 12:10 UTC Incident began 2026-01-31 12:05 UTC Runs 2 not healthy',
    );
    expect(shown.get('recovered')).toContain(
      'healthy again App func-k3v5x7q2m4abc Began 2026-01-31 12:05 UTC Ended 2026-01-31 13:35 UTC Lasted 1 h 30 min Runs 2 not healthy',
    );
    expect(shown.get('slow')).toContain('Step Create a user OverBudget: The run took 9123 ms;');
    expect(shown.get('overdue')).toBe(
      'AcsIdentity: scheduled runs are missing App func-k3v5x7q2m4abc Since 2026-01-31 12:12 UTC NoScheduledRun: No scheduled run has started although one was due at 2026-01-31 12:10 UTC. Open the page',
    );
  },
  60_000,
);
