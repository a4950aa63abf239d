import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { startFunctionsHost, type FunctionsHost, type FunctionsHostOptions } from '../../../local/functionsHost/host';

const root = resolve(__dirname, '../../..');
const localDirectory = join(root, '.local');
const opened: { directory: string; host?: FunctionsHost }[] = [];

export type Files = Record<string, string | object>;

/** The top of an entry file. */
export const useApp = `const { app } = require('@azure/functions');\n`;

export function writeFiles(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** A directory with an app in it, inside the project so that it finds @azure/functions. */
export function makeApp(entry: string, files: Files = {}): string {
  mkdirSync(localDirectory, { recursive: true });
  const directory = mkdtempSync(join(localDirectory, 'functionsHost-test-'));
  opened.push({ directory });
  writeFiles(directory, { 'package.json': { main: 'dist/main.js' }, 'host.json': {}, 'dist/main.js': entry, ...files });
  return directory;
}

export async function buildWorker(): Promise<string> {
  const outfile = join(makeApp(''), 'worker.js');
  const entryPoints = [join(root, 'local/functionsHost/worker.ts')];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  return outfile;
}

export interface RunningApp {
  host: FunctionsHost;
  directory: string;
  lines: string[];
  /** All lines without their time, as one text. */
  log(): string;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Fires a function through the admin call. */
  fire(name: string): Promise<number>;
}

/** Starts the host on a free port, without the settings of this process' environment that could matter. */
export async function run(
  workerFile: string,
  app: string | { directory: string },
  options: Partial<FunctionsHostOptions> = {},
) {
  const directory = typeof app === 'string' ? makeApp(app) : app.directory;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const host = await startFunctionsHost({
    appDirectory: directory,
    port: 0,
    workerFile,
    log,
    watch: false,
    ...options,
  });
  opened.push({ directory, host });
  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${host.port}${path}`, init);
  const fire = async (name: string): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    return (await get(`/admin/functions/${name}`, { method: 'POST', headers, body: '{}' })).status;
  };
  const running: RunningApp = {
    host,
    directory,
    lines,
    get,
    fire,
    log: () => lines.map((line) => line.replace(/^\[[^\]]*\] /, '')).join('\n'),
  };
  return running;
}

/** Stops all hosts and removes all directories. For afterAll. */
export async function cleanUp(): Promise<void> {
  await Promise.all(opened.map(async ({ host }) => host && (await Promise.all([host.stop(), host.stop()]))));
  for (const { directory } of opened) rmSync(directory, { recursive: true, force: true });
  opened.length = 0;
}

export async function eventually(isSo: () => unknown, limitMs = 8000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await isSo()); await sleep(25)) {
    if (Date.now() > deadline) throw new Error(`Not so within ${limitMs} ms: ${isSo.toString()}`);
  }
}

export interface RawAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A request that nothing rewrites on its way, as fetch would: paths, methods, headers, chunks. */
export function rawRequest(
  port: number,
  path: string,
  { chunks = [], ...options }: http.RequestOptions & { chunks?: string[] } = {},
): Promise<RawAnswer> {
  return new Promise((done, fail) => {
    const request = http.request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', fail);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

/** A port that is taken until it is closed. */
export async function takePort(): Promise<{ port: number; close: () => void }> {
  const server = http.createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
