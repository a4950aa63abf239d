import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { startFunctionsHost } from '../../../local/functionsHost/host';
import { buildWorker, cleanUp, eventually, makeApp, rawRequest, run, takePort, useApp, writeFiles } from './sampleApp';
import { fixedPort } from '../../fixedPort';

let worker: string;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(cleanUp);

const crashing = `${useApp}
app.get('hello', () => ({ body: 'hello ' + process.pid }));
app.get('throwLater', () => new Promise(() => setTimeout(() => { throw new Error('thrown later'); })));
app.get('reject', () => new Promise(() => { Promise.reject(new Error('rejected')); }));
app.get('exit', () => process.exit(7));
app.get('hang', () => new Promise(() => {}));
`;
const text = async (answer: Promise<Response>) => (await answer).text();

describe('a crash', () => {
  test.each([
    ['throwLater', /\(1 of 3 times in a row\): exit code 1 Error: thrown later/],
    ['reject', /\(1 of 3 times in a row\): exit code 1 Error: rejected/],
    ['exit', /\(1 of 3 times in a row\): exit code 7/],
  ])(
    'by %s: calls in flight get an empty 500, the log says why, the next request waits for the restart',
    async (name, cause) => {
      const app = await run(worker, crashing);
      const first = await text(app.get('/api/hello'));
      const hanging = app.get('/api/hang');
      await eventually(() => app.log().includes("Executing 'Functions.hang'"));
      const answer = await app.get(`/api/${name}`);
      expect([answer.status, await answer.text()]).toEqual([500, '']);
      expect((await hanging).status).toBe(500);
      const second = await text(app.get('/api/hello'));
      expect(second).toMatch(/^hello \d+$/);
      expect(second).not.toBe(first);
      expect(app.log()).toMatch(cause);
      expect(app.log()).toContain('Restarting the app.');
    },
  );

  test('is followed by a restart, unless it is the third in a row', async () => {
    const app = await run(worker, crashing);
    for (let crash = 0; crash < 3; crash++) expect((await app.get('/api/exit')).status).toBe(500);
    expect(await app.host.ended).toBe(1);
    expect(app.log()).toContain('3 of 3');
    await expect(app.get('/api/hello')).rejects.toThrow();
  });

  test('does not count any more after a call that succeeded', async () => {
    const app = await run(worker, crashing);
    for (let crash = 0; crash < 4; crash++) {
      expect((await app.get('/api/exit')).status).toBe(500);
      expect((await app.get('/api/hello')).status).toBe(200);
    }
  });

  test('at every start ends the start', async () => {
    await expect(run(worker, 'process.exit(9);')).rejects.toThrow('crashed each time that it was started');
  });

  describe('while files are watched', () => {
    const corrected = `${useApp}app.get('hello', () => ({ body: 'corrected' }));`;
    const correct = async (app: Awaited<ReturnType<typeof run>>) => {
      writeFiles(app.directory, { 'dist/main.js': corrected });
      await eventually(async () => (await text(app.get('/api/hello'))) === 'corrected');
    };

    test('three times in a row: calls get 503, timers stop, and the next change starts the app again', async () => {
      const ticking = `${crashing}app.timer('tick', { schedule: '* * * * * *', handler: () => Promise.reject(new Error('tick')) });`;
      const app = await run(worker, ticking, { watch: true });
      for (let crash = 0; crash < 3; crash++) expect((await app.get('/api/exit')).status).toBe(500);
      await eventually(() => app.log().includes('3 of 3'));
      expect(app.log()).toContain('The app starts again when one of its files changes.');
      expect((await app.get('/api/hello')).status).toBe(503);
      const linesBefore = app.lines.length;
      await sleep(1500);
      expect(app.lines.slice(linesBefore)).toEqual([]);
      await correct(app);
    });

    test('at every start: the host waits, and the next change starts the app', async () => {
      const app = await run(worker, 'process.exit(9);', { watch: true });
      expect((await app.get('/api/hello')).status).toBe(503);
      await correct(app);
    });

    test('three times in a row after a change is counted anew', async () => {
      const app = await run(worker, crashing, { watch: true });
      for (let crash = 0; crash < 3; crash++) await app.get('/api/exit');
      await eventually(() => app.log().includes('3 of 3'));
      writeFiles(app.directory, { 'dist/main.js': `${crashing}// changed` });
      await eventually(async () => (await app.get('/api/hello')).status === 200);
      for (let crash = 0; crash < 3; crash++) await app.get('/api/exit');
      await eventually(() => app.log().split('3 of 3').length === 3);
      await correct(app);
      await app.host.stop();
      expect(await app.host.ended).toBe(0);
    });

    test('a stop ends a host that waits for a change', async () => {
      const app = await run(worker, 'process.exit(9);', { watch: true });
      await app.host.stop();
      expect(await app.host.ended).toBe(0);
    });
  });
});

