// The messages between the host and the app's process.

/** A trigger or another binding, as the app registers it. */
export interface Binding {
  type: string;
  route?: string;
  authLevel?: string;
  methods?: string[];
  schedule?: string;
  runOnStartup?: boolean;
}

export interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
}

export interface LoadedApp {
  /** `main` of the app's package.json. */
  main: string;
  functions: FunctionMetadata[];
  /** Why the app could not be loaded; it has no functions then. */
  error?: string;
}

export interface LogEntry {
  level: string;
  /** `user` for what a function logs. */
  category: string;
  message: string;
  invocationId: string | undefined;
}

export interface Call {
  id: string;
  functionId: string;
  /** The trigger's data, in the form of the worker protocol. */
  input: object;
}

export interface HttpAnswer {
  statusCode?: string;
  headers?: Record<string, string>;
  body?: { bytes?: Uint8Array };
}

export interface Failure {
  message: string;
  stack?: string | undefined;
  isTimeout?: boolean;
}

export interface Answer {
  failure?: Failure;
  http?: HttpAnswer | undefined;
}

export type MessageToApp = ({ type: 'invoke' } & Call) | { type: 'terminate' };

export type MessageFromApp =
  | ({ type: 'loaded' } & LoadedApp)
  | ({ type: 'log' } & LogEntry)
  | ({ type: 'answer'; id: string } & Answer)
  | { type: 'terminated' };
