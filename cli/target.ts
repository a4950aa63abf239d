import { FunctionUrlActions } from '../src/identity/functionUrlActions';
import { CommandError } from './commandError';
import { appKey, DEFAULT_KEY_VARIABLE, type Target, type TargetOptions } from './targetOptions';

/** @throws CommandError unless exactly one target is named */
export async function openTarget(options: TargetOptions, more: { stop?: AbortSignal } = {}): Promise<Target> {
  const named = [
    ['--connection-string-env', options.connectionStringEnv],
    ['--endpoint', options.endpoint],
    ['--emulator', options.emulator],
    ['--app', options.app],
  ].flatMap(([name, value]) => (value === undefined || value === false ? [] : [String(name)]));
  if (named.length !== 1) {
    const found = named.length === 0 ? 'No target is named' : `${named.join(' and ')} exclude each other`;
    throw new CommandError(`${found}: give one of the options that choose the target (see --help).`);
  }
  if (options.app === undefined && (options.keyEnv ?? options.connection) !== undefined) {
    throw new CommandError('--key-env and --connection go with --app.');
  }
  if (options.app !== undefined) return appTarget(options.app, options);
  // the SDK takes time to load, and an app is called without it
  const { connectionTarget, emulatorTarget, openNamedConnection } = await import('./connectionTarget');
  if (options.emulator) return emulatorTarget(more);
  return connectionTarget(await openNamedConnection(options), more);
}

function appTarget(app: string, options: TargetOptions): Target {
  const actions = new FunctionUrlActions({
    baseUrl: app,
    key: appKey(options),
    connection: options.connection,
    keySetting: options.keyEnv ?? DEFAULT_KEY_VARIABLE,
  });
  return {
    actions,
    connection: options.connection ?? 'default',
    kind: 'functions',
    where: `the function app at ${new URL(app).host}`,
    origin: undefined,
    close: () => Promise.resolve(),
  };
}
