// The module `@azure/functions-core`, through which an app registers what it has.
import type { Answer, FromApp, FunctionMetadata } from './ipc';

type Callback = (...args: unknown[]) => unknown;
type InvocationModel = {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<{ returnValue?: Answer | null }>;
};
export type Model = { getInvocationModel(c: object): Promise<InvocationModel>; getCapabilities(c: object): unknown };
/** Shared by the hooks and the log lines of one invocation. */
export type Scope = { invocationId?: string; hookData: object; invocationContext?: unknown };
export const app = { model: undefined as Model | undefined, isStarted: false, hookData: {}, appHookData: {} };
export type RegisteredFunction = { metadata: FunctionMetadata; callback: Callback };
export const functions = new Map<string, RegisteredFunction>();
const hookNames = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'];
export const hooks = new Map(hookNames.map((name) => [name, new Set<Callback>()]));
/** Errors with this mark are reported as the platform's, not the app's. */
const systemError = (error: Error): Error => Object.assign(error, { isAzureFunctionsSystemError: true });

export const api = {
  version: '3.10.0',
  setProgrammingModel: (model: Model) => void (app.model = model),
  getProgrammingModel: () => app.model,
  registerFunction(metadata: FunctionMetadata, callback: Callback) {
    const id = metadata.functionId ?? metadata.name;
    if (app.isStarted) throw systemError(new Error('A function can only be registered during app startup.'));
    if (functions.has(id)) throw systemError(new Error(`A function with id "${id}" is already registered.`));
    functions.set(id, { metadata, callback });
    return { dispose: () => void functions.delete(id) };
  },
  registerHook(name: string, callback: Callback) {
    const known = hooks.get(name);
    if (!known) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
    known.add(callback);
    return { dispose: () => void known.delete(callback) };
  },
  log: (level: string, category: string, message: string) => log(app, level, category, message),
};

export const send = (message: FromApp, sent?: () => void) => void process.send?.(message, undefined, {}, sent);

/** An object with properties that hooks may set, and some that they may not. */
export function hookContext<T extends object>({ hookData, invocationContext }: Scope, settable: T, more = {}): T {
  const fixed = { hookData, appHookData: app.appHookData, invocationContext, ...more };
  for (const [name, value] of Object.entries(fixed)) Object.defineProperty(settable, name, { value, enumerable: true });
  return settable;
}

export async function runHooks(name: string, context: object): Promise<void> {
  for (const hook of hooks.get(name) ?? []) await hook(context);
}

export function log(scope: Scope, level: string, category: string, message: string): void {
  const context = hookContext(scope, { level, message }, { category });
  for (const hook of hooks.get('log') ?? []) {
    try {
      hook(context);
    } catch {
      // An error in a hook never costs a log line.
    }
  }
  const entry = category === 'user' ? { level: context.level, message: context.message } : { level, message };
  send({ type: 'log', ...entry, category, invocationId: scope.invocationId });
}
