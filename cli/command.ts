import { CommanderError } from 'commander';
import { COULD_NOT_RUN, CommandError, FAILED, errorText } from './commandError';
import { makeProgram } from './program';

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

void main().finally(() => {
  // connections that are kept open for another call must not keep the process
  setTimeout(() => process.exit(), 500).unref();
});
