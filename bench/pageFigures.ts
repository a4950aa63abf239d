import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';

/** What a visitor of the page gets, by the DevTools protocol. */
export interface PageFigures {
  /** From the request for the page, in milliseconds. */
  firstPaintMs: number;
  /** From the address to the first row of the list, in milliseconds. */
  firstRowMs: number;
  /** The sum of the scores of all layout shifts; 0.1 is what Core Web Vitals call good. */
  layoutShift: number;
  /** Of the document, which is all that the page loads. */
  bytes: number;
  gzippedBytes: number;
}

/** Later figures still count as layout shifts. */
const SETTLE_MS = 1_500;

/** Opens the page in a session of its own. */
export async function pageFigures(browser: Browser, url: string): Promise<PageFigures> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    const devTools = await context.newCDPSession(page);
    let requestedAt = NaN;
    let paintedAt = NaN;
    let layoutShift = 0;
    devTools.on('Network.requestWillBeSent', ({ timestamp, type }) => {
      if (type === 'Document') requestedAt = timestamp;
    });
    devTools.on('Page.lifecycleEvent', ({ name, timestamp }) => {
      if (name === 'firstContentfulPaint') paintedAt = timestamp;
    });
    devTools.on('PerformanceTimeline.timelineEventAdded', ({ event }) => {
      layoutShift += event.layoutShiftDetails?.value ?? 0;
    });
    await devTools.send('Network.enable');
    await devTools.send('Page.enable');
    await devTools.send('Page.setLifecycleEventsEnabled', { enabled: true });
    await devTools.send('PerformanceTimeline.enable', { eventTypes: ['layout-shift'] });
    const startedAt = performance.now();
    const response = await page.goto(url);
    await page.locator('a.row').first().waitFor();
    const firstRowMs = performance.now() - startedAt;
    await new Promise((done) => setTimeout(done, SETTLE_MS));
    const body = (await response?.body()) ?? Buffer.alloc(0);
    return {
      firstPaintMs: (paintedAt - requestedAt) * 1000,
      firstRowMs,
      layoutShift,
      bytes: body.length,
      gzippedBytes: gzipSync(body).length,
    };
  } finally {
    await context.close();
  }
}