describe('a start', () => {
  test('on a taken port fails with its code and the port', async () => {
    const { port, close } = await takePort();
    await expect(run(worker, crashing, { port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    close();
  });

  describe('with something that the app still needs', () => {
    const answering = `${useApp}console.log('the app is loaded'); app.get('hello', () => ({ body: 'hello' }));
app.timer('tick', { schedule: '* * * * * *', handler: () => {} });`;
    const start = async (port: number) => {
      let [resolve, reject]: [() => void, (error: Error) => void] = [() => undefined, () => undefined];
      const openWhen = new Promise<void>((done, fail) => ([resolve, reject] = [done, fail]));
      const lines: string[] = [];
      const starting = run(worker, answering, { port, openWhen, log: (line) => lines.push(line) });
      starting.catch(() => undefined);
      await eventually(() => lines.some((line) => line.endsWith('the app is loaded')));
      return { starting, lines, resolve, reject };
    };

    test('loads the app, but opens the port, lists the functions and starts the timers when it is there', async () => {
      const { port, close } = await takePort();
      close();
      const { starting, lines, resolve } = await start(port);
      await sleep(1500);
      await expect(rawRequest(port, '/api/hello')).rejects.toThrow('ECONNREFUSED');
      expect(lines.filter((line) => /Functions:|Executing/.test(line))).toEqual([]);
      resolve();
      expect(await text((await starting).get('/api/hello'))).toBe('hello');
      expect(lines).toContain('Functions:');
      await eventually(() => lines.some((line) => line.includes("Executed 'Functions.tick'")));
    });

    test('fails with its failure, and ends the app', async () => {
      const { starting, reject } = await start(0);
      reject(new Error('no storage'));
      await expect(starting).rejects.toThrow('no storage');
    });
  });

  test.each([
    ['an entry that throws', 'throw new Error("no luck");', {}, /main\.js: Error: no luck/],
    [
      'an entry that throws after registering',
      `${crashing} throw new Error('too late');`,
      {},
      /main\.js: Error: too late/,
    ],
    ['a syntax error', 'const = 1;', {}, /main\.js:1[^]*SyntaxError/],
    [
      'the same name twice',
      `${useApp}app.get('a', () => ({})); app.get('a', () => ({}));`,
      {},
      /"a" is already registered/,
    ],
    ['no main', '', { 'package.json': {} }, /No file matches "main": ""/],
    [
      'an appStart hook that throws',
      `${crashing} app.hook.appStart(() => { throw new Error('not today'); });`,
      {},
      /not today/,
    ],
  ])('with %s: no functions, 404, the reason in the log', async (_, entry, files, reason) => {
    const app = await run(worker, { directory: makeApp(entry, files) });
    expect(app.host.functions).toEqual([]);
    expect((await app.get('/api/hello')).status).toBe(404);
    expect((await app.get('/')).status).toBe(200);
    expect(app.log()).toMatch(/The app could not be loaded: /);
    expect(app.log()).toMatch(reason);
    expect(app.log()).toContain('No functions: every call gets 404 until the error above is corrected.');
    expect(app.log()).not.toContain('Functions:\n');
  });

  test('loads all files that main names, CommonJS and ES modules', async () => {
    const register = (name: string) => `app.get('${name}', () => ({ body: '${name}' }));`;
    const directory = makeApp('', {
      'package.json': { main: 'dist/{index,functions/**/*}.{js,mjs}' },
      'dist/index.js': useApp + register('one'),
      'dist/functions/two.js': useApp + register('two'),
      'dist/functions/deep/three.mjs': `import { app } from '@azure/functions'; ${register('three')}`,
      'dist/other.js': useApp + register('never'),
    });
    const app = await run(worker, { directory });
    expect(app.host.functions.map(({ name }) => name)).toEqual(['one', 'three', 'two']);
    expect(await text(app.get('/api/three'))).toBe('three');
  });

  test('loads a bundle that holds the library', async () => {
    const directory = makeApp(crashing);
    const file = join(directory, 'dist/main.js');
    renameSync(file, join(directory, 'source.js'));
    const external = ['@azure/functions-core'];
    const entryPoints = [join(directory, 'source.js')];
    await build({ entryPoints, outfile: file, bundle: true, format: 'cjs', platform: 'node', external, minify: true });
    const app = await run(worker, { directory });
    expect(await text(app.get('/api/hello'))).toMatch(/^hello/);
  });
});

describe('hooks', () => {
  const entry = `${useApp}
const { writeFileSync } = require('node:fs');
const seen = [];
app.hook.appStart((context) => { context.hookData.started = true; });
app.hook.preInvocation((context) => {
  seen.length = 0;
  seen.push('pre ' + context.invocationContext.functionName);
  context.hookData.fromPre = 1;
  const inner = context.functionHandler;
  context.functionHandler = async (...args) => ({ body: 'wrapped ' + (await inner(...args)).body });
  try { context.hookData = {}; } catch { seen.push('read only'); }
});
app.hook.postInvocation((context) => {
  seen.push('post ' + context.hookData.fromPre + ' ' + (context.error ? context.error.message : context.result.body));
  if (context.error) { context.error = null; context.result = { body: 'healed' }; }
  else context.result = { body: context.result.body + ', ' + seen.join(', ') };
});
app.hook.log((context) => {
  if (context.message === 'secret') context.message = 'hidden';
  if (context.message === 'quiet') context.level = 'debug';
  if (context.message === 'bad hook') throw new Error('in the hook');
});
app.hook.appTerminate(() => writeFileSync('terminated.txt', 'yes'));
app.get('hello', (request, context) => {
  for (const message of ['secret', 'quiet', 'bad hook']) context.log(message);
  return { body: 'hello' };
});
app.get('throws', () => { throw new Error('thrown'); });
`;

  test('run around a call in order, with what they may change', async () => {
    const app = await run(worker, entry);
    expect(await text(app.get('/api/hello'))).toBe('wrapped hello, pre hello, read only, post 1 wrapped hello');
    expect(await text(app.get('/api/throws'))).toBe('healed');
  });

  test('of the log change lines, and their own errors cost none', async () => {
    const app = await run(worker, entry);
    await app.get('/api/hello');
    expect(app.log()).toMatch(/^hidden$/m);
    expect(app.log()).toMatch(/^bad hook$/m);
    expect(app.log()).not.toMatch(/^(secret|quiet)$/m);
  });

  test('of appTerminate run when the host stops', async () => {
    const app = await run(worker, entry);
    await app.host.stop();
    expect(readFileSync(join(app.directory, 'terminated.txt'), 'utf8')).toBe('yes');
  });
});

describe('a reload', () => {
  const answering = (body: string) => `${useApp}app.get('hello', () => ({ body: '${body}' }));`;

  test('follows a changed script and a changed host.json, not another file', async () => {
    const app = await run(worker, answering('old'), { watch: true });
    writeFiles(app.directory, { 'dist/data.json': {}, 'dist/main.js.map': '{}' });
    await sleep(800);
    expect(app.lines.filter((line) => line.includes('Reload'))).toEqual([]);
    writeFiles(app.directory, { 'dist/main.js': `${answering('new one')}` });
    await eventually(async () => (await text(app.get('/api/hello'))) === 'new one');
    writeFiles(app.directory, { 'host.json': { extensions: { http: { routePrefix: 'v1' } } } });
    await eventually(async () => (await app.get('/v1/hello')).status === 200);
    expect(app.host.functions).toMatchObject([{ url: `http://localhost:${app.host.port}/v1/hello` }]);
  });

  test('lets calls in flight finish', async () => {
    const slow = `${useApp}app.get('slow', () => new Promise((done) => setTimeout(() => done({ body: 'old' }), 1500)));`;
    const app = await run(worker, slow, { watch: true });
    const inFlight = text(app.get('/api/slow'));
    writeFiles(app.directory, { 'dist/main.js': answering('new') });
    await eventually(async () => (await app.get('/api/hello')).status === 200);
    expect(await inFlight).toBe('old');
  });

  test('brings a host back that could not start', async () => {
    const app = await run(worker, { directory: makeApp(answering('there'), { 'host.json': '{' }) }, { watch: true });
    expect((await app.get('/api/hello')).status).toBe(503);
    expect(app.log()).toContain('No functions: every call gets 503 until the error above is corrected.');
    writeFiles(app.directory, { 'host.json': {} });
    await eventually(async () => (await app.get('/api/hello')).status === 200);
  });

  test('lets a debugger attach again at the same port', async () => {
    const address = `127.0.0.1:${await fixedPort()}`;
    const environment = { languageWorkers__node__arguments: `--inspect=${address}` };
    const slow = `${useApp}app.get('slow', () => new Promise((done) => setTimeout(() => done({}), 1500)));`;
    const app = await run(worker, slow, { watch: true, environment });
    const attachable = () => app.log().split(`Debugger listening on ws://${address}/`).length - 1;
    await eventually(() => attachable() === 1);
    const inFlight = app.get('/api/slow');
    writeFiles(app.directory, { 'dist/main.js': answering('new one') });
    await eventually(async () => (await text(app.get('/api/hello'))) === 'new one');
    await inFlight;
    await eventually(() => attachable() === 2);
  });

  test('does not follow changed settings, but the log says what to do', async () => {
    const app = await run(worker, answering('same'), { watch: true });
    writeFiles(app.directory, { 'local.settings.json': { IsEncrypted: false, Values: {} } });
    await eventually(() =>
      app.log().includes('local.settings.json has changed. Restart the host to use the new settings.'),
    );
  });
});

describe('functionTimeout', () => {
  test('fails the call with an empty 500 and restarts the app', async () => {
    const app = await run(worker, { directory: makeApp(crashing, { 'host.json': { functionTimeout: '00:00:01' } }) });
    const first = await text(app.get('/api/hello'));
    const answer = await app.get('/api/hang');
    expect([answer.status, await answer.text()]).toEqual([500, '']);
    expect(app.log()).toContain('functionTimeout');
    expect(await text(app.get('/api/hello'))).not.toBe(first);
  });
});

describe('stop', () => {
  const stoppable = `${useApp}
const { writeFileSync } = require('node:fs');
const stopping = new AbortController();
const abortable = (signal) => new Promise((done) => signal.addEventListener('abort', () => setTimeout(() => done({ body: 'aborted' }), 300)));
app.get('slow', () => new Promise((done) => setTimeout(() => done({ body: 'slow' }), 600)));
app.get('workflow', () => abortable(stopping.signal));
app.get('pid', () => ({ body: String(process.pid) }));
app.hook.appTerminate(() => { console.log('the hook ran'); stopping.abort(); });
`;
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('refuses new connections at once and lets a request in flight finish', async () => {
    const app = await run(worker, stoppable, { port: await fixedPort() });
    const pid = Number(await text(app.get('/api/pid')));
    const inFlight = text(app.get('/api/slow'));
    await eventually(() => app.log().includes("Executing 'Functions.slow'"));
    const stopped = app.host.stop();
    const { port } = app.host;
    await expect(startAnotherOn(port)).resolves.toBe(port);
    expect(await inFlight).toBe('slow');
    await stopped;
    expect(await app.host.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(app.log()).toContain('the hook ran');
  });

  async function startAnotherOn(port: number): Promise<number> {
    const other = await startFunctionsHost({
      appDirectory: makeApp(''),
      port,
      workerFile: worker,
      watch: false,
      log: () => undefined,
    });
    await other.stop();
    return other.port;
  }

  const working = `${useApp}
const work = () => new Promise((done) => setTimeout(done, 3000));
app.get('work', () => work().then(() => ({ body: 'done' })));
app.get('hang', () => new Promise(() => {}));
app.timer('tick', { schedule: '0 0 0 1 1 *', handler: work });
app.hook.appTerminate(() => { console.log('the hook ran'); });
`;

  test('like SIGTERM lets a request end before the appTerminate hooks run', async () => {
    const app = await run(worker, working);
    const answer = text(app.get('/api/work'));
    await eventually(() => app.log().includes("Executing 'Functions.work'"));
    await app.host.stop('SIGTERM');
    expect(await answer).toBe('done');
    expect(app.log()).toMatch(/Executed 'Functions\.work' \(Succeeded[^]*the hook ran/);
  });

  test('like SIGTERM lets a timer run end before the appTerminate hooks run', async () => {
    const app = await run(worker, working);
    expect(await app.fire('tick')).toBe(202);
    await app.host.stop('SIGTERM');
    expect(app.log()).toMatch(/Executed 'Functions\.tick' \(Succeeded[^]*the hook ran/);
  });

  test('like Ctrl+C gives running invocations 2 s and the appTerminate hooks 5 s more', async () => {
    const never = `${working}app.hook.appTerminate(() => new Promise((done) => setTimeout(done, 60000)));`;
    const app = await run(worker, never);
    const hanging = app.get('/api/hang').catch(() => undefined);
    await eventually(() => app.log().includes("Executing 'Functions.hang'"));
    const startedAt = performance.now();
    const stopped = app.host.stop('SIGINT');
    await eventually(() => app.log().includes('the hook ran'));
    const hookAfterMs = performance.now() - startedAt;
    await Promise.all([stopped, hanging]);
    const stoppedAfterMs = performance.now() - startedAt;
    expect(hookAfterMs).toBeGreaterThan(1900);
    expect(hookAfterMs).toBeLessThan(3500);
    expect(stoppedAfterMs - hookAfterMs).toBeGreaterThan(4500);
    expect(stoppedAfterMs - hookAfterMs).toBeLessThan(7000);
  });

  test('closes kept-alive connections: idle ones at once, those in use after their answer', async () => {
    const app = await run(worker, stoppable);
    const agents = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
    const ask = (agent: Agent | undefined, path: string) => rawRequest(app.host.port, path, { agent: agent ?? false });
    const [idle, used] = agents;
    expect((await ask(idle, '/api/pid')).headers.connection).toBe('keep-alive');
    const inFlight = ask(used, '/api/slow');
    await eventually(() => app.log().includes("Executing 'Functions.slow'"));
    const stopped = app.host.stop();
    await expect(ask(idle, '/api/pid')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
    const answer = await inFlight;
    expect([answer.body, answer.headers.connection]).toEqual(['slow', 'close']);
    await expect(ask(used, '/api/pid')).rejects.toThrow('ECONNREFUSED');
    await stopped;
    for (const agent of agents) agent.destroy();
  });

  test('does not answer on a connection that was opened before it and not used', async () => {
    const app = await run(worker, stoppable);
    const socket = connect(app.host.port, '127.0.0.1');
    await once(socket, 'connect');
    const inFlight = text(app.get('/api/slow'));
    await eventually(() => app.log().includes("Executing 'Functions.slow'"));
    const stopped = app.host.stop();
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString())).on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write('GET /api/pid HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await closed;
    expect(answer).toBe('');
    expect(await inFlight).toBe('slow');
    await stopped;
  });

  test('runs appTerminate hooks while calls are still in flight, which may then answer', async () => {
    const app = await run(worker, stoppable, { stopGraceMs: 100 });
    const inFlight = text(app.get('/api/workflow'));
    await eventually(() => app.log().includes("Executing 'Functions.workflow'"));
    await app.host.stop();
    expect(await inFlight).toBe('aborted');
    expect(app.log()).toMatch(/the hook ran[^]*Executed 'Functions\.workflow' \(Succeeded/);
  });

  test('ends an app that takes longer than its grace', async () => {
    const entry = `${useApp}app.hook.appTerminate(() => new Promise((done) => setTimeout(done, 60000)));`;
    const app = await run(worker, entry, { stopGraceMs: 10, terminateGraceMs: 200 });
    const startedAt = Date.now();
    await app.host.stop();
    expect(Date.now() - startedAt).toBeLessThan(2000);
    expect(Date.now() - startedAt).toBeGreaterThan(190);
  });

  test('asked for twice ends at once', async () => {
    const app = await run(worker, crashing, { stopGraceMs: 30_000, terminateGraceMs: 30_000 });
    const inFlight = app.get('/api/hang').catch(() => undefined);
    await eventually(() => app.log().includes("Executing 'Functions.hang'"));
    const startedAt = Date.now();
    await Promise.all([app.host.stop(), app.host.stop()]);
    await inFlight;
    expect(Date.now() - startedAt).toBeLessThan(2000);
    expect(app.log()).not.toContain('Restarting');
  });

  test('leaves signals to the host: the app outlives Ctrl+C and ends with the channel', async () => {
    const app = await run(worker, stoppable);
    const pid = Number(await text(app.get('/api/pid')));
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    await sleep(200);
    expect(Number(await text(app.get('/api/pid')))).toBe(pid);
    expect(existsSync(worker)).toBe(true);
  });
});
