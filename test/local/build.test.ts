import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { endLaunched, launch } from './launched';

const projectRoot = resolve(__dirname, '../..');
const LOCAL_ENTRIES = [
  ...['start', 'storageProcess', 'documents', 'functionsHost/command', 'functionsHost/worker'],
  ...['signIn/signInProcess', 'signIn/devToken'],
];
const requireBuilt = createRequire(__filename);

/** A project with the real build and a source of a few lines. */
let project: string;
const write = async (file: string, text: string) => {
  await mkdir(dirname(join(project, file)), { recursive: true });
  await writeFile(join(project, file), text);
};

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'build-'));
  await symlink(join(projectRoot, 'node_modules'), join(project, 'node_modules'), 'junction');
  await mkdir(join(project, 'local'));
  await mkdir(join(project, 'cli'));
  for (const file of [
    'local/build.mjs',
    'local/openapi.mjs',
    'local/typeWatch.mjs',
    'cli/build.mjs',
    'package-lock.json',
  ])
    await copyFile(join(projectRoot, file), join(project, file));
  for (const entry of LOCAL_ENTRIES) {
    await write(`local/${entry}.ts`, `import 'azurite/package.json'; export const built = true;`);
  }
  await write('cli/command.ts', `export const built = true;`);
  await write('src/main.ts', `export const load = async () => (await import('./deep/heavy.chunk')).heavyValue;`);
  await write('src/deep/heavy.chunk.ts', `export { heavyValue } from './heavy';`);
  await write('src/deep/heavy.ts', `export const heavyValue = 'heavy' + ' part';`);
});
afterEach(async () => {
  endLaunched();
  await rm(project, { recursive: true });
});

const launchBuild = (...args: string[]) => launch([join(project, 'local/build.mjs'), ...args], { cwd: project });

async function build() {
  const { ended, output } = launchBuild();
  const exitCode = await ended;
  return { exitCode, output: output() };
}
const dist = async () => (await readdir(join(project, 'dist'))).sort();

describe('the build', () => {
  it('makes the app, its chunks and the local parts, with source maps, and the command', async () => {
    const { exitCode, output } = await build();
    expect(output).toMatch(/^Built dist \(main\.js \d+ KiB\) in \d+ ms\.\n$/);
    expect(exitCode).toBe(0);
    expect(await dist()).toEqual(['heavy.chunk.js', 'heavy.chunk.js.map', 'main.js', 'main.js.map']);
    expect(
      (await readdir(join(project, '.local/build'), { recursive: true })).filter((name) => name.endsWith('.js')).sort(),
    ).toEqual(LOCAL_ENTRIES.map((name) => join(`${name}.js`)).sort());
    expect((await readdir(join(project, 'cli/dist'))).sort()).toEqual(['acs-identity.cjs', 'inputs.txt']);
  });

  it('keeps a chunk out of the main file until it is used', async () => {
    await build();
    expect(await readFile(join(project, 'dist/main.js'), 'utf8')).not.toContain('heavy part');
    const main = requireBuilt(join(project, 'dist/main.js')) as { load(): Promise<string> };
    expect(await main.load()).toBe('heavy part');
  });

  it('removes what earlier builds left in dist', async () => {
    await write('dist/old.chunk.js', '');
    await write('dist/old/file.js', '');
    await build();
    expect(await dist()).toEqual(['heavy.chunk.js', 'heavy.chunk.js.map', 'main.js', 'main.js.map']);
  });

  it('leaves packages of the local parts in node_modules', async () => {
    await build();
    expect(await readFile(join(project, '.local/build/start.js'), 'utf8')).toContain('require("azurite/package.json")');
  });

  it.each([
    ['a syntax error', () => write('src/main.ts', 'export const = 1;'), /src\/main\.ts:1:13/],
    ['a missing entry', () => rm(join(project, 'local/start.ts')), /Could not resolve "\.\/local\/start\.ts"/],
    [
      'two chunks of one name',
      () => write('src/heavy.chunk.ts', ''),
      /Two chunk files are named heavy\.chunk\.ts in src\//,
    ],
  ])('with %s says so and exits with 1', async (_, spoil, expected) => {
    await spoil();
    const { exitCode, output } = await build();
    expect(output).toMatch(expected);
    expect(exitCode).toBe(1);
  });
});

describe('the watching build', () => {
  it('builds again on a change, says in one line how long it took, and goes on after an error', async () => {
    const { output, until } = launchBuild('--watch');
    await until(/Watching src\//);
    expect(output()).not.toContain('Rebuilt');
    await write('src/deep/heavy.ts', 'export const heavyValue = ;');
    await until(/Not rebuilt: 1 error\(s\), see above\. The app runs as it was\./);
    expect(await readFile(join(project, 'dist/heavy.chunk.js'), 'utf8')).toContain('heavy part');
    await write('src/deep/heavy.ts', `export const heavyValue = 'changed';`);
    await until(/^Rebuilt dist\/ in \d+ ms\.$/m);
    expect(await readFile(join(project, 'dist/heavy.chunk.js'), 'utf8')).toContain('changed');
  });

  it('prints errors of types with their place, and when they are gone; the app is rebuilt all the same', async () => {
    const options = {
      strict: true,
      skipLibCheck: true,
      target: 'ES2022',
      module: 'ESNext',
      moduleResolution: 'Bundler',
      types: [],
      noEmit: true,
    };
    await write('src/tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['.'] }));
    const { until } = launchBuild('--watch');
    await until(/Watching src\//);
    await write('src/deep/heavy.ts', 'export const heavyValue: number = "text";');
    await until(/^Rebuilt dist\//m);
    await until(/^src\/deep\/heavy\.ts\(1,14\): error TS2322: /m);
    await until(/^Types: 1 error, see above\. The app runs as it was built\.$/m);
    await write('src/deep/heavy.ts', 'export const heavyValue = "text";');
    await until(/^Types: no errors\.$/m);
  });
});
