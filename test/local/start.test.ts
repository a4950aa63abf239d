import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyProject, knownPorts, pollAnswers, startEnvironment } from '../../bench/polledStart';
import { DEFAULT_ACCESS_KEY } from '../../emulator/src';
import { fixedPort } from '../fixedPort';
import { endLaunched, launch } from './launched';

const projectRoot = resolve(__dirname, '../..');
const onPosix = process.platform === 'win32' ? it.skip : it;
const freePorts = ['--port', '0', '--emulator-port', '0', '--sign-in-port', '0', '--storage-port', '0'];

/** A copy of the project, as a fresh clone after `npm ci`: two starts in one directory would share local.settings.json. */
let project: string;

beforeAll(async () => {
  project = await copyProject(projectRoot);
});
afterEach(async () => {
  endLaunched();
  await rm(join(project, 'local.settings.json'), { force: true });
});
afterAll(() => rm(project, { recursive: true, maxRetries: 5 }));

function start(args: string[], environment: NodeJS.ProcessEnv = {}) {
  // There is no `func`: these tests are about what this project includes.
  return launch(['local/bootstrap.mjs', ...args], { cwd: project, env: { ...startEnvironment(), ...environment } });
}

async function run(args: string[], environment?: NodeJS.ProcessEnv) {
  const { ended, output } = start(args, environment);
  return { exitCode: await ended, output: output() };
}

async function isListening(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isConnected;
}

/** Takes a port whose neighbours are free and stay so: storage has three ports in a row. */
async function withTakenPort<Result>(use: (port: number) => Promise<Result>): Promise<Result> {
  const port = (await fixedPort(3)) + 1;
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(port);
  } finally {
    server.close();
  }
}

/** Answers as `func start` does, with a run that tells what it was given. */
const funcStandIn = `
  const { AcsIdentity = '', AzureWebJobsStorage = '' } = process.env;
  const run = { id: '1', status: 'Succeeded', actions: [{ name: 'Environment', status: 'Succeeded', outputs: {
    AcsIdentity: AcsIdentity.split(';')[0], storage: AzureWebJobsStorage.includes('AccountName=devstoreaccount1') } }] };
  const answers = { '/admin/host/status': { state: 'Running' }, '/admin/functions': [{ name: 'dashboard' }], '/api/runs': run };
  if (process.argv[2] === '--version') console.log('4.9.9');
  else require('http').createServer((request, response) => response.end(JSON.stringify(answers[request.url])))
    .listen(Number(process.argv[4]), '127.0.0.1');`;

