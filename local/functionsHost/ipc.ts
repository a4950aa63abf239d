// What the host and the app's process send each other. `error` is the reason why the app has no functions; an `input` is a
// trigger's data, in the form of the worker protocol.
type BindingTexts = Partial<Record<'route' | 'authLevel' | 'schedule', string>>;
export type Binding = BindingTexts & { type: string; methods?: string[]; runOnStartup?: boolean };
export type FunctionMetadata = { name: string; functionId?: string; bindings: Record<string, Binding> };
export type LoadedApp = { main: string; functions: FunctionMetadata[]; error?: string };
export type LogEntry = { level: string; category: string; message: string; invocationId: string | undefined };
export type Call = { id: string; functionId: string; input: object };
export type HttpAnswer = { statusCode?: string; headers?: Record<string, string>; body?: { bytes?: Uint8Array } };
export type Failure = { message: string; stack?: string | undefined; isTimeout?: boolean };
export type Answer = { failure?: Failure; http?: HttpAnswer | undefined };
export type ToApp = ({ type: 'invoke' } & Call) | { type: 'terminate' };
type Reply = { type: 'answer'; id: string } & Answer;
export type FromApp = ({ type: 'loaded' } & LoadedApp) | ({ type: 'log' } & LogEntry) | Reply | { type: 'terminated' };
