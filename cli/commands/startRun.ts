import { Option, type Command } from 'commander';
import { describeRun, styleFor, type PrintedRun } from '../output/runPrinter';
import type { Scope } from '../../src/base/settings';
import { LIMITS } from '../../src/base/limits';
import { askApp } from '../appCalls';
import { FAILED } from '../commandError';
import { outputFormat, scopeList, wholeNumber } from '../optionValues';
import { appOptions, type TargetOptions } from '../targetOptions';

interface StartOptions extends TargetOptions {
  scopes?: Scope[];
  createScopes?: Scope[];
  expiresInMinutes?: number;
  output: 'text' | 'json';
}

/** The app's own limits for a run and its cleanup, and as long again as a cold start may take. */
const ANSWER_MS = LIMITS.runMs + LIMITS.cleanupMs + 30_000;

/** Adds `runs start`: a run by the app itself, which keeps it in its history and reports it. */
export function addStart(runs: Command): void {
  appOptions(runs.command('start').description('Has the app run its workflow once, now, and shows the steps.'), {
    connection: true,
  })
    .addOption(new Option('--scopes <list>', "scopes of the token that is issued (the app's)").argParser(scopeList))
    .addOption(
      new Option('--create-scopes <list>', "scopes of a token made along with the user (the app's)").argParser(
        scopeList,
      ),
    )
    .addOption(
      new Option('--expires-in-minutes <n>', "lifetime of the tokens, 60 to 1440 (the app's)").argParser(
        wholeNumber('minutes', 60, 1440),
      ),
    )
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText(
      'after',
      '\nExit code: 0 the run succeeded, 1 it ended otherwise or was not made, 2 the command is wrong. (runs show: 0 for any run.)',
    )
    .action(startRun);
}

async function startRun(options: StartOptions): Promise<void> {
  const { connection, scopes, createScopes, expiresInMinutes } = options;
  const path = connection === undefined ? 'runs' : `runs?${new URLSearchParams({ connection }).toString()}`;
  const body = { scopes, createTokenWithScopes: createScopes, expiresInMinutes };
  const run = (await askApp(options, path, { method: 'POST', body, limitMs: ANSWER_MS })) as PrintedRun;
  if (options.output === 'json') console.log(JSON.stringify(run, undefined, 2));
  else for (const line of describeRun(run, styleFor(process.stdout))) console.log(line);
  if (run.status !== 'Succeeded') process.exitCode = FAILED;
}
