import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { endLaunched, launch } from './launched';

const bootstrapSource = resolve(__dirname, '../../local/bootstrap.mjs');
const onPosix = process.platform === 'win32' ? it.skip : it;

/** A project in which npm, the build and what is started only say that they ran. */
let project: string;
const write = async (file: string, text: string) => {
  await mkdir(dirname(join(project, file)), { recursive: true });
  await writeFile(join(project, file), text);
};
const lockFile = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });
/** Optional packages are not installed where they are of no use, or where they fail. */
const notHere = { 'node_modules/other-platform': { version: '1.0.0', optional: true } };

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'bootstrap-'));
  await mkdir(join(project, 'local'));
  await copyFile(bootstrapSource, join(project, 'local/bootstrap.mjs'));
  await write('package-lock.json', lockFile({ '': {}, 'node_modules/a': { version: '1.0.0' }, ...notHere }));
  await write('node_modules/.package-lock.json', lockFile({ 'node_modules/a': { version: '1.0.0' } }));
  await write(
    'npm-stub.js',
    `console.log('npm output'); require('fs').writeFileSync('npm-ran', process.argv.slice(2).join(' '));`,
  );
  await write(
    'local/build.mjs',
    `export async function build() { console.log('built'); }
     export async function buildCommand() { console.log('built the command'); }
     export async function watchApp() { console.log('watching'); }
     export async function stopBuilding() {}`,
  );
  await write('.local/build/start.js', `console.log('started', ...process.argv.slice(2)); process.disconnect();`);
});
afterEach(async () => {
  endLaunched();
  await rm(project, { recursive: true });
});

function bootstrap(args: string[], environment: NodeJS.ProcessEnv = {}, nodeArguments: string[] = []) {
  const inherited = { ...process.env };
  for (const name of Object.keys(inherited)) if (/^(npm_|no_proxy$)/i.test(name)) delete inherited[name];
  return launch([...nodeArguments, join(project, 'local/bootstrap.mjs'), ...args], {
    cwd: project,
    env: { ...inherited, npm_execpath: join(project, 'npm-stub.js'), ...environment },
  });
}

async function run(args: string[], environment?: NodeJS.ProcessEnv, nodeArguments?: string[]) {
  const { ended, output } = bootstrap(args, environment, nodeArguments);
  const exitCode = await ended;
  return { exitCode, lines: output().trimEnd().split('\n') };
}

describe('the bootstrap, with packages in place,', () => {
  it('takes a workspace for installed when its link is there', async () => {
    const workspace = { part: { version: '1.0.0' }, 'node_modules/part': { resolved: 'part', link: true } };
    await write('package-lock.json', lockFile({ ...workspace, 'node_modules/a': { version: '1.0.0' } }));
    await write('part/package.json', '{}');
    await symlink(join(project, 'part'), join(project, 'node_modules/part'), 'junction');
    expect((await run(['services'])).lines).toEqual(['built', 'started services']);
  });

  it('builds, then starts what was asked for with its arguments', async () => {
    expect(await run(['start', '--once', '--port', '0'])).toEqual({
      exitCode: 0,
      lines: ['built', 'started start --once --port 0'],
    });
    expect((await run(['services'])).lines).toEqual(['built', 'started services']);
    expect((await run(['watch'])).lines).toEqual(['built', 'watching', 'started watch']);
  });

  it('starts the emulator, the host, the command and the tests by their own files, and builds just the command for itself', async () => {
    const say = (what: string) => `console.log('${what}', ...process.argv.slice(2)); process.disconnect?.();`;
    await write(
      'emulator/bin/acs-identity-emulator.mjs',
      `console.log('emulator', ...process.argv.slice(2)); process.disconnect?.();`,
    );
    await write('.local/build/functionsHost/command.js', say('host'));
    await write('cli/dist/acs-identity.cjs', say('cli'));
    await write('node_modules/jest/bin/jest.js', say('jest'));
    expect((await run(['emulator', '--port', '1'])).lines).toEqual(['emulator --port 1']);
    expect((await run(['host'])).lines).toEqual(['built', 'host']);
    expect((await run(['cli', 'run'])).lines).toEqual(['built the command', 'cli run']);
    expect((await run(['test', 'some.test.ts'])).lines).toEqual(['jest some.test.ts']);
  });

  it('starts the build, the benchmarks and the example by their own files, which build by themselves', async () => {
    const script = `console.log('script', ...process.argv.slice(2));`;
    await write('bench/run.mjs', script);
    expect((await run(['bench', 'starts'])).lines).toEqual(['script starts']);
    await write('examples/web/serve.mjs', script);
    expect((await run(['example', '--port', '0'])).lines).toEqual(['script --port 0']);
    await write('local/build.mjs', script);
    expect((await run(['build', '--watch'])).lines).toEqual(['script --watch']);
  });

  it('ends with the exit code of what it started', async () => {
    await write('.local/build/start.js', 'process.exit(7)');
    expect((await run(['start'])).exitCode).toBe(7);
  });

  it('starts nothing when the build fails', async () => {
    await write(
      'local/build.mjs',
      `export async function build() { throw Object.assign(new Error('unseen'), { errors: [{}] }); }
       export async function stopBuilding() {}`,
    );
    expect(await run(['start'])).toEqual({ exitCode: 1, lines: ['The build failed.'] });
  });

  it.each([[['begin']], [[]], [['toString']]])('refuses %j with its usage', async (args) => {
    expect(await run(args)).toEqual({
      exitCode: 2,
      lines: [
        'Usage: node local/bootstrap.mjs start|watch|services|build|emulator|cli|package|host|dev-token|example|docs|bench|test [arguments]',
      ],
    });
  });

  it('asks for a newer Node.js before anything else', async () => {
    await write('old-node.cjs', `Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } });`);
    const { exitCode, lines } = await run(['start'], {}, ['--require', join(project, 'old-node.cjs')]);
    expect({ exitCode, lines }).toEqual({
      exitCode: 1,
      lines: ['This project needs Node.js 20 or newer; this is 18.20.8. See https://nodejs.org'],
    });
  });

  it('keeps calls to this machine from a proxy, in what it starts', async () => {
    await write(
      '.local/build/start.js',
      'console.log(process.env.NO_PROXY, process.env.no_proxy); process.disconnect();',
    );
    const both = (value: string) => ['built', `${value} ${value}`];
    expect((await run(['start'])).lines).toEqual(both('127.0.0.1,localhost'));
    const environment = { NO_PROXY: 'example.com, localhost' };
    expect((await run(['start'], environment)).lines).toEqual(both('example.com,localhost,127.0.0.1'));
  });
});

