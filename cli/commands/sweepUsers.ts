import { AppError, isAppError } from '../../src/base/errors';
import { LIMITS } from '../../src/base/limits';
import { openHistory, TABLE_NAME, type History } from '../../src/history/openHistory';
import { AcsActions } from '../../src/identity/acsActions';
import { startOfRunId } from '../../src/runs/runId';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { resourceByProbe } from '../../src/workflow/probe';
import { sweep } from '../../src/workflow/sweep';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from '../commandError';
import { openNamedConnection } from '../connectionTarget';
import { storageOf, type StorageOptions } from '../storageOptions';
import type { TargetOptions } from '../targetOptions';

export interface SweepOptions extends TargetOptions, StorageOptions {
  storageEnv?: string;
  site: string;
  connection: string;
  timeout: number;
  dryRun?: boolean;
  probe?: boolean;
  output: 'text' | 'json';
}

/** `acs-identity sweep`. @returns the exit code */
export async function sweepUsers(options: SweepOptions): Promise<number> {
  try {
    return options.dryRun ? await list(options) : await clean(options);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new CommandError(errorText(error), error.code === 'Misconfigured' ? COULD_NOT_RUN : FAILED);
  }
}

async function list(options: SweepOptions): Promise<number> {
  const { ledger } = await openStorage(options);
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
  const until = performance.now() + options.timeout * 1000;
  const history = await openStorage(options);
  const report = await sweep({
    ...history,
    limitMs: until - performance.now(),
    ...(options.probe
      ? { probe: (connection) => resourceByProbe(connection, new AcsActions(acs), history.ledger) }
      : {}),
    // not on stdout, where --output json has its own
    onThrottled: (_, seconds) => console.error(`ACS is throttling this resource: waiting ${seconds} s, as it asks.`),
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
    if (!options.probe && report.left.some(({ code }) => code === 'UserNotFound')) {
      console.log('To find out about users that ACS does not know, add --probe: see --help.');
    }
    if (report.isCutShort) console.log('The time was too short for all of it: run it again, or see --timeout.');
  }
  return report.left.length === 0 && !report.isCutShort && report.failure === undefined ? 0 : FAILED;
}

/** How old a run must be before its users are touched. */
const MINUTES = LIMITS.runOverMs / 60_000;

const users = (count: number) => (count === 1 ? 'user' : 'users');

const PARTITION_END = `-${identityLifecycle.name}`;

/** The history of the site. @throws CommandError if the table has nothing of it */
async function openStorage(options: SweepOptions): Promise<History> {
  const { site } = options;
  const { storageConnectionStringEnv = options.storageEnv } = options;
  const place = await storageOf(
    { ...options, ...(storageConnectionStringEnv === undefined ? {} : { storageConnectionStringEnv }) },
    'the ledger of users is',
  );
  const history = openHistory(place, `${site}${PARTITION_END}`);
  const presence = await history.presence();
  if (presence === undefined || presence.hasRows) return history;
  if (!presence.hasTable) {
    throw new CommandError(
      `This storage account has no table ${TABLE_NAME}. Check that it is the account of the app, and that the app has run.`,
    );
  }
  const sites = presence.partitions.map((partition) =>
    partition.endsWith(PARTITION_END) ? partition.slice(0, -PARTITION_END.length) : partition,
  );
  throw new CommandError(
    `Table ${TABLE_NAME} has no rows of site '${site}' (partition '${site}${PARTITION_END}'). ` +
      (sites.length === 0
        ? 'It has no rows at all.'
        : `It has rows of these sites: ${sites.join(', ')}. Name one of them with --site, in the same letter case.`),
  );
}
