import { TableServiceClient, TableClient } from '@azure/data-tables';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import {
  API_CLIENT_ID,
  API_SCOPE,
  FRONT_END_CLIENT_ID,
  HOME_TENANT,
  issuerOf,
  OTHER_TENANT,
} from '../../local/signIn/samples';
import { startSignIn, type RunningSignIn } from '../../local/signIn/signInService';
import { startStorage, type RunningStorage } from '../../local/storage';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { usesCoreTools } from '../app/coreToolsHost';
import { openBrowser } from '../dashboard/browser';
import { openTab, shoot, sidewaysScroll, textOf, until, withBrowser, type Tab } from '../dashboard/tab';
import { endLaunched, launch } from '../local/launched';

const root = resolve(__dirname, '../..');
const ada = HOME_TENANT.users[0]?.objectId ?? '';

let origin: string;
let emulator: IdentityEmulator;
let storage: RunningStorage;
let signIn: RunningSignIn;
let app: AppUnderTest;
let directory: string;

/** All but the page: what `npm start` starts, with the example's origin allowed as in local.settings.json.example. */
async function startServices(): Promise<void> {
  const example = launch(['examples/web/serve.mjs', '--port', '0'], { cwd: root });
  origin = (await example.until(/http:\/\/localhost:\d+/))[0];
  [emulator, storage, signIn, directory] = await Promise.all([
    createIdentityEmulator({ corsOrigins: [origin] }),
    startStorage({ port: 0, tableOnly: true, inMemory: true }),
    startSignIn({ port: 0, origins: [origin] }),
    mkdtemp(join(tmpdir(), 'example-')),
  ]);
  const settingsFile = join(directory, 'local.settings.json');
  await writeFile(settingsFile, JSON.stringify({ IsEncrypted: false, Values: {}, Host: { CORS: origin } }));
  const settings = {
    AcsIdentity: emulator.connectionString,
    AzureWebJobsStorage: storage.connectionString,
    ENTRA_ISSUERS: issuerOf(HOME_TENANT, signIn.port),
    ENTRA_AUDIENCE: API_CLIENT_ID,
    MY_TOKEN_SCOPES: 'chat,voip',
  };
  app = await startApp(settings, root, { settingsFile });
}

async function stopServices(): Promise<void> {
  endLaunched();
  await Promise.all([app.stop(), emulator.close(), storage.stop(), signIn.stop(), rm(directory, { recursive: true })]);
}

// `func` would need a settings file of its own for CORS.
const withStandInHost = usesCoreTools ? describe.skip : describe;
const withBrowserAndHost = usesCoreTools ? describe.skip : withBrowser;

beforeAll(startServices);
afterAll(stopServices);

withStandInHost('a preflight request for a call with an access token', () => {
  const preflight = (from: string) =>
    fetch(`http://127.0.0.1:${app.host.port}/api/me`, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it("is answered for the example's origin", async () => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('DELETE');
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type');
  });

  it('is refused for any other origin', async () => {
    for (const other of [origin.replace('localhost', '127.0.0.1'), `${origin}0`, 'https://evil.example', 'null'])
      expect((await preflight(other)).headers.get('access-control-allow-origin')).toBeNull();
  });
});

