import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { generate } from 'selfsigned';

/** What Application Insights takes: an item of telemetry. */
export interface Envelope {
  name: string;
  time: string;
  iKey?: string;
  tags: Record<string, string>;
  data: { baseType: string; baseData: Record<string, unknown> & { properties?: Record<string, string> } };
}

export interface Collector {
  connectionString: string;
  instrumentationKey: string;
  /** For NODE_EXTRA_CA_CERTS. */
  certificateFile: string;
  envelopes: Envelope[];
  /** Headers of the posts. */
  authorizations: (string | undefined)[];
  /** How it answers: as the service does, with a status, or not at all. */
  mode: 'takes' | number | 'silent';
  /** What becomes of the next posts before `mode` counts: a status, or the connection breaks. */
  next: (number | 'reset')[];
  close(): Promise<void>;
}

const PATH = '/v2.1/track';

/** A local stand-in for the ingestion endpoint of Application Insights, over https as the exporter has it. */
export async function startCollector(): Promise<Collector> {
  const directory = mkdtempSync(join(tmpdir(), 'collector-'));
  const pems = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const certificateFile = join(directory, 'collector.pem');
  writeFileSync(certificateFile, pems.cert);
  const instrumentationKey = '5f1d8f0e-1111-4222-8333-944445555666';
  const server = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const next = collector.next.shift();
      if (next === 'reset') return void request.socket.destroy();
      const mode = typeof next === 'number' ? next : collector.mode;
      if (mode === 'silent') return;
      const sent = Buffer.concat(parts);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
      const items = text.startsWith('[')
        ? (JSON.parse(text) as Envelope[])
        : text.split('\n').map((line) => JSON.parse(line) as Envelope);
      const isTaken = mode === 'takes' && request.method === 'POST' && request.url === PATH;
      if (isTaken) collector.envelopes.push(...items);
      collector.authorizations.push(request.headers.authorization);
      response.writeHead(isTaken ? 200 : Number(mode) || 404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ itemsReceived: items.length, itemsAccepted: isTaken ? items.length : 0, errors: [] }),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const collector: Collector = {
    connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=https://127.0.0.1:${port}/`,
    instrumentationKey,
    certificateFile,
    envelopes: [],
    authorizations: [],
    mode: 'takes',
    next: [],
    async close() {
      rmSync(directory, { recursive: true, force: true });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return collector;
}
