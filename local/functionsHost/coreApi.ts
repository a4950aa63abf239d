// The module `@azure/functions-core`, through which the library `@azure/functions` registers an app's functions and hooks.
import { appScope, hooksOf, type Callback } from './hooks';
import { sendLog } from './hostChannel';
import type { Answer, FunctionMetadata } from './ipc';

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<{ returnValue?: Answer | null }>;
}

/** What the library gives the host: how it reads a trigger's data, calls a handler and writes its result. */
export interface ProgrammingModel {
  getInvocationModel(coreContext: object): Promise<InvocationModel>;
  getCapabilities(capabilities: object): unknown;
}

export interface RegisteredFunction {
  metadata: FunctionMetadata;
  callback: Callback;
}

export const registeredFunctions = new Map<string, RegisteredFunction>();
let programmingModel: ProgrammingModel | undefined;
let isStarted = false;

export function getProgrammingModel(): ProgrammingModel | undefined {
  return programmingModel;
}

/** From now on functions can't be registered. */
export function endRegistration(): void {
  isStarted = true;
}

/** An error with this mark is the platform's, not the app's. */
function asSystemError(error: Error): Error {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}

export const coreApi = {
  version: '3.10.0',

  setProgrammingModel: (model: ProgrammingModel): void => {
    programmingModel = model;
  },
  getProgrammingModel,

  registerFunction(metadata: FunctionMetadata, callback: Callback) {
    const id = metadata.functionId ?? metadata.name;
    if (isStarted) throw asSystemError(new Error('A function can only be registered during app startup.'));
    if (registeredFunctions.has(id)) {
      throw asSystemError(new Error(`A function with id "${id}" is already registered.`));
    }
    registeredFunctions.set(id, { metadata, callback });
    return { dispose: () => void registeredFunctions.delete(id) };
  },

  registerHook(name: string, callback: Callback) {
    const hooks = hooksOf(name);
    if (!hooks) throw asSystemError(new RangeError(`Unrecognized hook "${name}"`));
    hooks.add(callback);
    return { dispose: () => void hooks.delete(callback) };
  },

  log: (level: string, category: string, message: string): void => sendLog(appScope, level, category, message),
};
