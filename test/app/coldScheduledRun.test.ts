// A scheduled run from a fresh process, as each one is on Flex Consumption: every token takes 2 s, as from an identity endpoint that starts with the
// instance, and every call to storage 300 ms. Azurite takes Entra ID tokens over https only, so storage is opened with its key.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentityEmulator, type IdentityEmulator } from '../../emulator/src';
import { startStorage, type RunningStorage } from '../../local/storage';
import type { Run } from '../../src/runs/run';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { startCollector, type Collector } from '../telemetry/collector';
import { startApp } from './appUnderTest';
import { startMeddlingProxy, type MeddlingProxy } from './meddlingProxy';

const TOKEN_MS = 2_000;
const STORAGE_MS = 300;
let directory: string;
let emulator: IdentityEmulator;
let storage: RunningStorage;
let collector: Collector;
let tables: MeddlingProxy;
let identityEndpoint: Server;
const asked: string[] = [];

/** As Entra ID makes them, for what is asked. */
function entraToken(resource: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: resource.replace(/\/$/, ''), iss: 'https://sts.windows.net/x/', nbf: now, exp: now + 3600 };
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part({ ...claims, iat: now, oid: 'x' })}.c2ln`;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cold-'));
  emulator = await createIdentityEmulator({ httpsPort: 0, certificateDirectory: directory });
  storage = await startStorage({ port: 0, inMemory: true, tableOnly: true });
  collector = await startCollector();
  tables = await startMeddlingProxy(storage.tablePort);
  tables.meddle = () => ({ delayMs: STORAGE_MS });
  identityEndpoint = createServer(({ url = '' }, response) => {
    const resource = new URL(url, 'http://127.0.0.1').searchParams.get('resource') ?? '';
    asked.push(resource);
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    const body = { access_token: entraToken(resource), expires_on, resource, token_type: 'Bearer' };
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }, TOKEN_MS);
  });
  await new Promise<void>((done) => identityEndpoint.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  identityEndpoint.closeAllConnections();
  await new Promise((done) => identityEndpoint.close(done));
  await Promise.all([tables.close(), collector.close(), storage.stop(), emulator.close()]);
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  asked.length = 0;
  collector.envelopes.length = 0;
});

test.each(['connection', 'functions'])(
  'a scheduled run of a fresh process succeeds, is recorded and is reported (%s)',
  async (target) => {
    const certificates = join(directory, 'certificates.pem');
    writeFileSync(
      certificates,
      [emulator.certificateFile ?? '', collector.certificateFile].map((file) => readFileSync(file, 'utf8')).join('\n'),
    );
    const app = await startApp({
      NODE_EXTRA_CA_CERTS: certificates,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(identityEndpoint.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: 'the-identity-header',
      AcsIdentity__endpoint: emulator.httpsEndpoint ?? '',
      AcsIdentity__credential: 'managedidentity',
      AzureWebJobsStorage: storage.connectionString.replace(`:${storage.tablePort}/`, `:${tables.port}/`),
      APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
      WORKFLOW_TARGET: target,
      WEBSITE_SITE_NAME: `cold-${target}`,
    });
    try {
      const startedAt = performance.now();
      expect(await app.fireTimer()).toContain('(Succeeded, ');
      const tookMs = Math.round(performance.now() - startedAt);
      const run = ((await app.call('GET', 'runs?top=1')).body.value as Run[])[0];
      expect(run).toMatchObject({ status: 'Succeeded', cleanup: 'Clean', trigger: { name: 'Recurrence' } });
      const types = collector.envelopes.map(({ data }) => data.baseType);
      expect(types.filter((type) => type === 'AvailabilityData')).toHaveLength(1);
      expect(types.filter((type) => type === 'RemoteDependencyData')).toHaveLength(identityLifecycle.steps.length);
      expect(types.filter((type) => type === 'MetricData')).toHaveLength(2);
      expect(collector.envelopes.find(({ data }) => data.baseType === 'AvailabilityData')?.data.baseData).toMatchObject(
        {
          id: run?.id,
          success: true,
          properties: { recorded: 'true' },
        },
      );
      expect([...new Set(asked)].sort()).toEqual([
        expect.stringContaining('communication.azure.com'),
        expect.stringContaining('monitor.azure.com'),
      ]);
      expect(asked).toHaveLength(2);
      expect(app.lines.filter((line) => /could not|is not in|was not recorded/.test(line))).toEqual([]);
      const steps = run?.actions.map(({ name, durationMs }) => `${name} ${durationMs}`).join(', ');
      console.info(`${target}: invocation ${tookMs} ms, run ${run?.durationMs} ms (${steps})`);
    } finally {
      await app.stop();
    }
  },
  60_000,
);
