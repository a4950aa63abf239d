// Who may call the host: a page of another site, in a browser on this machine, can reach it too.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { chromiumPath, openBrowser } from '../../dashboard/browser';
import { buildWorker, cleanUp, makeApp, rawRequest, run, useApp, type RunningApp } from './sampleApp';

const entry = `${useApp}
const calls = [];
app.http('users', { methods: ['GET', 'POST'], handler: (request) => ({ body: String(calls.push(request.method)) }) });
app.http('count', { methods: ['GET'], handler: () => ({ body: String(calls.length) }) });
`;
let worker: string;
let app: RunningApp;
beforeAll(async () => {
  worker = await buildWorker();
  app = await run(worker, entry);
});
afterAll(cleanUp);

const post = (headers: Record<string, string>, to = app) =>
  rawRequest(to.host.port, '/api/users', { method: 'POST', headers });
const calls = async (of = app) => Number((await rawRequest(of.host.port, '/api/count')).body);
const withCors = (cors: string) =>
  run(worker, { directory: makeApp(entry, { 'local.settings.json': { IsEncrypted: false, Host: { CORS: cors } } }) });
const preflight = (origin: string) => ({ origin, 'access-control-request-method': 'POST' });

/** The answer to a request that is written as it stands. */
function write(request: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = '';
    const socket = connect(app.host.port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('close', () => done(answer)).on('error', fail);
  });
}

describe('a caller that is not a page', () => {
  test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '[::1]'])('is answered at %s', async (name) => {
    expect((await post({ host: `${name}:${app.host.port}` })).status).toBe(200);
    expect((await post({ host: name })).status).toBe(200);
  });

  test('is answered without a Host header, in HTTP/1.0', async () => {
    expect(await write('GET /api/users HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a page', () => {
  test('of the host itself may call it', async () => {
    for (const name of ['localhost', '127.0.0.1']) {
      const host = `${name}:${app.host.port}`;
      expect((await post({ host, origin: `http://${host}` })).status).toBe(200);
    }
  });

  test.each(['http://foreign.test', 'http://localhost:1', 'https://localhost', 'http://127.0.0.1', 'null', ''])(
    'of origin %j is refused, and nothing runs',
    async (origin) => {
      const before = await calls();
      const answer = await post({ origin });
      expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'text/plain' } });
      expect(answer.body).toMatch(/^The Origin header .*Host\.CORS in local\.settings\.json/);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(await calls()).toBe(before);
    },
  );

  const inBrowser = chromiumPath === undefined ? test.skip : test;
  if (chromiumPath === undefined) console.warn('There is no Chromium on this machine: set CHROMIUM_PATH.');

  inBrowser('of another site, in a real browser, runs no function', async () => {
    const site = createServer((_, response) => response.end('<!DOCTYPE html>')).listen(0, '127.0.0.1');
    await once(site, 'listening');
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      const before = await calls();
      const statuses: number[] = [];
      page.on('response', (response) => statuses.push(response.status()));
      const url = JSON.stringify(`http://localhost:${app.host.port}/api/users`);
      await page.evaluate(`fetch(${url}, { method: 'POST', mode: 'no-cors', body: '{}' })`);
      expect(statuses).toEqual([403]);
      expect(await calls()).toBe(before);
    } finally {
      await browser.close();
      site.close();
    }
  });

  test('of another origin can not start a function through the admin calls', async () => {
    const headers = { origin: 'http://foreign.test', 'content-type': 'text/json' };
    const answer = await rawRequest(app.host.port, '/admin/functions/users', { method: 'POST', headers });
    expect(answer.status).toBe(403);
  });

  test('whose name leads to this machine (DNS rebinding) is refused, with and without an Origin', async () => {
    const host = `foreign.test:${app.host.port}`;
    const before = await calls();
    for (const headers of [{ host }, { host, origin: `http://${host}` }, { host: 'localhost.foreign.test' }]) {
      const answer = await post(headers);
      expect(answer.status).toBe(403);
      expect(answer.body).toMatch(
        new RegExp(`^The Host header .*Call http://localhost:${app.host.port} or http://127\\.0\\.0\\.1`),
      );
    }
    expect(await calls()).toBe(before);
  });
});

describe('a malformed Host header', () => {
  test.each(['a b', '[', 'localhost:port', 'localhost:70710', 'user@localhost', 'localhost/x', 'local\u00a0host', ''])(
    '%j is answered 400',
    async (host) => {
      const answer = await write(`GET /api/users HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n.*The Host header is malformed\./s);
    },
  );

  test('sent twice is answered 400', async () => {
    const hosts = 'Host: localhost\r\nHost: foreign.test\r\n';
    expect(await write(`GET /api/users HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('Host.CORS', () => {
  test('lets the pages of its origins call: preflight and request', async () => {
    const listing = await withCors('http://a.test, http://B.test:81/');
    for (const origin of ['http://a.test', 'http://b.test:81']) {
      const headers = { 'access-control-allow-origin': origin };
      const asked = await rawRequest(listing.host.port, '/api/users', {
        method: 'OPTIONS',
        headers: preflight(origin),
      });
      expect(asked).toMatchObject({ status: 204, headers: { ...headers, 'access-control-allow-methods': 'POST' } });
      expect(await post({ origin }, listing)).toMatchObject({ status: 200, headers });
    }
  });

  test('lets no other page call', async () => {
    const listing = await withCors('http://a.test');
    const options = { method: 'OPTIONS', headers: preflight('http://c.test') };
    expect((await rawRequest(listing.host.port, '/api/users', options)).status).toBe(403);
    expect((await post({ origin: 'http://c.test' }, listing)).status).toBe(403);
    expect(await calls(listing)).toBe(0);
  });

  test('of * lets every page call, but not under a name of its own', async () => {
    const open = await withCors('*');
    for (const origin of ['http://any.test', 'null']) expect((await post({ origin }, open)).status).toBe(200);
    expect((await post({ host: 'any.test', origin: 'http://any.test' }, open)).status).toBe(403);
  });
});
