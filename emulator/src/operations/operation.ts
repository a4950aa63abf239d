import type { Answer } from '../answer';
import type { ApiVersion } from '../apiVersions';
import type { ResourceUsers } from '../state/users';
import type { AccessTokens } from '../tokens/accessTokens';
import type { OperationName } from '../operationNames';
import type { RequestFields } from './requestFields';

/** One call that has passed routing, version and authentication. */
export interface ResourceCall {
  version: ApiVersion;
  /** The resource whose credentials the call has. */
  users: ResourceUsers;
  /** From the path, decoded; empty where the path has none. */
  userId: string;
  /** No fields when there is no body. */
  body: RequestFields;
  tokens: AccessTokens;
  nowMs: number;
  revocationDelayMs: number;
  /** The status when a user that was deleted, or never existed, is deleted. */
  deletedUsers: 204 | 401;
}

/** A call with a user's token instead of the resource's credentials. */
export interface UserCall {
  authorization: string | undefined;
  query: string;
  tokens: AccessTokens;
  nowMs: number;
  usersOf: (resourceId: string) => ResourceUsers | undefined;
}

/** The identity API: called with the resource's key, or an Entra ID token. */
export interface IdentityOperation {
  name: Exclude<OperationName, 'listChatThreads'>;
  /** `none`: whatever is sent is not looked at; `optional`: an empty body counts as no fields. */
  body: 'none' | 'optional' | 'required';
  run(call: ResourceCall): Answer | Promise<Answer>;
}

/** The part of the chat API that shows whether a user's token works. */
export interface ChatOperation {
  name: 'listChatThreads';
  run(call: UserCall): Answer | Promise<Answer>;
}

export type Operation = IdentityOperation | ChatOperation;
