import { Option, type Command } from 'commander';
import { chatStatus } from '../../src/identity/probes';
import { LIMITS } from '../../src/base/limits';
import { anonymousStatuses } from '../../src/identity/probes';
import type { Scope } from '../../src/base/settings';
import type { DeeperCheck } from '../../src/base/runSettings';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import type { Run } from '../../src/runs/run';
import { runWorkflow } from '../../src/workflow/runWorkflow';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from '../commandError';
import { watchInterruption, type Interruption } from '../interruption';
import { checkList, outputFormat, scopeList, wholeNumber } from '../optionValues';
import { Document } from '../output/document';
import { junitOfFailure, junitOfRun } from '../output/junit';
import { LiveSteps } from '../output/liveSteps';
import { appOptions, connectionOptions, openTarget, type Target, type TargetOptions } from '../target';

/** How long a creation in flight may go on after Ctrl+C, so that the id of its user is received; and how long deleting it may take. */
const INTERRUPTED_MS = LIMITS.callMs;

interface RunOptions extends TargetOptions {
  scopes: Scope[];
  createScopes?: Scope[];
  expiresInMinutes: number;
  timeout: number;
  checks?: DeeperCheck[];
  revocationWait: number;
  output: 'text' | 'json' | 'junit';
  outputFile?: string;
}

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .summary('run the test workflow once: create a user, issue a token, revoke, delete')
    .description(
      'Runs the test workflow once and shows each step: creates a user, issues a token, checks it, revokes it, deletes the user.\n' +
        'Tokens are checked and thrown away: none is printed. The user is deleted also when a step fails, or on Ctrl+C.',
    )
    .option('--emulator', 'bring up an ACS identity emulator for this run and work on it');
  appOptions(connectionOptions(command), { connection: true })
    .addOption(new Option('--scopes <list>', 'scopes of the token that is issued').argParser(scopeList))
    .addOption(
      new Option('--create-scopes <list>', 'scopes of a token that is issued with the user (no token)').argParser(
        scopeList,
      ),
    )
    .addOption(
      new Option('--expires-in-minutes <n>', 'lifetime of the tokens, 60 to 1440')
        .argParser(wholeNumber('minutes', 60, 1440))
        .default(60),
    )
    .addOption(
      new Option('--timeout <seconds>', 'time for all steps, 1 to 3600; cleaning up may take 30 s more')
        .argParser(wholeNumber('seconds', 1, 3600))
        .default(LIMITS.runMs / 1000),
    )
    .addOption(
      new Option(
        '--checks <list>',
        'deeper checks: tokenAccepted, revokedTokenRefused, deletedUserRefused, anonymousRefused (none)',
      ).argParser(checkList),
    )
    .addOption(
      new Option('--revocation-wait <seconds>', 'how long revokedTokenRefused waits, 0 to 900')
        .argParser(wholeNumber('seconds', 0, 900))
        .default(30),
    )
    .addOption(
      new Option('--output <format>', 'text, json (the run record) or junit')
        .argParser(outputFormat('text', 'json', 'junit'))
        .default('text'),
    )
    .option('--output-file <file>', 'where json or junit goes (stdout, and the steps to stderr)')
    .addHelpText(
      'after',
      `
Exit code: 0 the run succeeded, 1 it failed, 2 it could not run; 130 interrupted (143 by SIGTERM).

Examples:
  acs-identity run --emulator
  acs-identity run --connection-string-env ACS_CONNECTION_STRING --scopes chat,voip
  acs-identity run --endpoint https://NAME.communication.azure.com --output junit --output-file results.xml
  acs-identity run --app https://NAME.azurewebsites.net --key-env APP_KEY --connection Second`,
    )
    .action(async (options: RunOptions) => {
      process.exitCode = await run({ ...options, scopes: options.scopes ?? ['chat'] });
    });
}

async function run(options: RunOptions): Promise<number> {
  if (options.output === 'text' && options.outputFile !== undefined) {
    throw new CommandError('--output-file goes with --output json or junit.');
  }
  const document = Document.at(options.outputFile);
  const live = new LiveSteps(options.output === 'text' || document.isFile ? process.stdout : process.stderr);
  const interruption = watchInterruption(() =>
    live.print('Interrupted: deleting the user that this run made. Ctrl+C again to stop at once.'),
  );
  let target: Target;
  try {
    target = await openTarget(options, { stop: interruption.signal });
  } catch (error) {
    // a pipeline that publishes results shows the reason there too
    if (options.output === 'junit') document.write(junitOfFailure(errorText(error)));
    throw error;
  }
  try {
    const finished = await runOn(target, options, interruption, live);
    if (options.output === 'json') document.write(`${JSON.stringify(finished, undefined, 2)}\n`);
    if (options.output === 'junit') document.write(junitOfRun(finished));
    return interruption.exitCode() ?? (finished.status === 'Succeeded' ? 0 : FAILED);
  } finally {
    interruption.release();
    await target.close();
  }
}

async function runOn(target: Target, options: RunOptions, interruption: Interruption, live: LiveSteps): Promise<Run> {
  const { origin, actions } = target;
  const checks = options.checks ?? [];
  if (origin === undefined && checks.some((name) => name === 'tokenAccepted' || name === 'revokedTokenRefused')) {
    throw new CommandError(
      'tokenAccepted and revokedTokenRefused ask ACS itself: they need --connection-string-env, --endpoint or --emulator.',
      COULD_NOT_RUN,
    );
  }
  await live.begin(`Running ${identityLifecycle.name} on ${target.where}`, identityLifecycle);
  const finished = await runWorkflow({
    workflow: identityLifecycle,
    actions,
    // kept in the output alone
    store: { save: () => Promise.resolve() },
    deeper: {
      checks,
      revocationWaitMs: options.revocationWait * 1000,
      probes: {
        chatStatus: (token, signal) => chatStatus(origin ?? '', token, signal),
        anonymousStatuses:
          target.kind === 'functions' ? (signal) => anonymousStatuses(options.app ?? '', signal) : undefined,
      },
    },
    request: {
      createTokenWithScopes: options.createScopes ?? [],
      scopes: options.scopes,
      expiresInMinutes: options.expiresInMinutes,
    },
    trigger: { name: 'Manual', kind: 'Cli' },
    connection: target.connection,
    target: target.kind,
    stop: interruption.signal,
    limits: { runMs: options.timeout * 1000, terminateMs: INTERRUPTED_MS, terminateStepMs: INTERRUPTED_MS },
    onAction: (action) => live.step(action),
  });
  // there is no history here that could have kept it
  delete finished.recorded;
  live.end(finished);
  if (interruption.exitCode() !== undefined && finished.cleanup === 'Clean')
    live.print('  The user that it made was deleted.');
  return finished;
}