describe('npm start -- --once', () => {
  it('in a fresh clone runs the workflow through the function URLs, prints four succeeded steps, stops and exits with 0', async () => {
    const { exitCode, output } = await run(['start', '--once', ...freePorts]);
    expect(output).toMatch(/^Made local\.settings\.json from local\.settings\.json\.example\.$/m);
    expect(output).toMatch(
      /^ACS: the local emulator on http:\/\/127\.0\.0\.1:\d+.* \(AcsIdentity from local\.settings\.json\)$/m,
    );
    expect(output).toMatch(/^Storage: Azurite on 127\.0\.0\.1, ports \d+ \(blobs\), \d+ \(queues\), \d+ \(tables\)/m);
    expect(output).toMatch(
      /^Sign-in: the local service on http:\/\/127\.0\.0\.1:\d+ \(ENTRA_ISSUERS from local\.settings\.json\)$/m,
    );
    expect(output).toMatch(/runs: \[.*POST.*\] http:\/\/localhost:\d+\/api\/runs/);
    expect(output).toMatch(
      /^Run \d+CU00 {2}Succeeded in \d+\.\d s {2}\(connection AcsIdentity, through the function URLs\)$/m,
    );
    expect(output).toMatch(/^ {2}✓ Create_a_user +Succeeded +Created +\d+ ms\n {6}identity\.id +8:acs:\S+$/m);
    expect(output).toMatch(/^ {2}✓ Issue_a_user_access_token +Succeeded +OK +\d+ ms\n.*redacted, sha256 [0-9a-f]{12}/m);
    expect(output).toMatch(/^ {2}✓ Revoke_user_access_tokens +Succeeded +NoContent +\d+ ms$/m);
    expect(output).toMatch(/^ {2}✓ Delete_a_user +Succeeded +NoContent +\d+ ms$/m);
    expect(output).not.toMatch(/not recorded|still exists/);
    expect(output).not.toContain(DEFAULT_ACCESS_KEY);
    expect(exitCode).toBe(0);
  });

  it('exits with 1 when the run failed, and shows why', async () => {
    // The emulator runs on this port with its own key, so it refuses this one.
    const { exitCode, output } = await run(['start', '--once', ...freePorts], {
      AcsIdentity: 'endpoint=http://127.0.0.1:8090/;accesskey=c2VudGluZWwtd3Jvbmcta2V5',
    });
    expect(output).toMatch(/\(AcsIdentity from the environment\)/);
    expect(output).toMatch(/✗ Create_a_user +Failed .*\n +ConnectionDenied: /);
    expect(output).not.toContain('c2VudGluZWwtd3Jvbmcta2V5');
    expect(exitCode).toBe(1);
  });

  onPosix('uses func when there is one that works, with the settings for the ports in use', async () => {
    const tools = await mkdtemp(join(tmpdir(), 'func-'));
    try {
      await writeFile(join(tools, 'func'), `#!${process.execPath}\n${funcStandIn}`, { mode: 0o755 });
      const { exitCode, output } = await run(['start', '--once', ...freePorts], { PATH: tools });
      expect(output).toMatch(/^Host: func start, Azure Functions Core Tools 4\.9\.9 \(.*func\)$/m);
      expect(output).toMatch(/^ {6}AcsIdentity +endpoint=http:\/\/127\.0\.0\.1:(?!8090)\d+\/$/m);
      expect(output).toMatch(/^ {6}storage +true$/m);
      expect(output).toMatch(/^Dashboard: http:\/\/localhost:\d+\/api\/dashboard$/m);
      expect(exitCode).toBe(0);
    } finally {
      await rm(tools, { recursive: true });
    }
  });

  it.each([
    ['--port', 'the Functions host', (port: number) => port],
    ['--emulator-port', 'the ACS identity emulator', (port: number) => port],
    ['--sign-in-port', 'the local sign-in service', (port: number) => port],
    ['--storage-port', "Azurite's queues", (port: number) => port - 1],
  ])(
    'names the port and one command with all port options when %s is taken, and stops what it started',
    async (option, what, portFor) => {
      await withTakenPort(async (taken) => {
        const args = freePorts.with(freePorts.indexOf(option) + 1, String(portFor(taken)));
        const { exitCode, output } = await run(['start', '--once', ...args]);
        expect(output).toContain(`Port ${taken}, for ${what}, is taken by another process`);
        expect(output).toContain(
          '  npm start -- --once --port 0 --emulator-port 0 --sign-in-port 0 --storage-port 0\n',
        );
        expect(exitCode).toBe(1);
      });
    },
  );

  it.each([
    ['an unknown option', ['--onec'], 2, /^Unknown option '--onec'\./m],
    ['settings that are not JSON', ['--once'], 1, /^local\.settings\.json is not valid JSON/m],
  ])('with %s says so', async (_, args, exitCode, expected) => {
    await writeFile(join(project, 'local.settings.json'), '{');
    const result = await run(['start', ...args]);
    expect(result.output).toMatch(expected);
    expect(result.exitCode).toBe(exitCode);
  });
});

