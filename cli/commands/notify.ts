import { Option, type Command } from 'commander';
import { LIMITS } from '../../src/base/limits';
import type { NotifyTestResult } from '../../src/runs/connectionState';
import { askApp } from '../appCalls';
import { FAILED } from '../commandError';
import { outputFormat } from '../optionValues';
import { plain } from '../output/runPrinter';
import { appOptions, type TargetOptions } from '../targetOptions';

/** Adds `notify test`. */
export function addNotify(program: Command): void {
  const notify = program.command('notify').description("Notifications of an app. Needs a key of its function 'runs'.");
  appOptions(
    notify
      .command('test')
      .description('Has the app send a sample to NOTIFY_WEBHOOK_URL, and shows what the receiver answered.'),
    { connection: true },
  )
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText('after', '\nExit code: 0 it was delivered, 1 it was not, 2 the command is wrong.')
    .action(testNotification);
}

async function testNotification(options: TargetOptions & { output: 'text' | 'json' }): Promise<void> {
  const { connection } = options;
  const query = connection === undefined ? '' : `?${new URLSearchParams({ connection }).toString()}`;
  const request = { method: 'POST', body: {}, limitMs: LIMITS.actionMs } as const;
  const result = (await askApp(options, `runs/notify-test${query}`, request)) as NotifyTestResult;
  if (options.output === 'json') console.log(JSON.stringify(result, undefined, 2));
  else {
    console.log(
      result.delivered ? `Delivered in ${result.durationMs} ms.` : `Not delivered: ${plain(result.reason ?? '')}.`,
    );
    if (result.status !== undefined)
      console.log(`The receiver answered ${result.status}${result.body ? `: ${plain(result.body)}` : '.'}`);
  }
  if (!result.delivered) process.exitCode = FAILED;
}
