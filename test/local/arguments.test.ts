import { commandWithFreePorts, readArguments, usageOf } from '../../local/arguments';
import { CommandError } from '../../local/messages';

function refusal(...argv: string[]): CommandError {
  try {
    readArguments(argv);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was taken`);
}

describe('the arguments of start, watch and services', () => {
  it('stand for the documented ports when none is given', () => {
    expect(readArguments(['start'])).toEqual({
      command: 'start',
      help: false,
      once: false,
      port: 7071,
      emulatorPort: undefined,
      signInPort: undefined,
      emulatorHttpsPort: false,
      storagePort: 10000,
    });
  });

  it('take ports, 0 included, in both notations', () => {
    const args = readArguments(['start', '--once', '--port', '0', '--emulator-port=8091', '--storage-port', '11000']);
    expect(args).toMatchObject({ once: true, port: 0, emulatorPort: 8091, storagePort: 11000 });
    expect(readArguments(['services', '--emulator-https-port', '0']).emulatorHttpsPort).toBe(0);
    expect(readArguments(['watch', '--sign-in-port', '0']).signInPort).toBe(0);
  });

  it.each([
    [['start', '--port', '70710'], '--port takes a port, 0 to 65535, not "70710".'],
    [['start', '--port', 'x'], '--port takes a port, 0 to 65535, not "x".'],
    [['start', '--port='], '--port takes a port, 0 to 65535, not "".'],
    [['start', '--storage-port', '65534'], '--storage-port takes a port, 0 to 65533, not "65534".'],
    [['start', '--port'], "Option '--port <value>' argument missing."],
    [['start', '--prot', '1'], "Unknown option '--prot'."],
    [['start', 'once'], "Unexpected argument 'once'."],
    [['watch', '--once'], "Unknown option '--once'."],
    [['services', '--port', '7071'], "Unknown option '--port'."],
  ])('are refused with the fault and the usage: %j', (argv, fault) => {
    const { message, exitCode } = refusal(...argv);
    expect(exitCode).toBe(2);
    expect(message).toContain(fault);
    expect(message).toMatch(/\n\nUsage: npm (start|run watch|run services) -- \[options\]/);
  });

  it.each([
    [['start'], 'npm start -- --port 0 --emulator-port 0 --sign-in-port 0 --storage-port 0'],
    [
      ['start', '--once', '--port', '7072'],
      'npm start -- --once --port 0 --emulator-port 0 --sign-in-port 0 --storage-port 0',
    ],
    [['watch'], 'npm run watch -- --port 0 --emulator-port 0 --sign-in-port 0 --storage-port 0'],
    [['services'], 'npm run services -- --emulator-port 0 --sign-in-port 0 --storage-port 0'],
    [
      ['services', '--emulator-https-port', '8443'],
      'npm run services -- --emulator-port 0 --sign-in-port 0 --storage-port 0 --emulator-https-port 0',
    ],
  ])('of %j have a form with free ports only', (argv, command) => {
    const args = readArguments(argv);
    expect(commandWithFreePorts(args)).toBe(command);
    expect(() => readArguments([args.command, ...(command.split(' -- ')[1] ?? '').split(' ')])).not.toThrow();
  });

  it('must begin with a command that exists', () => {
    expect(refusal('stop').message).toBe('Unknown command "stop": start, watch or services is meant.');
    expect(refusal().exitCode).toBe(2);
  });

  it.each(['start', 'watch', 'services'] as const)(
    'of %s are all in its usage, and all that is there is taken',
    (command) => {
      const inUsage = [...usageOf(command).matchAll(/^ {2}(--[a-z-]+)( N)?/gm)];
      expect(inUsage.length).toBeGreaterThan(2);
      for (const [, option = '', takesPort] of inUsage) {
        expect(() => readArguments([command, option, ...(takesPort ? ['0'] : [])])).not.toThrow();
      }
    },
  );
});
