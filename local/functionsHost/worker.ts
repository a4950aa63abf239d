// The app's process: gives the app `@azure/functions-core`, loads its entry files and runs what the host calls.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import * as core from './coreApi';
import { scriptsOf } from './fileWatch';
import type { Answer, Call, Failure, LoadedApp, ToApp } from './ipc';

type Outcome = { inputs: unknown[]; result: unknown; error: unknown };
const appDirectory = process.argv[2] ?? process.cwd();
const running = new Set<Promise<void>>();
let terminating: Promise<void> | undefined;
const failureOf = (error: unknown): Failure =>
  error instanceof Error ? { message: error.message, stack: error.stack } : { message: inspect(error) };

/** The files that `main` names, sorted. It may have the wildcards `*`, `**` and `{a,b}`. */
function entryFiles(main: string): string[] {
  const wildcards: Record<string, string> = { '**/': '(.*/)?', '*': '[^/]*', '{': '(', '}': ')', ',': '|' };
  const escaped = main.replace(/^\.?\//, '').replace(/[.+^$()|[\]]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replace(/\*\*\/|[*{},]/g, (sign) => wildcards[sign] ?? '')}$`);
  const isNamed = (file: string): boolean => pattern.test(relative(appDirectory, file).replaceAll('\\', '/'));
  return scriptsOf(appDirectory, main).filter(isNamed).sort();
}

async function loadApp(): Promise<LoadedApp> {
  let part = join(appDirectory, 'package.json');
  let main = '';
  try {
    const content = JSON.parse(readFileSync(part, 'utf8').replace(/^\uFEFF/, '')) as { main?: string; type?: string };
    main = content.main ?? '';
    const files = entryFiles(main);
    if (files.length === 0) throw new Error(`No file matches "main": "${main}".`);
    const require = createRequire(part);
    for (part of files) {
      const isModule = part.endsWith('.mjs') || (content.type === 'module' && !part.endsWith('.cjs'));
      if (isModule) await import(pathToFileURL(part).href);
      else require(part);
    }
    part = 'after its files were loaded';
    await core.runHooks('appStart', core.hookContext(core.app, {}, { functionAppDirectory: appDirectory }));
    core.app.isStarted = true;
    await core.app.model?.getCapabilities({});
    // Through JSON: a trigger's options may hold what can't be sent.
    const registered = JSON.stringify([...core.functions.values()].map(({ metadata }) => metadata));
    return { main, functions: JSON.parse(registered) as LoadedApp['functions'] };
  } catch (error) {
    return { main, functions: [], error: `${part}: ${error instanceof Error ? error.stack : inspect(error)}` };
  }
}

async function invoke({ id, functionId, input }: Call): Promise<Answer> {
  const { metadata, callback } = core.functions.get(functionId) as core.RegisteredFunction;
  const trigger = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type));
  const inputData = [{ name: trigger?.[0], data: input }];
  const request = { invocationId: id, functionId, inputData, triggerMetadata: {}, traceContext: {} };
  const scope: core.Scope = { invocationId: id, hookData: {} };
  const toScope = core.log.bind(undefined, scope);
  const coreContext = { invocationId: id, request, metadata, log: toScope, state: undefined as string | undefined };
  const model = await (core.app.model as core.Model).getInvocationModel(coreContext);
  const { context, inputs } = await model.getArguments();
  scope.invocationContext = context;
  coreContext.state = 'preInvocationHooks';
  const before = core.hookContext(scope, { inputs, functionCallback: callback });
  await core.runHooks('preInvocation', before);
  coreContext.state = 'invocation';
  const after = core.hookContext<Outcome>(scope, { inputs: before.inputs, result: null, error: null });
  try {
    after.result = (await model.invokeFunction(context, before.inputs, before.functionCallback)) ?? null;
  } catch (error) {
    after.error = error;
  }
  coreContext.state = 'postInvocationHooks';
  await core.runHooks('postInvocation', after);
  // From here on the library warns of log lines that come too late.
  coreContext.state = undefined;
  if (after.error != null) return { failure: failureOf(after.error) };
  return { http: (await model.getResponse(context, after.result)).returnValue?.http };
}

async function terminate(): Promise<void> {
  await core.runHooks('appTerminate', core.hookContext(core.app, {})).catch((error: unknown) => console.error(error));
  // A hook may have asked the calls in flight to end. The host limits how long that may take.
  if (core.hooks.get('appTerminate')?.size) await Promise.all(running);
  const exit = (): void => core.send({ type: 'terminated' }, () => process.exit(0));
  process.stdout.write('', () => process.stderr.write('', exit));
}

const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const load = loader._load;
loader._load = (name, ...rest) => (name === '@azure/functions-core' ? core.api : load.call(Module, name, ...rest));
// A terminal sends Ctrl+C to all its processes: when this one ends is the host's to decide, but it never outlives the host.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToApp) => {
  if (message.type === 'terminate') return void (terminating ??= terminate());
  const answer = invoke(message).catch((error: unknown): Answer => ({ failure: failureOf(error) }));
  const work = answer.then((content) => core.send({ type: 'answer', id: message.id, ...content }));
  running.add(work);
  void work.finally(() => running.delete(work));
});
process.chdir(appDirectory);
void loadApp().then((loaded) => core.send({ type: 'loaded', ...loaded }));
