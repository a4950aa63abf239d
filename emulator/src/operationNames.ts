export const OPERATION_NAMES = [
  'createIdentity',
  'issueAccessToken',
  'revokeAccessTokens',
  'deleteIdentity',
  'exchangeTeamsToken',
  'listChatThreads',
] as const;

export type OperationName = (typeof OPERATION_NAMES)[number];
