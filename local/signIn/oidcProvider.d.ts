// The parts of oidc-provider that provider.ts uses; the package has no types.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Context {
    body: unknown;
    type: string;
    status: number;
    set(name: string, value: string): void;
  }

  /** A request for sign-in that waits for its user. */
  export interface Interaction {
    prompt: { name: string };
    params: { client_id: string };
    session?: { accountId?: string };
  }

  interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  interface AccessToken {
    accountId?: string;
    clientId?: string;
    scope?: string;
    resourceServer?: unknown;
    /** The token, signed. */
    save(): Promise<string>;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: 'server_error', listener: (context: Context, error: Error) => void): this;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
    readonly Client: { find(clientId: string): Promise<object | undefined> };
    readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant;
    readonly AccessToken: new (properties: object) => AccessToken;
    readonly ResourceServer: new (resource: string, properties: object) => object;
  }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  /** What keeps sessions and tokens in memory, at most 1,000 of them. */
  export function createMemoryAdapter(clockToleranceSeconds?: number): (model: string) => object;
}
