import { Option, type Command } from 'commander';
import type { ConnectionStatus } from '../../src/runs/connectionState';
import { askApp } from '../appCalls';
import { CommandError, FAILED } from '../commandError';
import { outputFormat } from '../optionValues';
import { painter, plain, styleFor, type Colour } from '../output/runPrinter';
import { appOptions, type TargetOptions } from '../targetOptions';

/** What is read of an app's statistics. An app of an older version has no `connections`. */
interface Statistics {
  connections?: ConnectionStatus[];
  schedule: { enabled: boolean; nextRun: string | null; reason?: string | null };
  usersLeftBehind: number;
  usersUnknown?: number;
}

const COLOURS: Record<string, Colour> = { Healthy: 'green', Slow: 'yellow', Failing: 'red', Overdue: 'red' };

/** Adds `status`: is it fine right now? */
export function addStatus(program: Command): void {
  appOptions(
    program
      .command('status')
      .description("Shows the state of each connection of an app. Needs a key of its function 'runs'."),
    { connection: true },
  )
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText(
      'after',
      '\nExit code: 0 healthy or slow (also: unknown, off), 1 failing or overdue, 2 the command is wrong.',
    )
    .action(showStatus);
}

async function showStatus(options: TargetOptions & { output: 'text' | 'json' }): Promise<void> {
  const { connection } = options;
  const query = new URLSearchParams({ window: '24h', ...(connection === undefined ? {} : { connection }) });
  const statistics = (await askApp(options, `runs/statistics?${query.toString()}`)) as Statistics;
  const { connections } = statistics;
  if (connections === undefined)
    throw new CommandError('This app is of an older version, which has no states.', FAILED);
  if (connections.length === 0) throw new CommandError('Scheduled runs do not test this connection.', FAILED);
  if (options.output === 'json') console.log(JSON.stringify(statistics, undefined, 2));
  else for (const line of describe(statistics, connections)) console.log(line);
  if (connections.some(({ state }) => state === 'Failing' || state === 'Overdue')) process.exitCode = FAILED;
}

function describe(statistics: Statistics, connections: readonly ConnectionStatus[]): string[] {
  const paint = painter(styleFor(process.stdout));
  const lines: string[] = [];
  for (const one of connections) {
    lines.push(
      `${paint(plain(one.connection), 'bold')}  ${paint(one.state, COLOURS[one.state] ?? 'grey')} since ${plain(one.since)}`,
    );
    const { incident } = one;
    if (one.reason !== undefined) lines.push(`  reason        ${plain(one.reason)}`);
    if (incident) {
      const step = incident.last.step === undefined ? '' : `${plain(incident.last.step)}: `;
      lines.push(`  reason        ${step}${plain(incident.last.code)}: ${plain(incident.last.message)}`);
      lines.push(`  not healthy   ${incident.runs} run(s) since ${plain(incident.began)}`);
    }
    lines.push(`  last success  ${plain(one.lastSuccess ?? 'none yet')}`);
    lines.push(`  next run      ${plain(one.nextRun ?? 'not known')}`);
  }
  lines.push(
    `Users left behind: ${statistics.usersLeftBehind}. Users unknown, last 24 hours: ${statistics.usersUnknown ?? 0}.`,
  );
  return lines;
}
