import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { buildWorker, cleanUp, eventually, makeApp, rawRequest, run, takePort, useApp } from './sampleApp';

let worker: string;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(cleanUp);

const entry = `${useApp}
app.get('setting', (request) => ({ jsonBody: { value: process.env[request.query.get('name')] ?? null } }));
app.http('post', { methods: ['POST', 'delete'], authLevel: 'function', route: 'users/{id}', handler: () => ({}) });
app.timer('tick', { schedule: '0 0 3 * * *', handler: () => {} });
app.get('slow', () => new Promise((done) => setTimeout(() => done({}), 4000)));
app.get('logs', (request, context) => {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error']) context[level](level + ' line');
  context.log('several\\nlines');
  console.log('console.log line');
  console.error('console.error line');
  setTimeout(() => context.log('much too late'), 50);
  return {};
});
`;
const withSettings = (content: string | object) => makeApp(entry, { 'local.settings.json': content });
const valueOf = async (app: Awaited<ReturnType<typeof run>>, name: string) =>
  ((await (await app.get(`/api/setting?name=${name}`)).json()) as { value: string | null }).value;

describe('local.settings.json', () => {
  test('Values are in the environment of the app', async () => {
    const directory = withSettings({ IsEncrypted: false, Values: { OWN_TEXT: 'a', OWN_NUMBER: 5 } });
    const app = await run(worker, { directory });
    expect(await valueOf(app, 'OWN_TEXT')).toBe('a');
    expect(await valueOf(app, 'OWN_NUMBER')).toBe('5');
  });

  test('a name that the environment has already wins, and the log says so without the value', async () => {
    const directory = withSettings({ IsEncrypted: false, Values: { OWN: 'from the file', EMPTY: 'from the file' } });
    process.env['OWN'] = 'outer';
    process.env['EMPTY'] = '';
    const app = await run(worker, { directory }).finally(() => {
      delete process.env['OWN'];
      delete process.env['EMPTY'];
    });
    expect(await valueOf(app, 'OWN')).toBe('outer');
    expect(await valueOf(app, 'EMPTY')).toBe('from the file');
    expect(app.log()).toContain(
      "Skipping 'OWN' from local settings as it's already defined in current environment variables.",
    );
    expect(app.log()).not.toContain('from the file');
  });

  test('a name that the caller has decided wins silently: nobody set it in the environment', async () => {
    const directory = withSettings({ IsEncrypted: false, Values: { OWN: 'from the file' } });
    const app = await run(worker, { directory }, { environment: { OWN: 'decided' } });
    expect(await valueOf(app, 'OWN')).toBe('decided');
    expect(app.log()).not.toContain('Skipping');
  });

  test('languageWorkers__node__arguments are arguments of the Node.js process, next to source maps', async () => {
    const argumentsOf = `${useApp}app.get('arguments', () => ({ jsonBody: process.execArgv }));`;
    const Values = { languageWorkers__node__arguments: ' --inspect=127.0.0.1:0  --max-old-space-size=200 ' };
    const directory = makeApp(argumentsOf, { 'local.settings.json': { IsEncrypted: false, Values } });
    const app = await run(worker, { directory });
    expect(await (await app.get('/api/arguments')).json()).toEqual([
      '--enable-source-maps',
      '--inspect=127.0.0.1:0',
      '--max-old-space-size=200',
    ]);
    await eventually(() => /Debugger listening on ws:\/\/127\.0\.0\.1:\d+/.test(app.log()));
  });

  test.each([
    ['bad JSON', '{"Values": {"OWN": "secret" ', 'is not valid JSON'],
    ['no IsEncrypted', { Values: { OWN: 'secret' } }, '"IsEncrypted": false'],
    ['IsEncrypted true', { IsEncrypted: true, Values: { OWN: 'secret' } }, '"IsEncrypted": false'],
  ])('%s: a warning, and the host goes on without', async (_, content, warning) => {
    const app = await run(worker, { directory: withSettings(content) });
    expect(await valueOf(app, 'OWN')).toBeNull();
    expect(app.log()).toContain(warning);
    expect(app.log()).not.toContain('secret');
  });

  test('is not read when the caller says so', async () => {
    const directory = withSettings({ IsEncrypted: false, Values: { OWN: 'a' } });
    expect(await valueOf(await run(worker, { directory }, { settingsFile: false }), 'OWN')).toBeNull();
  });

  test('the app knows where and how it runs', async () => {
    const app = await run(worker, entry);
    expect(await valueOf(app, 'AZURE_FUNCTIONS_ENVIRONMENT')).toBe('Development');
    expect(await valueOf(app, 'WEBSITE_HOSTNAME')).toBe(`localhost:${app.host.port}`);
    expect(await valueOf(app, 'AzureWebJobsScriptRoot')).toBe(app.directory);
  });
});

