/** A local stand-in for the ACS Identity service, for tests and for work without a cloud. It shares no code with the app. */
export { createIdentityEmulator, type IdentityEmulator } from './identityEmulator';
export { DEFAULT_ACCESS_KEY, DEFAULT_PORT, DEFAULT_RESOURCE_ID, type IdentityEmulatorOptions } from './options';
export type { OperationName } from './operations/operationNames';
export type { Fault } from './server/faults';
export type { RecordedRequest } from './server/requestLog';
export type { TeamsTokenClaims } from './tokens/teamsToken';
