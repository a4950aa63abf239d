import type { ANSWERED_CODES } from '../base/errors';

/** Why an answer has an error code, and what its caller can do, for the document of the functions. */
export const ERROR_REASONS: Record<keyof typeof ANSWERED_CODES, { reason: string; advice: string }> = {
  InvalidRequest: {
    reason:
      'The body is not JSON, a field or query name is unknown, a field is missing, or a value or user id is malformed',
    advice: '`details` has an entry for each invalid field, at most 50, with `target`',
  },
  UnknownConnection: {
    reason: '`?connection=` names a connection that does not exist',
    advice: 'Use one of those that the message lists',
  },
  InvalidTeamsToken: {
    reason: 'ACS refused the Teams token, or it belongs to another application or user',
    advice: '`target` names the field',
  },
  InvalidToken: {
    reason:
      'The token of a signed-in caller is missing, expired, not for this app, not from an issuer of `ENTRA_ISSUERS`, or not valid',
    advice: 'The message names what is wrong. Sign in again, or request an access token for this app',
  },
  ScopeNotAllowed: {
    reason: 'The operator does not allow this scope or lifetime',
    advice: '`details` name the limit: `ALLOWED_SCOPES`, `MY_TOKEN_SCOPES`, `MAX_TOKEN_MINUTES`',
  },
  ExpiryNotAllowed: {
    reason: 'The operator does not allow this scope or lifetime',
    advice: '`details` name the limit: `ALLOWED_SCOPES`, `MY_TOKEN_SCOPES`, `MAX_TOKEN_MINUTES`',
  },
  ScopeMissing: {
    reason:
      'The token of a signed-in caller does not have the scope `Token.Self`, or it belongs to an app and not to a person',
    advice: 'Request the scope when the person signs in',
  },
  UserNotFound: {
    reason: 'The user does not belong to this ACS resource, or was deleted',
    advice: 'Check the id and the connection',
  },
  NoIdentity: {
    reason: 'This person has no ACS identity here, or none for this device',
    advice: 'POST `me/token` makes one',
  },
  RunNotFound: { reason: 'There is no run with this id', advice: 'Look in GET `runs`' },
  NotFound: { reason: '`runs` has nothing at this path for this method', advice: 'See [Functions](#functions)' },
  NotEnabled: { reason: 'This part is off', advice: 'Set the setting that the message names' },
  RunEnded: { reason: "The run has ended, so it can't be cancelled", advice: 'Look at the run' },
  TooManyDevices: {
    reason: 'This person has an ACS identity for as many devices as one person may have',
    advice: 'Use a device name again, or delete the identities with DELETE `me`',
  },
  LengthRequired: {
    reason: 'The body was sent in chunks, or as JSON without a length',
    advice: 'Send `Content-Length`. In .NET: `await content.LoadIntoBufferAsync()` first',
  },
  RequestTooLarge: { reason: 'The body is larger than 64 KiB', advice: 'Send a smaller one' },
  Throttled: { reason: 'ACS throttles', advice: 'Wait for the seconds in `Retry-After`' },
  TooManyRuns: {
    reason: '`MAX_CONCURRENT_RUNS` manual runs are running',
    advice: 'Wait for the seconds in `Retry-After`',
  },
  TooManyCalls: {
    reason: 'This person has called more often than `MY_TOKENS_PER_MINUTE` allows',
    advice: 'Wait for the seconds in `Retry-After`',
  },
  Misconfigured: { reason: 'A setting is missing or malformed', advice: 'Correct the setting that the message names' },
  InternalError: { reason: 'An unexpected error', advice: 'Look in the log, under the invocation id' },
  ConnectionDenied: {
    reason: 'ACS refused the access key or the identity of the app, or the app could not get an Entra ID token',
    advice: 'Check key, role and clock: [troubleshooting](troubleshooting.md)',
  },
  ApiVersionNotSupported: {
    reason: 'ACS no longer supports the api-version of the SDK',
    advice: 'Update `@azure/communication-identity`',
  },
  ServiceUnavailable: {
    reason: 'ACS failed, could not be reached, or sent an incomplete response',
    advice: 'Try again later. `health/deep` shows when ACS is back',
  },
  StorageUnavailable: {
    reason: 'The request needs the storage that keeps runs and the identities of people, and it is down or not set',
    advice: 'Try again later. `health/deep` shows when it is back',
  },
  IssuerUnavailable: {
    reason: "The keys of the token's issuer are not known, and they could not be fetched",
    advice: 'Wait for the seconds in `Retry-After`',
  },
  LastRunFailed: { reason: '`runs/latest` only', advice: 'Look at the run, or at why there is none' },
  NoRecentRun: { reason: '`runs/latest` only', advice: 'Look at the run, or at why there is none' },
  Stopped: { reason: 'The app is being stopped', advice: 'Try again' },
  ServiceTimeout: { reason: 'ACS did not respond within 10 s (25 s for creating a user)', advice: 'Try again' },
};
