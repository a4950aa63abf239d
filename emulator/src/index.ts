/** A local stand-in for the ACS Identity service, for tests and for work without a cloud. */
export { createIdentityEmulator } from './identityEmulator';
export { DEFAULT_ACCESS_KEY, DEFAULT_PORT, DEFAULT_RESOURCE_ID } from './api';
export type {
  EmulatedResource,
  EmulatedUser,
  Fault,
  IdentityEmulator,
  IdentityEmulatorOptions,
  RecordedRequest,
  TeamsTokenClaims,
} from './api';
export type { OperationName } from './operationNames';
