// What the npm scripts run: installs the packages when they are missing, builds, then starts the rest.
// It is the first thing to run in a fresh clone, so it is plain JavaScript on Node's built-ins alone.
//   node local/bootstrap.mjs start|watch|services|build|emulator|cli|package|host|dev-token|example|docs|bench|test [arguments for it]
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const lowestNodeMajor = 20;
const isWindows = process.platform === 'win32';
const projectRoot = resolve(fileURLToPath(import.meta.url), '../..');
const inProject = (...parts) => join(projectRoot, ...parts);

const commands = {
  start: { build: true, run: () => [inProject('.local/build/start.js'), 'start'] },
  watch: { build: true, watch: true, run: () => [inProject('.local/build/start.js'), 'watch'] },
  services: { build: true, run: () => [inProject('.local/build/start.js'), 'services'] },
  // It builds by itself, and so does bench.
  build: { build: false, run: () => [inProject('local/build.mjs')] },
  // File names among the arguments of these two are those of whoever calls them.
  emulator: { build: false, staysInDirectory: true, run: () => [inProject('emulator/bin/acs-identity-emulator.mjs')] },
  // only itself: cli/acs-identity.mjs starts this when the command is out of date
  cli: { build: 'command', staysInDirectory: true, run: () => [inProject('cli/dist/acs-identity.cjs')] },
  package: { build: true, run: () => [inProject('local/package.mjs')] },
  host: { build: true, run: () => [inProject('.local/build/functionsHost/command.js')] },
  'dev-token': { build: true, run: () => [inProject('.local/build/signIn/devToken.js')] },
  // It builds the page by itself.
  example: { build: false, run: () => [inProject('examples/web/serve.mjs')] },
  docs: { build: true, run: () => [inProject('.local/build/documents.js')] },
  bench: { build: false, run: () => [inProject('bench/run.mjs')] },
  // Jest's globalSetup builds, so that a plain `npx jest` does too.
  test: { build: false, run: () => [inProject('node_modules/jest/bin/jest.js')] },
};

let wasInterrupted = false;

/** Ends the command with this message, without a stack. */
class Stop extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

function requireNode() {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) >= lowestNodeMajor) return;
  throw new Stop(`This project needs Node.js ${lowestNodeMajor} or newer; this is ${version}. See https://nodejs.org`);
}

/**
 * Does node_modules hold what package-lock.json names? npm keeps its own list of what it installed. Times of the two files
 * mean nothing: `npm install PACKAGE` writes them in the other order than `npm ci` does, and so does a checkout.
 */
function packagesAreInstalled() {
  const wanted = readPackages(inProject('package-lock.json'));
  const installed = readPackages(inProject('node_modules/.package-lock.json'));
  if (wanted === undefined || installed === undefined) return installed !== undefined;
  return Object.entries(wanted).every(([path, { version, link, optional, devOptional, peer }]) => {
    // what is optional may be missing on this platform, or because its download failed
    if (path === '' || optional || devOptional || peer) return true;
    // packages of this repository, and the links to them
    if (!path.startsWith('node_modules/')) return true;
    if (link) return existsSync(inProject(path));
    return installed[path]?.version === version;
  });
}

