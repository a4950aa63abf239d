// The bin `acs-identity` in the repository: it builds the command when a source has changed, and only then, and nothing else.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endLaunched, launch } from '../local/launched';

const root = resolve(__dirname, '../..');
/** A project with the real bin and build, and a command of a few lines. */
let project: string;
const inProject = (file: string) => join(project, file);
const built = () => statSync(inProject('cli/dist/acs-identity.cjs'));

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'acs-identity-bin-'));
  await symlink(join(root, 'node_modules'), inProject('node_modules'), 'junction');
  for (const directory of ['cli', 'local', 'src']) await mkdir(inProject(directory));
  for (const file of [
    ...['cli/acs-identity.mjs', 'cli/build.mjs', 'cli/package.json'],
    ...['local/bootstrap.mjs', 'local/build.mjs', 'local/openapi.mjs', 'local/typeWatch.mjs'],
  ])
    await copyFile(join(root, file), inProject(file));
  // all that it names is installed
  await writeFile(inProject('package-lock.json'), '{ "packages": {} }');
  await writeFile(
    inProject('cli/command.ts'),
    `import { word } from '../src/word'; console.log(word, ...process.argv.slice(2)); process.exitCode = 3;`,
  );
  await writeFile(inProject('src/word.ts'), `export const word = 'first';`);
});
afterEach(async () => {
  endLaunched();
  await rm(project, { recursive: true });
});

async function run(...args: string[]) {
  const { ended, output } = launch([inProject('cli/acs-identity.mjs'), ...args], { cwd: tmpdir() });
  return { exitCode: await ended, output: output() };
}

test('it builds the command, not the app, and runs it with its arguments and exit code', async () => {
  expect(await run('one', '--two')).toEqual({ exitCode: 3, output: 'first one --two\n' });
  expect(existsSync(inProject('dist'))).toBe(false);
  expect(existsSync(inProject('.local'))).toBe(false);
});

test('it builds again only when a source is newer than the build', async () => {
  await run();
  // how it is known that nothing is built: this would be the reason that it fails
  await rm(inProject('local/build.mjs'));
  expect(await run('again')).toEqual({ exitCode: 3, output: 'first again\n' });
  await copyFile(join(root, 'local/build.mjs'), inProject('local/build.mjs'));

  await writeFile(inProject('src/word.ts'), `export const word = 'second';`);
  const soon = new Date(built().mtimeMs + 1000);
  await utimes(inProject('src/word.ts'), soon, soon);
  expect(await run()).toEqual({ exitCode: 3, output: 'second\n' });
});

test('a source with an error is shown, and the command is not run', async () => {
  await writeFile(inProject('src/word.ts'), `export const word = ;`);
  const { exitCode, output } = await run();
  expect(exitCode).toBe(1);
  expect(output).toMatch(/src\/word\.ts:1:20[\s\S]*The build failed\./);
});

test('the published package, which has no build, runs what is in it', async () => {
  await run();
  for (const file of ['cli/build.mjs', 'cli/command.ts', 'local/bootstrap.mjs', 'local/build.mjs'])
    await rm(inProject(file));
  expect(await run('published')).toEqual({ exitCode: 3, output: 'first published\n' });
});

test('the bin is a file of the repository, which npm can link before anything is built', () => {
  const { bin, files } = JSON.parse(readFileSync(join(root, 'cli/package.json'), 'utf8')) as {
    bin: Record<string, string>;
    files: string[];
  };
  expect(bin).toEqual({ 'acs-identity': 'acs-identity.mjs' });
  expect(files).toContain('acs-identity.mjs');
  expect(readFileSync(join(root, 'cli/acs-identity.mjs'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});
