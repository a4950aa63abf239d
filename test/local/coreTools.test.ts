import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCoreTools, startCoreTools } from '../../local/coreTools';

/** Stand-ins for `func` are scripts, which only POSIX starts by themselves. */
const describeOnPosix = process.platform === 'win32' ? describe.skip : describe;
let directory: string;

async function writeProgram(file: string, code: string): Promise<string> {
  const path = join(directory, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!${process.execPath}\n${code}`);
  await chmod(path, 0o755);
  return path;
}
const saying = (version: string) => `if (process.argv[2] === '--version') console.log('${version}');`;

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'core-tools-')));
});
afterEach(() => rm(directory, { recursive: true }));

describeOnPosix('Core Tools', () => {
  const find = (path: string) => findCoreTools(join(directory, 'project'), { PATH: path });

  it('are found in PATH', async () => {
    const file = await writeProgram('bin/func', saying('4.0.7030'));
    expect(await find(`/nowhere:${join(directory, 'bin')}`)).toEqual({ file, version: '4.0.7030' });
  });

  it('are found in node_modules first, as the program itself', async () => {
    await writeProgram('bin/func', saying('4.0.7030'));
    const file = await writeProgram('project/node_modules/azure-functions-core-tools/bin/func', saying('4.13.2'));
    expect(await find(join(directory, 'bin'))).toEqual({ file, version: '4.13.2' });
  });

  it("are not there when npm's package lacks its program, and nothing is downloaded then", async () => {
    const script = await writeProgram(
      'lib/node_modules/azure-functions-core-tools/lib/main.js',
      `require('fs').writeFileSync(${JSON.stringify(join(directory, 'downloaded'))}, ''); ${saying('4.13.2')}`,
    );
    await mkdir(join(directory, 'bin'));
    await symlink(script, join(directory, 'bin/func'));
    expect(await find(join(directory, 'bin'))).toBeUndefined();
    await expect(realpath(join(directory, 'downloaded'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['another program of that name', saying('func version: v1.15.0')],
    ['an older version', saying('3.0.5682')],
    ['one that fails', 'process.exit(1)'],
  ])('are not there for %s', async (_, code) => {
    await writeProgram('bin/func', code);
    expect(await find(join(directory, 'bin'))).toBeUndefined();
  });
});

describeOnPosix('func start', () => {
  const server = (extra = '') => `
    const [command, option, port] = process.argv.slice(2);
    let asked = 0;
    const server = require('http').createServer((request, response) => {
      const starting = request.url === '/admin/host/status' && ++asked < 3;
      if (request.url === '/admin/functions') response.end('[{"name":"runs"},{"name":"dashboard"}]');
      else response.writeHead(starting ? 503 : 200).end(JSON.stringify({ state: 'Running', command, option, setting: process.env.SETTING }));
    }).listen(Number(port), '127.0.0.1');
    ${extra}`;
  const start = async (code: string, port = 0, log?: (line: string) => void) =>
    startCoreTools(
      { file: await writeProgram('func', code), version: '4.0.0' },
      { projectRoot: directory, port, environment: { ...process.env, SETTING: 'overridden' }, ...(log && { log }) },
    );

  it('prints its lines to whoever asks for them', async () => {
    const lines: string[] = [];
    const host = await start(server(`console.log('one\\ntwo'); console.error('three');`), 0, (line) =>
      lines.push(line),
    );
    await host.stop();
    expect(lines.sort()).toEqual(['one', 'three', 'two']);
  });

  it('is given the port and the environment, and is ready when it answers; a stop ends it', async () => {
    const host = await start(server());
    try {
      expect(host.functions).toEqual([{ name: 'runs' }, { name: 'dashboard' }]);
      const answer = await fetch(`http://127.0.0.1:${host.port}/`);
      expect(await answer.json()).toMatchObject({ command: 'start', option: '--port', setting: 'overridden' });
    } finally {
      await host.stop();
    }
    await expect(fetch(`http://127.0.0.1:${host.port}/`)).rejects.toThrow();
  });

  it('that does not end when asked is ended by a second stop', async () => {
    const host = await start(server(`process.on('SIGTERM', () => {});`));
    const stopping = host.stop();
    await host.stop();
    await stopping;
  });

  it('that ends by itself says so with its exit code', async () => {
    const host = await start(server(`setTimeout(() => process.exit(5), 1000);`));
    expect(await host.ended).toBe(5);
  });

  it('that ends before it answers is an error', async () => {
    await expect(start('process.exit(1)')).rejects.toThrow('func start ended before it answered; its output is above.');
  });

  it('is not tried on a port that is taken', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(start(server(), port)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    taken.close();
  });
});
