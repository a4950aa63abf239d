// `npm run emulator`: the ACS identity emulator alone, until Ctrl+C or SIGTERM.
import { commandUsage, readCommandOptions, UsageError, type CommandOptions } from './commandOptions';
import { createIdentityEmulator, type IdentityEmulator } from './index';
import { isLoopback } from './server/address';
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

function untilStopped(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
    // Started by another program with a channel: it has ended when the channel closes.
    if (process.connected) process.once('disconnect', done);
  });
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
  const { host } = options;
  if (!isLoopback(host)) {
    console.error(
      `Warning: with --host ${host} everyone who reaches the port can issue tokens, and change what is answered.`,
    );
  }
  const stopped = untilStopped();
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
