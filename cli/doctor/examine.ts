import { redactText } from '../../src/base/redact';
import type { Connection } from '../../src/identity/connections';
import { CommandError, FAILED } from '../commandError';
import { openNamedConnection } from '../connectionTarget';
import { painter, plain, styleFor } from '../output/runPrinter';
import { readVariable, type TargetOptions } from '../targetOptions';
import { checkService } from './acsAnswer';
import { CHECKS, failed, passed, skipped, type Finding } from './finding';
import { checkNetwork } from './network';

export interface DoctorOptions extends TargetOptions {
  output: 'text' | 'json';
}

/** `acs-identity doctor`. @returns the exit code */
export async function examine(options: DoctorOptions): Promise<number> {
  const print = printer();
  const findings: Finding[] = [];
  for await (const finding of examination(options)) {
    const safe = { ...finding, found: redactText(plain(finding.found)) };
    findings.push(safe);
    if (options.output === 'text') print(safe);
  }
  const failure = findings.find(({ status }) => status === 'Failed');
  if (options.output === 'json')
    console.log(JSON.stringify({ healthy: failure === undefined, findings }, undefined, 2));
  else console.log(failure === undefined ? '\nThe connection works.' : `\nWhat to do: ${failure.advice ?? ''}`);
  return failure === undefined ? 0 : FAILED;
}

async function* examination(options: DoctorOptions): AsyncGenerator<Finding> {
  const seen = new Set<string>();
  let hasFailed = false;
  for await (const finding of findingsOf(options)) {
    seen.add(finding.check);
    hasFailed ||= finding.status === 'Failed';
    yield finding;
  }
  if (hasFailed) for (const check of CHECKS) if (!seen.has(check)) yield skipped(check, 'not looked at, see above');
}

async function* findingsOf(options: DoctorOptions): AsyncGenerator<Finding> {
  const { connectionStringEnv: variable } = options;
  if (variable !== undefined && readVariable(variable) === undefined) {
    yield failed('settings', 'VariableMissing', `Environment variable ${variable} is not set.`);
    return;
  }
  let connection: Connection;
  try {
    connection = await openNamedConnection(options);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    yield failed('settings', 'SettingsMalformed', error.message);
    return;
  }
  const what = variable === undefined ? 'the endpoint is' : `environment variable ${variable} is`;
  yield passed('settings', `${what} well formed, for ${connection.host}`);
  for await (const finding of checkNetwork(connection.origin)) {
    yield finding;
    if (finding.status === 'Failed') return;
  }
  yield* checkService(connection);
}

function printer(): (finding: Finding) => void {
  const style = styleFor(process.stdout);
  const paint = painter(style);
  const signs = style.unicode ? { Passed: '✓', Failed: '✗', Skipped: '-' } : { Passed: '+', Failed: 'x', Skipped: '-' };
  const colours = { Passed: 'green', Failed: 'red', Skipped: 'grey' } as const;
  const width = Math.max(...CHECKS.map((name) => name.length));
  return ({ check, status, found, code }) => {
    const line = `${signs[status]} ${check.padEnd(width)}`;
    console.log(`${paint(line, colours[status])}  ${code === undefined ? found : `${code}: ${found}`}`);
  };
}
