import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CommandError, FAILED } from './messages';
import type { RunningHost } from './runningHost';

export interface CoreTools {
  /** The program itself, not the npm package's script: that one downloads what is missing and passes signals on only in part. */
  file: string;
  version: string;
}

const isWindows = process.platform === 'win32';
const versionLimitMs = 5000;
const startLimitMs = 120_000;
/** The real host gives requests in flight 30 s. */
const stopLimitMs = 35_000;

/** Azure Functions Core Tools 4, from node_modules or PATH, or `undefined` if none works. */
export async function findCoreTools(
  projectRoot: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<CoreTools | undefined> {
  for (const file of new Set(candidates(projectRoot, environment))) {
    const version = await versionOf(file);
    if (version !== undefined) return { file, version };
  }
  return undefined;
}

function candidates(projectRoot: string, environment: NodeJS.ProcessEnv): string[] {
  const program = isWindows ? 'func.exe' : 'func';
  const packaged = ['node_modules', 'azure-functions-core-tools', 'bin', program];
  const path = Object.entries(environment).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
  const directories = path.split(delimiter).filter((directory) => directory !== '');
  return [
    join(projectRoot, ...packaged),
    // Windows: npm installs globally next to its `func.cmd`, which only a shell could start.
    ...directories.flatMap((directory) => [
      join(directory, program),
      ...(isWindows ? [join(directory, ...packaged)] : []),
    ]),
  ]
    .filter((file) => existsSync(file))
    .map((file) => {
      const real = realpathSync(file);
      // npm's link to the package's script: the program is in the same folder, if its download worked.
      return /azure-functions-core-tools[\\/]lib[\\/]main\.js$/.test(real)
        ? join(dirname(real), '../bin', program)
        : real;
    })
    .filter((file) => existsSync(file));
}

/** Other programs are called `func` too (Knative's): Core Tools print a bare version, 4.x.y. */
async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], {
      timeout: versionLimitMs,
      killSignal: 'SIGKILL',
    });
    return /^4\.\d+\.\d+\S*$/.exec(stdout.trim())?.[0];
  } catch {
    return undefined;
  }
}

/**
 * Starts `func start` in the project's root and waits until it answers. `log` takes the lines that it prints, else they are printed.
 * @throws an error with code EADDRINUSE and `port` when the port is taken; CommandError when it cannot start
 */
export async function startCoreTools(
  tools: CoreTools,
  options: { projectRoot: string; port: number; environment: NodeJS.ProcessEnv; log?: (line: string) => void },
): Promise<RunningHost> {
  const port = await freePort(options.port);
  const url = `http://localhost:${port}`;
  const child = spawn(tools.file, ['start', '--port', String(port)], {
    cwd: options.projectRoot,
    env: options.environment,
    stdio: options.log ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream && options.log) createInterface(stream).on('line', options.log);
  const ended = new Promise<number>((done) => {
    child.once('exit', (code) => done(code ?? 1));
    child.once('error', () => done(1));
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping || isWindows) endTree(child.pid, () => child.kill('SIGKILL'));
    else child.kill('SIGTERM');
    stopping = true;
    const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await ended.finally(() => clearTimeout(limit));
  };
  const answering = await Promise.race([ended.then(() => false), untilItAnswers(port)]);
  if (!answering) {
    await stop();
    throw new CommandError('func start ended before it answered; its output is above.', FAILED);
  }
  return { url, port, functions: await functionsOf(port), ended, stop };
}

/** Windows knows no signal that asks: the program and its workers are ended together. */
function endTree(pid: number | undefined, elsewhere: () => void): void {
  if (isWindows && pid !== undefined) spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true });
  else elsewhere();
}

async function untilItAnswers(port: number): Promise<boolean> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${port}/admin/host/status`).catch(() => undefined);
    // 503: the host is still starting.
    if (answer !== undefined && answer.status !== 503) {
      const body: unknown = await answer.json().catch(() => undefined);
      const state = typeof body === 'object' && body !== null && 'state' in body ? body.state : 'Running';
      if (state === 'Running') return true;
    }
    await sleep(200, undefined, { ref: false });
  }
  return false;
}

async function functionsOf(port: number): Promise<{ name: string }[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/admin/functions`).catch(() => undefined);
  const body: unknown = answer?.ok === true ? await answer.json().catch(() => []) : [];
  if (!Array.isArray(body)) return [];
  return body.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
      ? [{ name: item.name }]
      : [],
  );
}

/** The port when it is free, and any free one for 0. */
async function freePort(wanted: number): Promise<number> {
  const server = net.createServer();
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
