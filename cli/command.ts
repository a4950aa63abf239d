import { CommanderError } from 'commander';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from './commandError';
import { endWithParent } from './parentProcess';
import { makeProgram } from './program';

/** With HTTP_PROXY set, the Azure SDKs would send calls to this machine to the proxy. */
function keepLoopbackFromProxy(environment: NodeJS.ProcessEnv): void {
  const names = ['NO_PROXY', 'no_proxy'];
  const hosts = names.flatMap((name) => environment[name]?.split(',') ?? []).map((host) => host.trim());
  const all = new Set([...hosts.filter((host) => host !== ''), '127.0.0.1', 'localhost']);
  // the SDKs read one of them
  for (const name of names) environment[name] = [...all].join(',');
}

async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed what is wrong, or the help that was asked for
      process.exitCode = error.exitCode === 0 ? 0 : COULD_NOT_RUN;
      return;
    }
    console.error(errorText(error));
    process.exitCode = error instanceof CommandError ? error.exitCode : FAILED;
  }
}

keepLoopbackFromProxy(process.env);
endWithParent(process.env);
void main().finally(() => {
  // connections that are kept open for another call must not keep the process
  setTimeout(() => process.exit(), 500).unref();
});
