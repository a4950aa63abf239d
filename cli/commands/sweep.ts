import { Option, type Command } from 'commander';
import { AppError, isAppError } from '../../src/base/errors';
import { openHistory, type History } from '../../src/history/openHistory';
import { AcsActions } from '../../src/identity/acsActions';
import { createCredential } from '../../src/identity/credentials';
import { LIMITS } from '../../src/base/limits';
import { startOfRunId } from '../../src/runs/runId';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { sweep } from '../../src/workflow/sweep';
import { COULD_NOT_RUN, CommandError, FAILED, sayError } from '../commandError';
import { outputFormat, variableName, wholeNumber } from '../optionValues';
import { connectionOptions, openNamedConnection, readVariable, type TargetOptions } from '../target';

interface SweepOptions extends TargetOptions {
  storageEnv?: string;
  tableEndpoint?: string;
  site: string;
  connection: string;
  timeout: number;
  dryRun?: boolean;
  output: 'text' | 'json';
}

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .summary('delete the users that runs of an app left behind')
    .description(
      'Deletes the users that runs of an app left behind, as its scheduled runs do, and closes runs whose process died.\n' +
        'Reads the history in the storage account of the app. Runs younger than 5 minutes are left alone.',
    )
    .addOption(
      new Option(
        '--storage-env <name>',
        'environment variable with the connection string of the storage account',
      ).argParser(variableName),
    )
    .option('--table-endpoint <url>', 'instead: https://ACCOUNT.table.core.windows.net, with Entra ID')
    .option('--site <name>', 'whose runs: the name of the function app; local = those of this machine', 'local')
    .option('--connection <name>', "whose users: the app's name for the ACS connection", 'AcsIdentity');
  connectionOptions(command)
    .addOption(
      new Option('--timeout <seconds>', 'time for all of it, 1 to 3600')
        .argParser(wholeNumber('seconds', 1, 3600))
        .default(120),
    )
    .option('--dry-run', 'only list the users; no ACS connection is needed')
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText(
      'after',
      `
Exit code: 0 no user is left, 1 some are, 2 it could not run.

Example:
  acs-identity sweep --storage-env STORAGE --site my-app --connection-string-env ACS_CONNECTION_STRING`,
    )
    .action(async (options: SweepOptions) => {
      try {
        process.exitCode = options.dryRun ? await list(options) : await clean(options);
      } catch (error) {
        if (!isAppError(error)) throw error;
        throw new CommandError(sayError(error), error.code === 'Misconfigured' ? COULD_NOT_RUN : FAILED);
      }
    });
}

async function list(options: SweepOptions): Promise<number> {
  const { ledger } = openStorage(options);
  const over = Date.now() - LIMITS.runOverMs;
  const entries = await ledger.list({ startedBefore: Date.now() + LIMITS.clockSkewMs });
  const left = entries.filter(({ runId }) => startOfRunId(runId) < over);
  const tooYoung = entries.length - left.length;
  if (options.output === 'json') console.log(JSON.stringify({ left, tooYoung }, undefined, 2));
  else {
    console.log(
      left.length === 0
        ? `No run older than ${MINUTES} minutes left a user.`
        : `Runs left ${left.length} ${users(left.length)}:`,
    );
    if (tooYoung > 0) {
      console.log(
        `${tooYoung} ${users(tooYoung)} of runs younger than ${MINUTES} minutes: those runs may still delete them.`,
      );
    }
    for (const { userId, runId, connection, madeAt } of left)
      console.log(`  ${userId}  made ${madeAt} by run ${runId} on ${connection}`);
  }
  return left.length === 0 ? 0 : FAILED;
}

async function clean(options: SweepOptions): Promise<number> {
  if ((options.connectionStringEnv === undefined) === (options.endpoint === undefined)) {
    throw new CommandError(
      'Give --connection-string-env or --endpoint: users are deleted on an ACS connection. --dry-run only lists them.',
    );
  }
  const acs = await openNamedConnection(options);
  const report = await sweep({
    ...openStorage(options),
    limitMs: options.timeout * 1000,
    actionsOn: (connection) => {
      if (connection === options.connection) return Promise.resolve(new AcsActions(acs));
      throw new AppError(
        400,
        'OtherConnection',
        `it was made on connection ${connection}: sweep that one with --connection ${connection}`,
      );
    },
  });
  const closed = report.closed.length;
  if (options.output === 'json') console.log(JSON.stringify({ ...report, closed }, undefined, 2));
  else {
    console.log(
      `Deleted ${report.deleted} ${users(report.deleted)}; closed ${closed} dead ${closed === 1 ? 'run' : 'runs'}.`,
    );
    for (const { userId, runId, reason } of report.left) console.log(`  left: ${userId} of run ${runId}: ${reason}`);
    if (report.failure !== undefined) console.log(`Not all could be done: ${report.failure}`);
    if (report.isCutShort) console.log('The time was too short for all of it: run it again, or see --timeout.');
  }
  return report.left.length === 0 && !report.isCutShort && report.failure === undefined ? 0 : FAILED;
}

/** How old a run must be before its users are touched. */
const MINUTES = LIMITS.runOverMs / 60_000;

const users = (count: number) => (count === 1 ? 'user' : 'users');

function openStorage({ storageEnv, tableEndpoint, site }: SweepOptions): History {
  const partition = `${site}-${identityLifecycle.name}`;
  if ((storageEnv === undefined) === (tableEndpoint === undefined)) {
    throw new CommandError(
      'Give --storage-env or --table-endpoint: the ledger of users is in the storage account of the app.',
    );
  }
  if (tableEndpoint !== undefined) {
    if (!/^https:\/\/[^/?#@]+\/?$/.test(tableEndpoint)) {
      throw new CommandError('--table-endpoint must look like https://ACCOUNT.table.core.windows.net.');
    }
    const credential = () => createCredential(undefined, undefined);
    return openHistory({ kind: 'entra', setting: '--table-endpoint', uri: tableEndpoint, credential }, partition);
  }
  const variable = storageEnv ?? '';
  const connectionString = readVariable(variable);
  if (connectionString === undefined) throw new CommandError(`Environment variable ${variable} is not set.`);
  return openHistory({ kind: 'connectionString', setting: variable, connectionString }, partition);
}
