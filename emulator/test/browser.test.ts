// The SDK in a page of a real browser. Skipped where there is none.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { createIdentityEmulator } from '../src';

const executablePath = [process.env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (place) => place !== '' && existsSync(place),
);
if (executablePath === undefined) console.log('skipped: there is no Chromium (set CHROMIUM_PATH)');

const SCRIPT = `
import { CommunicationIdentityClient } from '@azure/communication-identity';
globalThis.goThrough = async (connectionString) => {
  const client = new CommunicationIdentityClient(connectionString, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  const user = await client.createUser();
  const { expiresOn } = await client.getToken(user, ['chat'], { tokenExpiresInMinutes: 60 });
  await client.revokeTokens(user);
  await client.deleteUser(user);
  const code = await client.getToken(user, ['chat']).catch((error) => error.code ?? error.message);
  return { expiresInMinutes: Math.round((expiresOn - Date.now()) / 60000), code };
};
globalThis.failing = (connectionString) => goThrough(connectionString).catch((error) => error.code ?? error.message);
`;

(executablePath === undefined ? test.skip : test)(
  'the SDK in a page creates, issues, revokes and deletes',
  async () => {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: resolve(__dirname, '../..') },
      bundle: true,
      platform: 'browser',
      write: false,
    });
    const script = (outputFiles[0]?.text ?? '').replace(/<\/script/gi, '\\x3c/script');
    const site = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><script>${script}</script>`);
    });
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const [open, closed] = [await createIdentityEmulator({ corsOrigins: [origin] }), await createIdentityEmulator()];
    const browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    try {
      const page = await browser.newPage();
      await page.goto(origin);
      const call = (name: string, connectionString: string) =>
        page.evaluate(`${name}(${JSON.stringify(connectionString)})`);

      expect(await call('goThrough', open.connectionString)).toEqual({
        expiresInMinutes: 60,
        code: 'IdentityNotOwned',
      });
      expect(open.requests().map(({ status }) => status)).toEqual([201, 200, 204, 204, 401]);
      expect(await call('failing', closed.connectionString)).toMatch(/fetch|REQUEST_SEND_ERROR/i);
      expect(closed.users()).toEqual([]);
    } finally {
      await Promise.all([browser.close(), open.close(), closed.close()]);
      site.closeAllConnections();
      await new Promise((done) => site.close(done));
    }
  },
);
