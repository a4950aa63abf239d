// When the exporter is loaded, whom it asks for a token, and what two connections report.
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { startApp, type AppUnderTest } from '../app/appUnderTest';
import { startCollector, type Collector } from './collector';

const root = resolve(__dirname, '../..');
const CHUNK = 'dist/telemetry.chunk.js';
let emulator: IdentityEmulator;
let collector: Collector;

beforeAll(async () => {
  emulator = await createIdentityEmulator();
  collector = await startCollector();
});
afterAll(async () => {
  await collector.close();
  await emulator.close();
});
beforeEach(() => {
  collector.envelopes.length = 0;
  collector.authorizations.length = 0;
});

const reporting = () => ({
  AcsIdentity: emulator.connectionString,
  APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
  NODE_EXTRA_CA_CERTS: collector.certificateFile,
});
const about = (app: AppUnderTest) => app.lines.filter((line) => line.includes('Application Insights'));
const availability = () =>
  collector.envelopes.filter(({ data }) => data.baseType === 'AvailabilityData').map(({ data }) => data.baseData);

describe('the exporter', () => {
  let without: string;
  beforeEach(() => {
    without = mkdtempSync(join(tmpdir(), 'acs-identity-without-exporter-'));
    for (const part of ['dist', 'host.json', 'package.json']) {
      cpSync(join(root, part), join(without, part), { recursive: true });
    }
    rmSync(join(without, CHUNK));
  });
  afterEach(() => rmSync(without, { recursive: true }));

  test('is not loaded when no place to report to is set', async () => {
    const app = await startApp({ AcsIdentity: emulator.connectionString }, without);
    try {
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      expect(about(app)).toEqual([]);
    } finally {
      await app.stop();
    }
  });

  test('is loaded by the first run, not by the start or by other calls', async () => {
    const app = await startApp(reporting(), without);
    try {
      expect((await app.call('POST', 'users')).status).toBe(201);
      expect((await app.call('GET', 'health/deep')).status).toBe(200);
      expect(about(app)).toEqual([]);
      copyFileSync(join(root, CHUNK), join(without, CHUNK));
      const { id } = (await app.call('POST', 'runs')).body;
      expect(availability()).toEqual([expect.objectContaining({ id, success: true })]);
    } finally {
      await app.stop();
    }
  });

  test('that can not be loaded leaves the run unharmed, and the next one loads it', async () => {
    const app = await startApp(reporting(), without);
    try {
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      expect(about(app)).toEqual([expect.stringMatching(/is not in Application Insights: MODULE_NOT_FOUND\./)]);
      copyFileSync(join(root, CHUNK), join(without, CHUNK));
      const { id } = (await app.call('POST', 'runs')).body;
      expect(availability()).toEqual([expect.objectContaining({ id })]);
    } finally {
      await app.stop();
    }
  });
});

describe('with Entra ID', () => {
  const CLIENT = '0c1d2e3f-0000-4111-8222-933344445555';
  const TOKEN = `eyJhbGciOiJub25lIn0.${Buffer.from('{"aud":"https://monitor.azure.com"}').toString('base64url')}.c2ln`;
  let endpoint: Server;
  let status = 200;
  /** How long the endpoint takes for a token, as it does for a new instance. */
  let delayMs = 0;
  const asked: URL[] = [];
  beforeAll(async () => {
    endpoint = createServer(({ url = '' }, response) => {
      asked.push(new URL(url, 'http://127.0.0.1'));
      const expires = String(Math.floor(Date.now() / 1000) + 3600);
      const body = {
        access_token: TOKEN,
        expires_on: expires,
        resource: 'https://monitor.azure.com',
        token_type: 'Bearer',
      };
      setTimeout(() => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(status === 200 ? body : { error: 'invalid_request', message: 'no such identity' }));
      }, delayMs);
    });
    await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    endpoint.closeAllConnections();
    endpoint.close();
  });
  const withIdentity = () => ({
    ...reporting(),
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: `Authorization=AAD;ClientId=${CLIENT}`,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/msi/token`,
    IDENTITY_HEADER: 'the-identity-header',
  });

  test('the identity that the setting names is asked for a token once for all runs, and each report carries it', async () => {
    status = 200;
    const app = await startApp(withIdentity());
    try {
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      const [first, ...again] = asked.splice(0);
      expect(again).toEqual([]);
      expect(first?.searchParams.get('resource')).toMatch(/^https:\/\/monitor\.azure\.com\/?$/);
      expect(first?.searchParams.get('client_id')).toBe(CLIENT);
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      expect(asked).toEqual([]);
      expect(about(app)).toEqual([]);
      expect(availability()).toHaveLength(2);
      expect(new Set(collector.authorizations)).toEqual(new Set([`Bearer ${TOKEN}`]));
      expect(app.lines.join('\n')).not.toContain(TOKEN);
    } finally {
      await app.stop();
    }
  });

  test('a manual run gets its token while it runs, and waits 3 s for the rest of it; a scheduled one waits 10 s', async () => {
    status = 200;
    delayMs = 3_500;
    const app = await startApp(withIdentity());
    const other = await startApp(withIdentity());
    try {
      emulator.addFault({ operation: 'issueAccessToken', delayMs: 1_500 });
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      expect(availability()).toHaveLength(1);
      await other.fireTimer();
      expect(availability()).toHaveLength(2);
      expect([...about(app), ...about(other)]).toEqual([]);
    } finally {
      delayMs = 0;
      await Promise.all([app.stop(), other.stop()]);
    }
  });

  test('an identity that is not there leaves the run unharmed', async () => {
    status = 400;
    const app = await startApp(withIdentity());
    try {
      expect((await app.call('POST', 'runs')).body.status).toBe('Succeeded');
      expect(about(app)).toHaveLength(1);
      expect(availability()).toEqual([]);
    } finally {
      await app.stop();
    }
  });
});

test('two connections are two tests, each run a trace of its own', async () => {
  const app = await startApp({
    ...reporting(),
    IDENTITY_CONNECTIONS: 'AcsIdentity,Second',
    Second: emulator.connectionString,
    WORKFLOW_CONNECTIONS: 'AcsIdentity,Second',
  });
  try {
    await app.fireTimer();
    const names = ['identity-lifecycle AcsIdentity', 'identity-lifecycle Second'];
    expect(
      availability()
        .map(({ name }) => String(name))
        .sort(),
    ).toEqual(names);
    const traces = collector.envelopes
      .filter(({ data }) => data.baseType === 'RemoteDependencyData')
      .map(({ tags, data }) => `${tags['ai.operation.id']} ${data.baseData.properties?.['connection']}`);
    expect(traces).toHaveLength(2 * identityLifecycle.steps.length);
    expect(new Set(traces).size).toBe(2);
  } finally {
    await app.stop();
  }
});