describe('CORS', () => {
  const start = (host: object) => run(worker, { directory: withSettings({ IsEncrypted: false, Host: host }) });
  const preflight = (port: number, origin: string) =>
    rawRequest(port, '/api/users/1', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-own' },
    });

  test('a preflight from a listed origin: 204 and allowed', async () => {
    const app = await start({ CORS: 'http://a.test, http://b.test', CORSCredentials: true });
    expect(await preflight(app.host.port, 'http://b.test')).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'http://b.test',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'x-own',
        'access-control-allow-credentials': 'true',
      },
    });
  });

  test('from another origin: 403, not allowed', async () => {
    const app = await start({ CORS: 'http://a.test' });
    const answer = await preflight(app.host.port, 'http://c.test');
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('a request from a listed origin gets the header with its answer', async () => {
    const app = await start({ CORS: '*' });
    const answer = await app.get('/api/setting?name=X', { headers: { origin: 'http://any.test' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('without the setting OPTIONS is a method like others: 404', async () => {
    const app = await run(worker, entry);
    expect((await preflight(app.host.port, `http://127.0.0.1:${app.host.port}`)).status).toBe(404);
  });
});

describe('the console', () => {
  test('lists the functions with methods and URLs, timers without', async () => {
    const app = await run(worker, entry);
    const list = app.lines.join('\n');
    expect(list).toContain('\nFunctions:\n\n');
    expect(list).toContain(`\tpost: [POST,DELETE] http://localhost:${app.host.port}/api/users/{id}\n`);
    expect(list).toContain('\ttick: timerTrigger\n');
    expect(list.indexOf('\tlogs:')).toBeLessThan(list.indexOf('\tpost:'));
  });

  test('says so if the app has no functions', async () => {
    const app = await run(worker, '');
    expect(app.log()).toContain('No functions: every call gets 404, because the app registers none.');
  });

  test('the caller gets the same list', async () => {
    const app = await run(worker, entry);
    expect(app.host.url).toBe(`http://localhost:${app.host.port}`);
    expect(app.host.functions).toContainEqual(
      expect.objectContaining({
        name: 'post',
        type: 'http',
        methods: ['POST', 'DELETE'],
        authLevel: 'function',
        url: `${app.host.url}/api/users/{id}`,
        disabled: false,
      }),
    );
  });

  test('shows what functions log from information on, each line with its time in UTC', async () => {
    const app = await run(worker, entry, { environment: { NO_COLOR: '1' } });
    await app.get('/api/logs');
    await eventually(() => app.log().includes('Unexpected call'));
    for (const line of [
      'info line',
      'warn line',
      'error line',
      'several',
      'lines',
      'console.log line',
      'console.error line',
    ]) {
      expect(
        app.lines.filter(
          (shown) => /^\[\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z\] /.test(shown) && shown.endsWith(`] ${line}`),
        ),
      ).toHaveLength(1);
    }
    expect(app.log()).not.toMatch(/trace line|debug line/);
  });

  test('drops what is logged after the end of a call; the warning of it is shown', async () => {
    const app = await run(worker, entry);
    await app.get('/api/logs');
    await eventually(() => app.log().includes("Unexpected call to 'log'"));
    expect(app.log()).not.toContain('much too late');
  });

  test('says when a call begins and ends', async () => {
    const app = await run(worker, entry);
    await app.get('/api/setting?name=X');
    expect(app.log()).toMatch(
      /Executing 'Functions\.setting' \(Reason='This function was programmatically called via the host APIs\.', Id=([\w-]{36})\)\nExecuted 'Functions\.setting' \(Succeeded, Id=\1, Duration=\d+ms\)/,
    );
  });
});

describe('the command', () => {
  const outfile = () => join(dirname(worker), 'command.js');
  beforeAll(async () => {
    const entryPoints = [resolve(__dirname, '../../../local/functionsHost/command.ts')];
    await build({
      entryPoints,
      outfile: outfile(),
      bundle: true,
      format: 'cjs',
      platform: 'node',
      packages: 'external',
    });
  });

  function start(...args: string[]) {
    const child = spawn(process.execPath, [outfile(), '--app', makeApp(entry), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    return { child, ended: once(child, 'exit') as Promise<[number | null, string | null]>, output: () => output };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('serves until %s, then ends with exit code 0', async (signal) => {
    const { child, ended, output } = start('--port', '0', '--no-watch');
    await eventually(() => output().includes('tick: timerTrigger'));
    const port = Number(/localhost:(\d+)/.exec(output())?.[1]);
    expect((await rawRequest(port, '/api/logs')).status).toBe(200);
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  test.each([
    ['SIGTERM', 'waits for a running invocation', 200],
    ['SIGINT', 'ends a running invocation after 2 s', 500],
  ] as const)('%s %s', async (signal, _, status) => {
    const { child, ended, output } = start('--port', '0', '--no-watch');
    await eventually(() => output().includes('tick: timerTrigger'));
    const answer = rawRequest(Number(/localhost:(\d+)/.exec(output())?.[1]), '/api/slow');
    await eventually(() => output().includes("Executing 'Functions.slow'"));
    child.kill(signal);
    expect((await answer).status).toBe(status);
    expect(await ended).toEqual([0, null]);
  });

  test('a taken port: says which, and which option chooses another', async () => {
    const { port, close } = await takePort();
    const { ended, output } = start('--port', String(port));
    expect(await ended).toEqual([1, null]);
    close();
    expect(output()).toContain(
      `Port ${port} is unavailable. Close the process using that port, or specify another port using --port`,
    );
  });
});