withBrowserAndHost('the example page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function openExample(options?: Parameters<typeof openTab>[1]): Promise<Tab & { tokens: string[] }> {
    const tab = await openTab(browser, options);
    const tokens: string[] = [];
    tab.page.on('response', (response) => {
      if (response.request().method() !== 'POST' || !response.url().endsWith('/me/token')) return;
      void response.json().then(({ token = '' }: { token?: string }) => tokens.push(token));
    });
    await tab.page.route('**/config.json', (route) =>
      route.fulfill({
        json: {
          api: `http://127.0.0.1:${app.host.port}/api`,
          acs: emulator.endpoint.replace(/\/$/, ''),
          clientId: FRONT_END_CLIENT_ID,
          scope: API_SCOPE,
          authority: issuerOf(HOME_TENANT, signIn.port),
          otherAuthority: issuerOf(OTHER_TENANT, signIn.port),
        },
      }),
    );
    await tab.page.clock.install();
    await tab.page.goto(origin);
    return { ...tab, tokens };
  }

  const press = (page: Page, name: string | RegExp) =>
    page.getByRole('button', { name, exact: true }).filter({ visible: true }).click();

  async function signInAs(page: Page, user: RegExp, button = 'Sign in'): Promise<void> {
    await press(page, button);
    await press(page, user);
    await page.waitForURL(`${origin}/`);
  }

  async function identityOn(page: Page): Promise<string> {
    await page.locator('#identity').waitFor();
    return page.locator('#identity').innerText();
  }

  const shows = (page: Page, text: RegExp) => until(async () => text.test(await textOf(page)));

  it('shows the ACS user of who signs in, refreshes the token, and ends the tokens of the device at sign-out', async () => {
    const tab = await openExample();
    const { page, tokens } = tab;
    const refreshes: string[] = [];
    page.on('request', (request) => {
      if ((request.postData() ?? '').includes('grant_type=refresh_token')) refreshes.push(request.url());
    });
    await signInAs(page, /Ada/);
    const identity = await identityOn(page);
    expect(emulator.users().map(({ id }) => id)).toEqual([identity]);
    expect(await textOf(page)).toMatch(/Ada Lovelace[^]*chat, voip[^]*Refresh in\s+23:(50:00|49:5\d)/);
    await press(page, 'Is it accepted?');
    await shows(page, /Accepted/);
    await shoot(page, 'example');

    // Past the time of the refresh, and near the end of the token for the API.
    await page.clock.fastForward('23:51:00');
    await shows(page, /Refreshed the token/);
    await until(() => Promise.resolve(tokens.length === 2));
    expect(refreshes).toHaveLength(1);
    expect(await identityOn(page)).toBe(identity);
    await press(page, 'Is it accepted?');
    await shows(page, /accepted[^]*Refreshed[^]*accepted/);

    await press(page, 'Sign out');
    await press(page, 'Sign out'); // the page of the sign-in service
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${emulator.endpoint}chat/threads?api-version=2024-03-07`, { headers });
      expect([answer.status, answer.headers.get('x-emulator-denied-because')]).toEqual([
        401,
        "the user's tokens were revoked after this one was issued",
      ]);
    }

    await signInAs(page, /Ada/);
    expect(await identityOn(page)).toBe(identity);
    await press(page, 'Is it accepted?');
    await shows(page, /Accepted/);
    await tab.close(tokens);
  });

  it('tells a user of another tenant why there is no token', async () => {
    const before = emulator.users().length;
    const tab = await openExample();
    const { page, tokens } = tab;
    await signInAs(page, /Mallory/, 'Sign in from another organization');
    await shows(page, /this app does not accept your sign-in[^]*another account[^]*another tenant/);
    await until(() => Promise.resolve(tokens.length === 1));
    expect(tokens).toEqual(['']);
    expect(emulator.users()).toHaveLength(before);
    await shoot(page, 'example-refused');
    // nothing counts down
    await page.clock.runFor(3000);
    await press(page, 'Sign out');
    await press(page, 'Sign out');
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    await tab.close();
  });

  it('says that a sign-in was cancelled, and that the sign-in service or the API does not answer', async () => {
    const { page } = await openExample();
    await press(page, 'Sign in');
    await press(page, 'Cancel');
    await shows(page, /The sign-in failed: .*cancelled/);

    await page.route('**/.well-known/openid-configuration', (route) => route.abort());
    await page.reload();
    await shows(page, /Sign-in does not answer at 127\.0\.0\.1:\d+\. Does it run/);
    await page.unroute('**/.well-known/openid-configuration');

    await page.route('**/api/me/token', (route) => route.abort());
    await press(page, 'Try again');
    await signInAs(page, /Grace/);
    await shows(page, /The API does not answer at http[^]*Does it run/);
    await page.unroute('**/api/me/token');
    await press(page, 'Try again');
    await identityOn(page);
    page.on('dialog', (dialog) => void dialog.accept());
    await press(page, 'Delete my data');
    await shows(page, /Your data is deleted/);
    await page.context().close();
  });

  it('leaves no ACS user and no row after the data is deleted, on whatever devices', async () => {
    const phone = { viewport: { width: 390, height: 800 } };
    const tab = await openExample(phone);
    const { page, tokens } = tab;
    await signInAs(page, /Ada/);
    await identityOn(page);
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0);
    // one of this browser, one of that of the first test
    expect(emulator.users()).toHaveLength(2);
    expect(await rowsWith(ada)).toBeGreaterThan(0);
    page.on('dialog', (dialog) => void dialog.accept());
    await press(page, 'Delete my data');
    await shows(page, /Your data is deleted/);
    expect(emulator.users()).toEqual([]);
    expect(await rowsWith(ada, HOME_TENANT.id, '8:acs:')).toBe(0);
    // Past the time at which the token would have been refreshed.
    await page.clock.fastForward('23:59:00');
    await until(() => Promise.resolve(tokens.length > 0));
    expect(tokens).toHaveLength(1);
    await press(page, 'Start again');
    await identityOn(page);
    expect(emulator.users()).toHaveLength(1);
    await tab.close(tokens);
  });

  /** How many rows of all tables contain one of the texts. */
  async function rowsWith(...texts: string[]): Promise<number> {
    const options = { allowInsecureConnection: true };
    const tables = TableServiceClient.fromConnectionString(storage.connectionString, options).listTables();
    let count = 0;
    for await (const { name = '' } of tables) {
      const rows = TableClient.fromConnectionString(storage.connectionString, name, options).listEntities();
      for await (const row of rows) if (texts.some((text) => JSON.stringify(row).includes(text))) count += 1;
    }
    return count;
  }
});
