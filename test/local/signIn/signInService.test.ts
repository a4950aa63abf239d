import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { resolve } from 'node:path';
import {
  API_CLIENT_ID,
  API_SCOPE,
  FRONT_END_CLIENT_ID,
  HOME_TENANT,
  issuerOf,
  OTHER_TENANT,
  type SampleTenant,
} from '../../../local/signIn/samples';
import { startSignIn, type RunningSignIn } from '../../../local/signIn/signInService';
import { launch } from '../launched';

const origin = 'http://localhost:8088';
const redirectUri = `${origin}/`;
const root = resolve(__dirname, '../../..');
const [ada, grace] = HOME_TENANT.users;
const [mallory] = OTHER_TENANT.users;

let service: RunningSignIn;
const errors = jest.spyOn(process.stderr, 'write');
beforeAll(async () => {
  service = await startSignIn({ port: 0, origins: [origin] });
});
afterAll(() => service.stop());

const issuer = (tenant: SampleTenant = HOME_TENANT) => issuerOf(tenant, service.port);
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

/** A browser without pages: it follows redirects within the service and keeps cookies with their paths. */
class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  async open(url: string, form?: Record<string, string>): Promise<{ url: string; status: number; text: string }> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies].flatMap(([name, { value, path }]) =>
      pathname.startsWith(path) && value !== '' ? `${name}=${value}` : [],
    );
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: cookie.join('; '), ...(form && { origin: new URL(url).origin }) },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, { value, path: /path=([^;]+)/i.exec(line)?.[1] ?? '/' });
    }
    const text = await answer.text();
    const location = answer.headers.get('location');
    if (location === null) return { url, status: answer.status, text };
    const next = new URL(location, url).href;
    return new URL(next).port === String(service.port) ? this.open(next) : { url: next, status: answer.status, text };
  }
}

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

const authorizeUrl = (tenant: SampleTenant, parameters: Record<string, string> = {}) =>
  `${issuer(tenant)}/authorize?${new URLSearchParams({
    client_id: FRONT_END_CLIENT_ID,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: `${API_SCOPE} openid profile offline_access`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'state',
    nonce: 'nonce',
    ...parameters,
  }).toString()}`;

async function callToken(tenant: SampleTenant, form: Record<string, string>, from = origin) {
  const answer = await fetch(`${issuer(tenant)}/token`, {
    method: 'POST',
    headers: { origin: from },
    body: new URLSearchParams({ client_id: FRONT_END_CLIENT_ID, ...form }),
  });
  const text = await answer.text();
  const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, string>;
  return { status: answer.status, headers: answer.headers, body };
}

