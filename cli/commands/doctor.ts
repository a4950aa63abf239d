import { Option, type Command } from 'commander';
import { CommandError } from '../commandError';
import type { DoctorOptions } from '../doctor/examine';
import { outputFormat } from '../optionValues';
import { connectionOptions } from '../targetOptions';

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('find out why an ACS connection does not work')
    .description(
      'Looks at a connection from the settings up: is the connection string well formed, the host found, TLS right, the clock right,\n' +
        'the key or role accepted, the api-version served? Explains how to fix the first problem. Changes nothing, prints no secret.',
    );
  connectionOptions(command)
    .addOption(new Option('--output <format>', 'text or json').argParser(outputFormat('text', 'json')).default('text'))
    .addHelpText('after', '\nExit code: 0 all is well, 1 a problem was found, 2 the command line is wrong.')
    .action(async (options: DoctorOptions) => {
      if ((options.connectionStringEnv === undefined) === (options.endpoint === undefined)) {
        throw new CommandError('Give --connection-string-env NAME or --endpoint URL: the connection to look at.');
      }
      const { examine } = await import('../doctor/examine');
      process.exitCode = await examine(options);
    });
}