describe('npm start', () => {
  /** The ports of all that was started: each process holds at least one. */
  const portsIn = (output: string) =>
    [...output.matchAll(/(?:127\.0\.0\.1:|localhost:|ports |, )(\d{4,5})\b/g)].map(([, port]) => Number(port));

  /** Waits until none of them answers: some processes end only when they notice that their parent is gone. */
  async function openPorts(output: string): Promise<number[]> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const ports = [...new Set(portsIn(output))];
      const open = (await Promise.all(ports.map(isListening))).flatMap((isOpen, i) => (isOpen ? [ports[i] ?? 0] : []));
      if (open.length === 0 || Date.now() > deadline) return open;
      await sleep(50);
    }
  }

  it('stays until it is told to stop, then ends everything with exit code 0', async () => {
    const { child, ended, until, output } = start(['start', ...freePorts]);
    await until(/Press Ctrl\+C to stop\./);
    expect(new Set(portsIn(output())).size).toBe(6);
    expect(await Promise.all(portsIn(output()).map(isListening))).not.toContain(false);
    child.kill('SIGTERM');
    const exitCode = await ended;
    expect(await openPorts(output())).toEqual([]);
    // On Windows there is no signal that asks: the bootstrap is gone at once, and the rest notices.
    if (process.platform === 'win32') return;
    expect(output()).toContain('Stopping. Press Ctrl+C again to stop at once.');
    expect(exitCode).toBe(0);
  });

  it('answers no 503 from its first answer on: the port opens when storage is there', async () => {
    for (let n = 0; n < 3; n += 1) {
      const { port, args } = await knownPorts();
      const { child, ended, output } = start(['start', ...args]);
      const polled = await pollAnswers(port, 1000);
      child.kill('SIGTERM');
      await ended;
      expect(polled.unavailable).toEqual([]);
      expect(Object.keys(polled.counts).sort()).toEqual(['health 200', 'runs 200']);
      expect(await openPorts(output())).toEqual([]);
    }
  }, 60_000);

  it('leaves nothing running when the bootstrap is killed', async () => {
    const { child, ended, until, output } = start(['start', ...freePorts]);
    await until(/Press Ctrl\+C to stop\./);
    child.kill('SIGKILL');
    await ended;
    expect(await openPorts(output())).toEqual([]);
  });
});

describe('npm run watch', () => {
  it('loads the app again after a change in src', async () => {
    const { until } = start(['watch', ...freePorts]);
    await until(/Press Ctrl\+C to stop\./);
    await until(/Settings are not watched/);
    const [, port] = await until(/POST http:\/\/localhost:(\d+)\/api\/runs/);
    const entry = join(project, 'src/main.ts');
    const source = await readFile(entry, 'utf8');
    const added = `
      import { app as watchedApp } from '@azure/functions';
      watchedApp.http('added', { authLevel: 'anonymous', handler: () => Promise.resolve({ body: 'added' }) });`;
    try {
      await writeFile(entry, source + added);
      await until(/Rebuilt dist\/ in \d+ ms\./);
      const deadline = Date.now() + 10_000;
      let answer = '';
      while (answer !== 'added' && Date.now() < deadline) {
        await sleep(50);
        answer = await fetch(`http://127.0.0.1:${port}/api/added`).then(
          (response) => response.text(),
          () => '',
        );
      }
      expect(answer).toBe('added');
    } finally {
      await writeFile(entry, source);
    }
  });
});

describe('npm run services', () => {
  const freeServicePorts = [
    ...['--emulator-port', '0', '--sign-in-port', '0'],
    ...['--storage-port', '0', '--emulator-https-port', '0'],
  ];
  const settingsFile = () => join(project, 'local.settings.json');

  it('makes local.settings.json from the example when it is missing, as func start needs it', async () => {
    const { until, output } = start(['services', ...freeServicePorts]);
    await until(/Press Ctrl\+C to stop\./);
    expect(output()).toMatch(/^Made local\.settings\.json from local\.settings\.json\.example\.$/m);
    expect(await readFile(settingsFile(), 'utf8')).toBe(await readFile(`${settingsFile()}.example`, 'utf8'));
  });

  it('leaves local.settings.json as it is when it exists', async () => {
    await writeFile(settingsFile(), '{ "mine":');
    const { until, output } = start(['services', ...freeServicePorts]);
    await until(/Press Ctrl\+C to stop\./);
    expect(output()).not.toContain('Made local.settings.json');
    expect(await readFile(settingsFile(), 'utf8')).toBe('{ "mine":');
  });

  it('starts the emulators alone and prints the settings for them', async () => {
    const { until, output } = start(['services', ...freeServicePorts]);
    await until(/Press Ctrl\+C to stop\./);
    const [, endpoint] = await until(/^ {2}AcsIdentity +endpoint=(http:\/\/127\.0\.0\.1:\d+\/?);accesskey=/m);
    expect((await fetch(`${endpoint}/identities`, { method: 'POST' })).status).toBeGreaterThanOrEqual(400);
    expect(output()).toMatch(/^ {4}or over https +endpoint=https:\/\//m);
    const [, issuer] = await until(/^ {2}ENTRA_ISSUERS +(http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/v2\.0)$/m);
    expect(await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()).toMatchObject({ issuer });
    expect(output()).not.toContain('Unsupported runtime');
    expect(output()).toMatch(/^ {2}AzureWebJobsStorage +DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;/m);
    expect(output()).not.toContain('Functions:');
  });
});