const codeOf = (url: string) => new URL(url).searchParams.get('code') ?? '';
const redeem = (tenant: SampleTenant, code: string, from?: string) =>
  callToken(
    tenant,
    { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
    from,
  );

async function signIn(tenant: SampleTenant, as: string, browser = new Browser()) {
  const page = await browser.open(authorizeUrl(tenant));
  return browser.open(page.url, { as });
}

describe('signing in', () => {
  it('shows the users of the tenant, and gives the chosen one a token like those of Entra ID', async () => {
    const browser = new Browser();
    const page = await browser.open(authorizeUrl(HOME_TENANT));
    expect(page.text).toMatch(/Sign in to Contoso[^]*Ada Lovelace[^]*Grace Hopper/);
    expect(page.text).not.toContain('Mallory');
    const { url } = await browser.open(page.url, { as: 'ada' });
    expect(url).toMatch(/^http:\/\/localhost:8088\/\?code=[^&]+&state=state/);
    const { status, body } = await redeem(HOME_TENANT, codeOf(url));
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: API_SCOPE });
    const header = JSON.parse(Buffer.from(body.access_token?.split('.')[0] ?? '', 'base64url').toString()) as object;
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) as string });
    const claims = claimsOf(body.access_token ?? '');
    expect(claims).toMatchObject({
      ver: '2.0',
      iss: issuer(),
      aud: API_CLIENT_ID,
      tid: HOME_TENANT.id,
      oid: ada?.objectId,
      scp: 'Token.Self',
      azp: FRONT_END_CLIENT_ID,
      nbf: claims.iat,
      exp: Number(claims.iat) + 3600,
    });
    expect(claims.sub).not.toBe(ada?.objectId);
    expect(claims).not.toHaveProperty('scope');
    expect(claimsOf(body.id_token ?? '')).toMatchObject({
      ...{ aud: FRONT_END_CLIENT_ID, oid: ada?.objectId, tid: HOME_TENANT.id },
      ...{ name: 'Ada Lovelace', preferred_username: 'ada@contoso.example', nonce: 'nonce' },
    });
  });

  it('refreshes with the scopes that MSAL sends', async () => {
    const { body } = await redeem(HOME_TENANT, codeOf((await signIn(HOME_TENANT, 'grace')).url));
    const refreshed = await callToken(HOME_TENANT, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token ?? '',
      scope: `${API_SCOPE} openid profile offline_access`,
    });
    expect(refreshed.status).toBe(200);
    expect(claimsOf(refreshed.body.access_token ?? '')).toMatchObject({ oid: grace?.objectId, scp: 'Token.Self' });
    expect(refreshed.body.refresh_token).not.toBe(body.refresh_token);
  });

  it('knows who is signed in until the session is ended', async () => {
    const browser = new Browser();
    await signIn(HOME_TENANT, 'ada', browser);
    const again = await browser.open(authorizeUrl(HOME_TENANT));
    expect(claimsOf((await redeem(HOME_TENANT, codeOf(again.url))).body.access_token ?? '').oid).toBe(ada?.objectId);
    expect((await browser.open(authorizeUrl(HOME_TENANT, { prompt: 'select_account' }))).text).toContain('Choose');

    const end = `${issuer()}/logout?post_logout_redirect_uri=${encodeURIComponent(redirectUri)}`;
    const page = await browser.open(end);
    const [, action = ''] = /action="([^"]+)"/.exec(page.text) ?? [];
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
    expect((await browser.open(action, { xsrf, logout: 'yes' })).url).toBe(redirectUri);
    expect((await browser.open(authorizeUrl(HOME_TENANT))).text).toContain('Choose a sample user');
  });

  it('tells the front end that the user cancelled', async () => {
    expect((await signIn(HOME_TENANT, '')).url).toContain('error=access_denied');
  });

  it('keeps the tenants apart', async () => {
    expect((await signIn(HOME_TENANT, 'mallory')).url).toContain('error=access_denied');
    const { body } = await redeem(OTHER_TENANT, codeOf((await signIn(OTHER_TENANT, 'mallory')).url));
    expect(claimsOf(body.access_token ?? '')).toMatchObject({
      ...{ iss: issuer(OTHER_TENANT), tid: OTHER_TENANT.id, oid: mallory?.objectId },
    });
    const { url } = await signIn(OTHER_TENANT, 'mallory');
    expect((await redeem(HOME_TENANT, codeOf(url))).body.error).toBe('invalid_grant');
  });

  it('gives no scope that was not asked for', async () => {
    const browser = new Browser();
    const page = await browser.open(authorizeUrl(HOME_TENANT, { scope: 'openid' }));
    const { body } = await redeem(HOME_TENANT, codeOf((await browser.open(page.url, { as: 'ada' })).url));
    expect(claimsOf(body.access_token ?? '')).not.toHaveProperty('scp');
  });

  it.each([
    ['another redirect URI of the origin', { redirect_uri: `${origin}/other` }, /redirect_uri/],
    ['a redirect URI without its slash', { redirect_uri: origin }, /redirect_uri/],
    ['an unknown client', { client_id: API_CLIENT_ID }, /invalid_client/],
  ])('refuses %s with a page', async (_, parameters, reason) => {
    const { status, url, text } = await new Browser().open(authorizeUrl(HOME_TENANT, parameters));
    expect([status, url]).toEqual([400, expect.stringContaining('/authorize?')]);
    expect(text).toMatch(reason);
  });

  it('wants PKCE, and a code once only', async () => {
    const { url } = await new Browser().open(authorizeUrl(HOME_TENANT, { code_challenge: '' }));
    expect(url).toContain('error=invalid_request');
    const code = codeOf((await signIn(HOME_TENANT, 'ada')).url);
    const wrong = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: 'x'.repeat(43) };
    expect((await callToken(HOME_TENANT, wrong)).body.error).toBe('invalid_grant');
    const other = codeOf((await signIn(HOME_TENANT, 'ada')).url);
    expect((await redeem(HOME_TENANT, other)).status).toBe(200);
    expect((await redeem(HOME_TENANT, other)).body.error).toBe('invalid_grant');
  });

  it('is not possible for a request for sign-in of another browser', async () => {
    const page = await new Browser().open(authorizeUrl(HOME_TENANT));
    const stranger = await new Browser().open(page.url, { as: 'ada' });
    expect(stranger.status).toBe(400);
    expect(stranger.text).toContain('Go back to the app');
  });

  it('writes no warning or error', () => {
    expect(
      errors.mock.calls.map(([chunk]) => String(chunk)).filter((text) => /oidc-provider|Error/.test(text)),
    ).toEqual([]);
  });
});

