// What the package offers. Imports nothing that needs types of Node.js, so that its declarations stand alone.
import type { OperationName } from './operationNames';

/** Well known, and so no secret: whoever can reach this machine's loopback may use the emulator. */
export const DEFAULT_ACCESS_KEY = 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW9mLXRoZS1hY3MtaWRlbnRpdHktZW11bGF0b3I=';
export const DEFAULT_RESOURCE_ID = '1ca10000-ac51-4de0-8000-1d3e0717e000';
/** Of the command; the default of the factory is any free port. */
export const DEFAULT_PORT = 8090;

export interface IdentityEmulatorOptions {
  /**
   * The address to listen on; default 127.0.0.1, which only this machine can reach. If it is not a loopback address, everyone who can
   * reach the port can issue tokens and change the responses.
   */
  host?: string;
  /** Of the http endpoint; default 0 = any free port. */
  port?: number;
  /** Of the https endpoint; default false = no https; 0 = any free port. */
  httpsPort?: number | false;
  /** Base64; default {@link DEFAULT_ACCESS_KEY}. */
  accessKey?: string;
  /** A guid; default {@link DEFAULT_RESOURCE_ID}. Entra ID tokens, which name no resource, give access to this one. */
  resourceId?: string;
  /** More resources; the key that signs selects one; the same resource again gives it another key. */
  resources?: { resourceId: string; accessKey: string }[];
  /** Stores users and the key pair of the tokens; default: in memory only. */
  dataFile?: string;
  /** Where the https endpoint's certificate is kept; default .local/certificates in the working directory. */
  certificateDirectory?: string;
  /** Other host names and addresses that the https certificate is for. */
  certificateNames?: string[];
  /** Origins of web pages that may call from a browser (CORS), as in `http://localhost:3000`; default: none. */
  corsOrigins?: string[];
  /** How long revoked tokens are still accepted; default 0, in the cloud up to 15 minutes. */
  revocationDelayMs?: number;
  /**
   * The status when a user that was deleted, or never existed, is deleted; default 204. No recording shows what the service does: 401 is what it answers
   * for users of another resource.
   */
  deletedUsers?: 204 | 401;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Called with a line for each call that was refused or got a fault; default: not logged. */
  log?: (line: string) => void;
}

export interface EmulatedResource {
  readonly resourceId: string;
  readonly connectionString: string;
  readonly httpsConnectionString?: string;
}

/** Times are milliseconds since the epoch. */
export interface EmulatedUser {
  id: string;
  createdAt: number;
  /** Since the last revocation: tokens that were issued before this time are no longer accepted. */
  tokensValidFrom?: number;
}

/** A running stand-in for the ACS Identity service. */
export interface IdentityEmulator {
  readonly connectionString: string;
  readonly httpsConnectionString?: string;
  /** `http://127.0.0.1:PORT/`, or with the `host` of the options. */
  readonly endpoint: string;
  readonly httpsEndpoint?: string;
  readonly port: number;
  readonly httpsPort?: number;
  /** PEM; for clients of the https endpoint to trust. */
  readonly certificateFile?: string;
  /** The public key of the tokens. */
  readonly jwksUrl: string;
  /** POST `{ appId?, userId?, expiresInSeconds? }` there for a Teams user's token: `{ token, appId, userId, expiresOn }`. */
  readonly teamsTokensUrl: string;
  readonly accessKey: string;
  readonly resourceId: string;
  /** All resources by their keys, the first one first. */
  readonly resources: readonly EmulatedResource[];
  /** GET lists the faults to come, POST adds one, DELETE removes all. */
  readonly faultsUrl: string;
  /** GET lists the last 1000 calls, DELETE forgets them. */
  readonly requestsUrl: string;
  /** GET lists the users, DELETE deletes all. */
  readonly usersUrl: string;
  /** Of all resources, without the deleted ones; of each resource the oldest first. */
  users(): EmulatedUser[];
  /** Deletes all users of all resources. Their tokens end at once. */
  clearUsers(): void;
  /** The last 1000 calls, newest last. */
  requests(): RecordedRequest[];
  clearRequests(): void;
  /** Connections since the start, and now. */
  sockets(): { opened: number; open: number };
  /** @throws TypeError that names what is wrong with the fault */
  addFault(fault: Fault): void;
  /** The faults to come, in their order; `count` is the number of calls that are left. */
  faults(): Fault[];
  clearFaults(): void;
  /** An Entra ID token of a Teams user, for the exchange. Returns only the token, so `appId` and `userId` are required. */
  createTeamsToken(claims: TeamsTokenClaims): string;
  /** Breaks what is open; the ports are free when it resolves. */
  close(): Promise<void>;
}

/** Something to go wrong with the next calls. Without `status` and `reset`, the calls are answered as usual, after the delay. */
export interface Fault {
  /** Default: calls of every operation. */
  operation?: OperationName;
  /** How many calls; default 1. */
  count?: number;
  /** Before the work is done, which happens even when the client has gone away by then. At most ten minutes. */
  delayMs?: number;
  /** Answer this, 200..599, instead of doing the work. */
  status?: number;
  /** With `status`: a text as it is, anything else as JSON. Without it: the service's envelope, or a page of HTML for 502. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Default: application/json, or text/html for a 502 without a body. */
  contentType?: string;
  /** Break the connection instead of answering, before the work is done or after it. */
  reset?: 'before' | 'after';
}

/** A call to the service's API, for tests to look at. Holds no credentials and no bodies. */
export interface RecordedRequest {
  method: string;
  /** Path and query as sent; of the query only the values of api-version. */
  path: string;
  /** None for a path or method that no operation has. */
  operation?: OperationName;
  /** None while the answer is not given, and when the connection was reset. */
  status?: number;
  clientRequestId?: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  at: number;
  userAgent?: string;
  /** The trace that the client sent. */
  traceparent?: string;
}

export interface TeamsTokenClaims {
  /** Application (client) id, a guid. */
  appId: string;
  /** Object id of the Teams user, a guid. */
  userId: string;
  /** Default 3600; negative for a token that has expired. */
  expiresInSeconds?: number;
}