describe('the bootstrap installs packages', () => {
  const installing = 'Installing packages (npm ci)… The first time takes a minute.';

  it.each([
    ['there are none', () => rm(join(project, 'node_modules'), { recursive: true })],
    ['an install did not finish', () => rm(join(project, 'node_modules/.package-lock.json'))],
    [
      'another version is wanted',
      () => write('package-lock.json', lockFile({ 'node_modules/a': { version: '1.0.1' } })),
    ],
    [
      'another package is wanted',
      () => write('package-lock.json', lockFile({ 'node_modules/b': { version: '1.0.0' } })),
    ],
    [
      'the link to a package of the repository is missing',
      () => write('package-lock.json', lockFile({ part: { version: '1.0.0' }, 'node_modules/part': { link: true } })),
    ],
  ])('when %s, then builds and starts', async (_, prepare) => {
    await prepare();
    const { exitCode, lines } = await run(['start']);
    expect(lines).toEqual([installing, expect.stringMatching(/^Installed in \d+ s\.$/), 'built', 'started start']);
    expect(exitCode).toBe(0);
    expect(await readFile(join(project, 'npm-ran'), 'utf8')).toMatch(/^ci --include=dev /);
  });

  it('not when a package of the repository has its link', async () => {
    await write('package-lock.json', lockFile({ part: { version: '1.0.0' }, 'node_modules/part': { link: true } }));
    await write('node_modules/part/package.json', '{}');
    expect((await run(['start'])).lines).toEqual(['built', 'started start']);
  });

  it('and shows what npm said, and starts nothing, when that fails', async () => {
    await rm(join(project, 'node_modules'), { recursive: true });
    await write('npm-stub.js', `console.error('E404 no such package'); process.exit(3);`);
    const { exitCode, lines } = await run(['start']);
    expect(exitCode).toBe(1);
    expect(lines).toEqual([installing, 'E404 no such package', expect.stringMatching(/npm ci ended with exit code 3/)]);
  });
});

describe('the bootstrap, told to end,', () => {
  const cleaning = `
    process.once('disconnect', () => process.exit(1));
    process.once('SIGTERM', () => setTimeout(() => { require('fs').writeFileSync('cleaned', ''); process.exit(0); }, 300));
    // when it can be told to end
    console.log('started');`;

  onPosix('passes SIGTERM on, waits for what it started, and takes its exit code', async () => {
    await write('.local/build/start.js', cleaning);
    const { child, ended, until } = bootstrap(['start']);
    await until(/started/);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await readFile(join(project, 'cleaned'), 'utf8')).toBe('');
  });

  onPosix(
    "ends what it started when the shell that npm ran it in is gone: npm's shell may not pass signals on",
    async () => {
      await write('.local/build/start.js', cleaning);
      await write(
        'shell.js',
        `require('child_process').spawn(process.execPath, ['local/bootstrap.mjs', 'start'], { stdio: 'inherit' });`,
      );
      const { child, ended, until } = bootstrap(['start'], { npm_lifecycle_event: 'start' }, [
        join(project, 'shell.js'),
      ]);
      await until(/started/);
      child.kill('SIGTERM');
      // The output ends when the last process that holds it has ended.
      await ended;
      expect(await readFile(join(project, 'cleaned'), 'utf8')).toBe('');
    },
  );
});