describe('who may call', () => {
  const preflight = (from: string) =>
    fetch(`${issuer()}/token`, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    });

  it('are pages of registered origins', async () => {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBe(origin);
    const { headers } = await redeem(HOME_TENANT, codeOf((await signIn(HOME_TENANT, 'ada')).url));
    expect(headers.get('access-control-allow-origin')).toBe(origin);
  });

  it.each(['http://evil.example', 'http://localhost:8087', 'http://127.0.0.1:8088', 'null'])(
    'are no pages of %s',
    async (from) => {
      for (const answer of [await preflight(from), await redeem(HOME_TENANT, 'code', from)]) {
        expect(answer.status).toBe(403);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      }
    },
  );

  it('are no pages under a name of their own (DNS rebinding)', async () => {
    const status = await new Promise((done, fail) => {
      const headers = { host: `evil.example:${service.port}` };
      request({ port: service.port, host: '127.0.0.1', path: '/', headers }, (answer) =>
        done(answer.resume().statusCode),
      )
        .on('error', fail)
        .end();
    });
    expect(status).toBe(403);
  });
});

it('answers 400 to a path that is none', async () => {
  const status = await new Promise((done) => {
    request({ host: '127.0.0.1', port: service.port, path: '//[' }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    }).end();
  });
  expect(status).toBe(400);
});

describe('the keys', () => {
  it('are the same for both tenants, as in Entra ID, and others after a restart', async () => {
    const keysAt = async (url: string) => (await fetch(`${url}/keys`)).text();
    const other = await startSignIn({ port: 0, origins: [] });
    try {
      const keys = await keysAt(issuer());
      expect(keys).toMatch(/^{"keys":\[{"kty":"RSA","use":"sig"/);
      expect(keys).not.toContain('"d":');
      expect(await keysAt(issuer(OTHER_TENANT))).toBe(keys);
      expect(await keysAt(issuerOf(HOME_TENANT, other.port))).not.toBe(keys);
    } finally {
      await other.stop();
    }
  });
});

describe('npm run dev-token', () => {
  const run = async (...args: string[]) => {
    const { ended, output } = launch(['.local/build/signIn/devToken.js', ...args], { cwd: root });
    return { exitCode: await ended, output: output() };
  };

  it('prints the token of a sample user, and nothing else', async () => {
    const { exitCode, output } = await run('--as', 'mallory', '--port', String(service.port));
    expect(output).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(claimsOf(output)).toMatchObject({ iss: issuer(OTHER_TENANT), oid: mallory?.objectId, scp: 'Token.Self' });
    expect(exitCode).toBe(0);
  });

  it.each([
    [['--as', 'eve'], 2, /^There is no sample user "eve"\. Choose one of: ada, grace, mallory\.$/m],
    [[], 2, /^--as is missing[^]*Usage: npm run --silent dev-token -- --as NAME/],
    [['--help'], 0, /^Usage: npm run --silent dev-token -- --as NAME/],
    [['--as', 'ada', '--port', '1'], 1, /does not answer at http:\/\/127\.0\.0\.1:1\. Start it with npm start/],
  ])('with %j says so', async (args, expectedCode, expected) => {
    const { exitCode, output } = await run(
      ...args,
      ...(args.includes('--port') ? [] : ['--port', String(service.port)]),
    );
    expect(output).toMatch(expected);
    expect(exitCode).toBe(expectedCode);
  });

  it('works without any origin of a front end', async () => {
    const other = await startSignIn({ port: 0, origins: [] });
    try {
      const answer = await fetch(`http://127.0.0.1:${other.port}/dev-token?as=ada`, { method: 'POST' });
      expect(answer.status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  it('has no web page as a caller', async () => {
    const answer = await fetch(`http://127.0.0.1:${service.port}/dev-token?as=ada`, {
      method: 'POST',
      headers: { origin },
    });
    expect(answer.status).toBe(403);
  });
});

it('ends with the process that started it', async () => {
  const child = await startSignIn({ port: 0, origins: [] });
  expect((await fetch(`${issuerOf(HOME_TENANT, child.port)}/keys`)).status).toBe(200);
  const before = performance.now();
  await child.stop();
  expect(performance.now() - before).toBeLessThan(2000);
});
