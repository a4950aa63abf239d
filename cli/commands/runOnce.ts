import { LIMITS } from '../../src/base/limits';
import type { DeeperCheck } from '../../src/base/runSettings';
import type { Scope } from '../../src/base/settings';
import { anonymousStatuses, chatStatus } from '../../src/identity/probes';
import type { Run } from '../../src/runs/run';
import { identityLifecycle } from '../../src/workflow/identityLifecycle';
import { runWorkflow } from '../../src/workflow/runWorkflow';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from '../commandError';
import { watchInterruption, type Interruption } from '../interruption';
import { Document } from '../output/document';
import { LiveSteps } from '../output/liveSteps';
import { plain } from '../output/runPrinter';
import { openTarget } from '../target';
import { targetArguments, type Target, type TargetOptions } from '../targetOptions';

/** How long a creation in flight may go on after Ctrl+C, so that the id of its user is received; and how long deleting it may take. */
const INTERRUPTED_MS = LIMITS.callMs;

const ABOUT_APP_RUNS = [
  "This command runs the steps and calls the app's function URLs for each. The run is not in the app's run history;",
  'to have the app make and record a run: acs-identity runs start.',
];

export interface RunOptions extends TargetOptions {
  scopes: Scope[];
  createScopes?: Scope[];
  expiresInMinutes: number;
  timeout: number;
  checks?: DeeperCheck[];
  revocationWait: number;
  output: 'text' | 'json' | 'junit';
  outputFile?: string;
}

/** Loaded for `--output junit` only: its library takes time. */
const reports = () => import('../output/junit');

/** `acs-identity run`. @returns the exit code */
export async function runOnce(options: RunOptions): Promise<number> {
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
    if (options.output === 'junit') document.write((await reports()).junitOfFailure(errorText(error)));
    throw error;
  }
  try {
    const finished = await runOn(target, options, interruption, live);
    if (options.output === 'json') document.write(`${JSON.stringify(finished, undefined, 2)}\n`);
    if (options.output === 'junit') document.write((await reports()).junitOfRun(finished));
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
  const about = target.kind === 'functions' ? ABOUT_APP_RUNS : [];
  await live.begin([`Running ${identityLifecycle.name} on ${target.where}`, ...about], identityLifecycle);
  const finished = await runWorkflow({
    workflow: identityLifecycle,
    actions,
    // kept in the output alone
    store: { save: () => Promise.resolve('saved') },
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
  // an emulator is gone with its users
  if (options.emulator !== true) {
    for (const id of finished.usersLeftBehind ?? [])
      live.print(`  To delete it: acs-identity user delete ${plain(id)} ${targetArguments(options)}`);
  }
  return finished;
}
