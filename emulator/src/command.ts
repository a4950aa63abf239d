// `npm run emulator`: the ACS identity emulator alone, until Ctrl+C or SIGTERM.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { commandUsage, readCommandOptions, UsageError, type CommandOptions } from './commandOptions';
import { createIdentityEmulator, type IdentityEmulator } from './index';
import { DEFAULT_HOST, isLoopback, reachableAs } from './server/address';
import { trustInstructions } from './server/certificateTrust';

const USAGE_EXIT_CODE = 2;
const TAKEN_PORT = 'EADDRINUSE';
const FOREIGN_ADDRESS = 'EADDRNOTAVAIL';
const UNKNOWN_NAME = 'ENOTFOUND';
const NO_NAMES = 'EAI_AGAIN';
const OTHER_HOST = 'Choose another one: --host ADDRESS.';

function report(emulator: IdentityEmulator, format: 'text' | 'json'): string {
  const { connectionString, httpsConnectionString, certificateFile, jwksUrl, resources } = emulator;
  const several = resources.length > 1;
  if (format === 'json') {
    const { endpoint, httpsEndpoint, teamsTokensUrl, faultsUrl, requestsUrl, usersUrl } = emulator;
    const forScripts = {
      ...{ connectionString, httpsConnectionString, endpoint, httpsEndpoint, certificateFile },
      ...{ jwksUrl, teamsTokensUrl, faultsUrl, requestsUrl, usersUrl },
    };
    return JSON.stringify(several ? { ...forScripts, resources } : forScripts);
  }
  const about = (resourceId: string) => (several ? `Resource ${resourceId}: ` : '');
  const lines = [`ACS identity emulator on ${emulator.endpoint}. Connection string:`];
  for (const resource of resources) lines.push(`  ${about(resource.resourceId)}${resource.connectionString}`);
  if (httpsConnectionString !== undefined && certificateFile !== undefined) {
    lines.push('Over https:');
    for (const resource of resources)
      lines.push(`  ${about(resource.resourceId)}${resource.httpsConnectionString ?? ''}`);
    lines.push('Clients trust it with', ...trustInstructions(certificateFile).map((line) => `  ${line}`));
  }
  lines.push(`Public key of the tokens: ${jwksUrl}`, 'Press Ctrl+C to stop.');
  return lines.join('\n');
}

function explain(error: unknown, { host, httpsPort }: CommandOptions): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === FOREIGN_ADDRESS) return `The address ${host} is not one of this machine. ${OTHER_HOST}`;
  if (code === UNKNOWN_NAME || code === NO_NAMES) return `The address ${host} is not known. ${OTHER_HOST}`;
  if (code !== TAKEN_PORT || !('port' in error)) return error.message;
  const option = error.port === httpsPort ? '--https-port' : '--port';
  return (
    `Port ${String(error.port)} is taken by another process. Stop that process, or choose another port: ` +
    `${option} N (0 = any free one).`
  );
}

function untilStopped(stopWithStdin: boolean): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
    if (stopWithStdin) {
      for (const end of ['end', 'close', 'error']) process.stdin.once(end, done);
      process.stdin.resume();
    }
    // Started by another program with a channel: it has ended when the channel closes.
    if (process.connected) process.once('disconnect', done);
  });
}

function warnings({ host, httpsPort, emulatorOptions }: CommandOptions): string[] {
  if (isLoopback(host)) return [];
  const found = [`with --host ${host}, everyone who can reach the port can issue tokens and change the responses.`];
  if (httpsPort !== undefined && emulatorOptions.certificateNames?.length === 0) {
    const names = [...new Set(['localhost', DEFAULT_HOST, reachableAs(host)])];
    found.push(
      `the https certificate is for ${names.join(', ')} only. If clients use another name or address, add --certificate-name NAME.`,
    );
  }
  return found;
}

async function main(): Promise<number> {
  let options: CommandOptions;
  try {
    options = readCommandOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${commandUsage}`);
    return USAGE_EXIT_CODE;
  }
  if (options.help) {
    console.log(commandUsage);
    return 0;
  }
  if (options.version) {
    const { version } = JSON.parse(readFileSync(resolve(__dirname, '../package.json'), 'utf8')) as { version: string };
    console.log(version);
    return 0;
  }
  for (const warning of warnings(options)) console.error(`Warning: ${warning}`);
  const stopped = untilStopped(options.stopWithStdin);
  let emulator: IdentityEmulator;
  try {
    const { emulatorOptions, quiet } = options;
    emulator = await createIdentityEmulator({
      ...emulatorOptions,
      ...(quiet ? {} : { log: (line) => console.error(line) }),
    });
  } catch (error) {
    console.error(explain(error, options));
    return 1;
  }
  console.log(report(emulator, options.print));
  await stopped;
  if (options.stopWithStdin) process.stdin.destroy();
  await emulator.close();
  return 0;
}

// Whoever read the output may be gone before this ends.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

void main().then((exitCode) => {
  process.exitCode = exitCode;
  if (process.connected) process.disconnect();
});
