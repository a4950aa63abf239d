import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** The built command. */
export const COMMAND = resolve(__dirname, '../../cli/dist/acs-identity.cjs');

export interface Ended {
  exitCode: number | null;
  out: string;
  err: string;
}

/** Everything that commands of this test file wrote; for a search for secrets. */
export const written: string[] = [];

/** Settings of the machine that a command might take for its own. */
const FOREIGN =
  /^(AZURE_|IDENTITY_|MSI_|ACS_|NODE_EXTRA|NO_COLOR|FORCE_COLOR|TERM|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|GITHUB_|CI$)/i;

export function environmentWith(variables: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(own), ...variables };
}

/** Runs the built command in a process of its own. */
export function acsIdentity(
  args: string[],
  variables: Record<string, string> = {},
  onOutput: (out: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> & { pid: number } {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: environmentWith(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    onOutput(out, (signal) => child.kill(signal));
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
    onOutput(err, (signal) => child.kill(signal));
  });
  const ended = new Promise<Ended>((done) =>
    child.on('close', (exitCode) => {
      written.push(out, err);
      done({ exitCode, out, err });
    }),
  );
  return Object.assign(ended, { pid: child.pid ?? 0 });
}
