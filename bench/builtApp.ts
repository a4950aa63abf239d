import { HttpRequest, InvocationContext, type HttpHandler, type HttpResponseInit } from '@azure/functions';
import { randomUUID } from 'node:crypto';
import Module, { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { ROOT } from './projectRoot';

/** The built app in this process, called through its handlers: no host, no HTTP between the caller and them. */
export interface BuiltApp {
  call(
    functionName: string,
    method: string,
    path: string,
    params: Record<string, string>,
    /** Sent as JSON; a text as it is. */
    body?: object | string,
    headers?: Record<string, string>,
  ): Promise<HttpResponseInit>;
}

/** Loads `dist/main.js` with these settings. Once in a process, as it keeps what it made from them. */
export function loadBuiltApp(settings: Record<string, string>): BuiltApp {
  Object.assign(process.env, settings);
  const handlers = new Map<string, HttpHandler>();
  const disposable = { dispose: () => undefined };
  const core = {
    version: '0',
    setProgrammingModel: () => undefined,
    registerFunction: ({ name }: { name: string }, handler: HttpHandler) => {
      handlers.set(name, handler);
      return disposable;
    },
    registerHook: () => disposable,
    log: () => undefined,
  };
  // the worker gives the library its API under a name that no package has
  const loader = Module as unknown as { _load: (request: string, ...more: unknown[]) => unknown };
  const load = loader._load;
  loader._load = (request, ...more) => (request === '@azure/functions-core' ? core : load(request, ...more));
  createRequire(__filename)(resolve(ROOT, 'dist/main.js'));
  loader._load = load;
  return {
    async call(functionName, method, path, params, body, headers = {}) {
      const handler = handlers.get(functionName);
      if (handler === undefined) throw new Error(`The app has no function ${functionName}.`);
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const request = new HttpRequest({
        method,
        url: `http://127.0.0.1/api/${path}`,
        params,
        headers: {
          ...headers,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        },
        ...(text === undefined ? {} : { body: { string: text } }),
      });
      const context = new InvocationContext({ functionName, invocationId: randomUUID(), logHandler: () => undefined });
      return await handler(request, context);
    },
  };
}