function readPackages(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** npm as a file for this Node where it can be found: no shell, and no npm.cmd, which Windows runs in a shell only. */
function npmCommand(npmArguments) {
  const nodeDirectory = dirname(process.execPath);
  const npmScript = [
    process.env.npm_execpath ?? '',
    join(nodeDirectory, 'node_modules/npm/bin/npm-cli.js'),
    join(nodeDirectory, '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find((file) => /^npm.*\.[cm]?js$/.test(basename(file)) && existsSync(file));
  if (npmScript) return [process.execPath, [npmScript, ...npmArguments]];
  return isWindows ? ['cmd.exe', ['/d', '/s', '/c', 'npm.cmd', ...npmArguments]] : ['npm', npmArguments];
}

async function installPackages() {
  // Not to stdout, which may be for a script to read.
  console.error('Installing packages (npm ci)… The first time takes a minute.');
  const startedAt = Date.now();
  const output = [];
  const [command, npmArguments] = npmCommand([
    ...['ci', '--include=dev', '--include=optional'],
    ...['--no-audit', '--no-fund', '--loglevel=error'],
  ]);
  const child = spawn(command, npmArguments, {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  child.stdout.on('data', (data) => output.push(data));
  child.stderr.on('data', (data) => output.push(data));
  const stopProgress = showProgress(startedAt);
  const exitCode = await endOf(child)
    .catch((error) => {
      throw new Stop(`npm could not be started (${error.message}). Run "npm ci" yourself, then try again.`);
    })
    .finally(stopProgress);
  if (exitCode === 0) {
    console.error(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
    return;
  }
  if (wasInterrupted) throw new Stop('Interrupted. The next start installs the packages from the beginning.', 130);
  process.stderr.write(Buffer.concat(output));
  throw new Stop(
    `Installing the packages failed: npm ci ended with exit code ${exitCode}, its output is above. ` +
      'It needs the package registry (npm config get registry; behind a proxy also npm config get proxy).',
  );
}

/**
 * Shows how many packages are there, while npm itself prints nothing: in a terminal in one line that changes, elsewhere in a
 * line every 15 s. Returns what ends it.
 */
function showProgress(startedAt) {
  const packages = Object.entries(readPackages(inProject('package-lock.json')) ?? {})
    .filter(([path, { optional }]) => path !== '' && !optional)
    .map(([path]) => inProject(path, 'package.json'));
  const inTerminal = process.stderr.isTTY === true;
  const clearLine = '\r\u001b[K';
  const show = () => {
    const count = packages.filter(existsSync).length;
    const line = `  ${count} of ${packages.length} packages, ${Math.round((Date.now() - startedAt) / 1000)} s`;
    process.stderr.write(inTerminal ? `${clearLine}${line}` : `${line}\n`);
  };
  const showing = setInterval(show, inTerminal ? 1000 : 15_000);
  return () => {
    clearInterval(showing);
    if (inTerminal) process.stderr.write(clearLine);
  };
}

/**
 * The exit code of a child, which gets the signals sent to this process: Ctrl+C in a terminal reaches the whole group,
 * `kill` only one of it. This process must not end before its child does, so it lives on until then.
 */
function endOf(child) {
  const forward = (signal) => {
    wasInterrupted = true;
    // On Windows kill() would end the child at once; there the console sends Ctrl+C to every process itself.
    if (!isWindows) child.kill(signal);
    else if (signal === 'SIGTERM' && child.connected) child.disconnect();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const watchingParent = whenParentIsGone(() => forward('SIGTERM'));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => done(code ?? 128 + (osConstants.signals[signal] ?? 0)));
  }).finally(() => {
    clearInterval(watchingParent);
    for (const signal of signals) process.off(signal, forward);
  });
}

/**
 * npm passes its signals on to the shell that it runs a script in. Many shells end without passing them on to this process,
 * which would stay, with all it has started. Without npm nothing is watched: then a script may start this and leave it.
 */
function whenParentIsGone(react) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(watching);
    react();
  }, 250);
  return watching.unref();
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** With HTTP_PROXY set, the Azure SDKs would send calls to this machine to the proxy. */
function environmentWithoutLoopbackProxy() {
  const environment = { ...process.env };
  const hosts = new Set();
  for (const name of Object.keys(environment).filter((key) => key.toLowerCase() === 'no_proxy')) {
    for (const host of environment[name].split(',')) if (host.trim()) hosts.add(host.trim());
    delete environment[name];
  }
  const noProxy = [...hosts.add('127.0.0.1').add('localhost')].join(',');
  return isWindows ? { ...environment, NO_PROXY: noProxy } : { ...environment, NO_PROXY: noProxy, no_proxy: noProxy };
}

/** Resolves to what ends the building, when it goes on for as long as the command runs. */
async function buildProject({ build, watch }) {
  const builder = await import('./build.mjs');
  try {
    await (build === 'command' ? builder.buildCommand() : builder.build());
    if (watch) await builder.watchApp((line) => console.log(line));
    else void builder.stopBuilding();
  } catch (error) {
    // esbuild has printed the errors of the source already.
    if (!error.errors) console.error(error.message);
    await builder.stopBuilding();
    throw new Stop('The build failed.');
  }
  return watch ? builder.stopBuilding : undefined;
}

async function main() {
  requireNode();
  const [name, ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (!command) throw new Stop(`Usage: node local/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`, 2);
  if (!packagesAreInstalled()) await installPackages();
  const stopBuilding = command.build ? await buildProject(command) : undefined;
  const child = spawn(process.execPath, [...command.run(), ...rest], {
    cwd: command.staysInDirectory ? process.cwd() : projectRoot,
    env: environmentWithoutLoopbackProxy(),
    // Nothing is sent over the channel; it closes when this process dies, however it does, and then the child ends too.
    stdio: ['inherit', 'inherit', 'inherit', ...(name === 'test' ? [] : ['ipc'])],
  });
  const exitCode = await endOf(child);
  await stopBuilding?.();
  return exitCode;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  process.exit(error.exitCode ?? 1);
}
