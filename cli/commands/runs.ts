import { Option, type Command } from 'commander';
import { colourOf, describeRun, painter, plain, styleFor, type PrintedRun } from '../output/runPrinter';
import { RUN_STATUSES } from '../../src/runs/values';
import { askApp } from '../appCalls';
import { CommandError, FAILED } from '../commandError';
import { outputFormat, wholeNumber } from '../optionValues';
import { appOptions, type TargetOptions } from '../targetOptions';
import { addStart } from './startRun';

interface ListOptions extends TargetOptions {
  status?: string;
  since?: string;
  until?: string;
  clientTrackingId?: string;
  top: number;
  output: 'text' | 'json';
}

export function addRuns(program: Command): void {
  const runs = program
    .command('runs')
    .summary('start runs of a deployed app, and look at its run history')
    .description("Starts runs of a deployed app, and looks at its run history. Needs a key of its function 'runs'.");
  addStart(runs);
  const format = () =>
    new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text');
  appOptions(runs.command('list').description('Lists runs, newest first.'), { connection: false })
    .addOption(new Option('--status <status>', 'only these').choices(RUN_STATUSES))
    .option('--connection <name>', 'only runs on this connection')
    .option('--since <time>', 'only runs that started then or later, 2026-01-31T12:00:00Z or a date')
    .option('--until <time>', 'only runs that started before')
    .option('--client-tracking-id <id>', 'only runs with this id')
    .addOption(new Option('--top <n>', 'runs at the most, 1 to 250').argParser(wholeNumber('runs', 1, 250)).default(25))
    .addOption(format())
    .addHelpText('after', '\nExample: acs-identity runs list --app https://NAME.azurewebsites.net --status Failed')
    .action(listRuns);
  appOptions(
    runs
      .command('show')
      .description('Shows a run with its steps, outputs and errors.')
      .argument('<id>', 'the run, or: latest'),
    { connection: false },
  )
    .addOption(format())
    .addHelpText(
      'after',
      '\nExit code: 0 the run was found and is shown, whatever its status; 1 it was not found or the app can not be asked;\n2 the command is wrong. To fail when a run failed: runs start, or runs show --output json and look at status.',
    )
    .action(showRun);
}

async function listRuns(options: ListOptions): Promise<void> {
  const { status, since, until, clientTrackingId, connection, top } = options;
  const query = new URLSearchParams({ top: String(top) });
  for (const [name, value] of Object.entries({ status, since, until, clientTrackingId, connection })) {
    if (value !== undefined) query.set(name, value);
  }
  const page = (await askApp(options, `runs?${query.toString()}`)) as { value: PrintedRun[]; nextLink?: string };
  if (options.output === 'json') {
    console.log(JSON.stringify(page.value, undefined, 2));
    return;
  }
  if (page.value.length === 0) {
    console.log('There is no such run.');
    return;
  }
  const paint = painter(styleFor(process.stdout));
  console.log(
    [
      'STARTED (UTC)'.padEnd(19),
      'STATUS'.padEnd(9),
      'SECONDS',
      'TRIGGER'.padEnd(10),
      'RUN'.padEnd(33),
      'FAILING STEP',
    ].join('  '),
  );
  for (const run of page.value) {
    const started = plain(run.startTime ?? '')
      .slice(0, 19)
      .replace('T', ' ');
    const seconds = run.durationMs === undefined ? '' : (run.durationMs / 1000).toFixed(1);
    const failing = run.actions?.find(({ status }) => status === 'Failed' || status === 'TimedOut')?.name;
    console.log(
      [
        started.padEnd(19),
        paint(plain(run.status).padEnd(9), colourOf(run.status)),
        seconds.padStart(7),
        plain(run.trigger?.name ?? '').padEnd(10),
        plain(run.id),
        plain(failing ?? (run.slow ? '(slow)' : '')),
      ]
        .join('  ')
        .trimEnd(),
    );
    if (run.error) console.log(`    ${plain(`${run.error.code}: ${run.error.message}`)}`);
    const left = run.status === 'Running' ? 0 : (run.usersLeftBehind?.length ?? 0);
    if (left > 0) console.log(`    ${left} user(s) left behind`);
    if (run.cleanup === 'Unknown' && run.status !== 'Running')
      console.log('    ACS may have a user whose id nobody knows');
  }
  if (page.nextLink !== undefined) {
    console.log(`There are more: see --top, or go on with --until ${page.value.at(-1)?.startTime ?? ''}.`);
  }
}

async function showRun(id: string, options: TargetOptions & { output: 'text' | 'json' }): Promise<void> {
  if (!/^[\w-]{1,64}$/.test(id)) throw new CommandError('That is not the id of a run: see acs-identity runs list.');
  const run = (await askApp(options, id === 'latest' ? await newestRun(options) : `runs/${id}`)) as PrintedRun;
  if (options.output === 'json') console.log(JSON.stringify(run, undefined, 2));
  else for (const line of describeRun(run, styleFor(process.stdout))) console.log(line);
}

/** `runs/latest` answers an error when the newest run failed, and that is the one to look at. */
async function newestRun(options: TargetOptions): Promise<string> {
  const { value } = (await askApp(options, 'runs?top=1')) as { value: PrintedRun[] };
  const [newest] = value;
  if (newest === undefined) throw new CommandError('There is no run yet.', FAILED);
  return `runs/${newest.id}`;
}
