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
    advice: 'Use a name from the list in the message',
  },
  InvalidTeamsToken: {
    reason: 'ACS refused the Teams token, or it belongs to another application or user',
    advice: '`target` names the field',
  },
  InvalidToken: {
    reason:
      'The token of a signed-in caller is missing, malformed, expired, for another app, or from an issuer that is not in `ENTRA_ISSUERS`, or its signature is wrong',
    advice: 'The message names what is wrong. Sign in again, or request an access token for this app',
  },
  ScopeNotAllowed: {
    reason: 'The operator does not allow this scope',
    advice:
      'Request only scopes that setting `ALLOWED_SCOPES` or, for a signed-in person, `MY_TOKEN_SCOPES` allows. The message lists them',
  },
  ExpiryNotAllowed: {
    reason: 'The operator does not allow a lifetime this long',
    advice: 'Request at most the number of minutes in the message (setting `MAX_TOKEN_MINUTES`)',
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
    reason: 'This person has no ACS user, or no ACS user for this device',
    advice: 'Create one with POST `me/token`',
  },
  RunNotFound: { reason: 'There is no run with this id', advice: 'List the runs with GET `runs`' },
  NotFound: { reason: 'Under `runs`, this path does not exist for this method', advice: 'See [Functions](#functions)' },
  NotEnabled: { reason: 'This function is turned off', advice: 'Set the setting that the message names' },
  RunEnded: { reason: "The run has ended, so it can't be cancelled", advice: 'Read the run with GET `runs/{id}`' },
  TooManyDevices: {
    reason: 'This person already has ACS users for the maximum number of devices (10)',
    advice: 'Use the name of an earlier device, or delete all ACS users of the person with DELETE `me`',
  },
  LengthRequired: {
    reason: 'The body was sent in chunks, or the request has the content type JSON and no `Content-Length`',
    advice: 'Send `Content-Length`. In .NET: `await content.LoadIntoBufferAsync()` first',
  },
  RequestTooLarge: { reason: 'The body is larger than 64 KiB', advice: 'Send a smaller body' },
  Throttled: { reason: 'ACS received too many requests', advice: 'Wait as many seconds as `Retry-After` says' },
  TooManyRuns: {
    reason: 'The maximum number of manual runs (`MAX_CONCURRENT_RUNS`) is already running',
    advice: 'Wait as many seconds as `Retry-After` says',
  },
  TooManyCalls: {
    reason: 'This person has called more often than `MY_TOKENS_PER_MINUTE` allows',
    advice: 'Wait as many seconds as `Retry-After` says',
  },
  Misconfigured: { reason: 'A setting is missing or malformed', advice: 'Correct the setting that the message names' },
  InternalError: {
    reason: 'An unexpected error in the app',
    advice: 'Search the log for the invocation id in the message',
  },
  ConnectionDenied: {
    reason: 'ACS refused the access key or the identity of the app, or the app could not get an Entra ID token',
    advice: 'Check the key, the role and the clock: see [troubleshooting](troubleshooting.md)',
  },
  ApiVersionNotSupported: {
    reason: 'ACS no longer supports the api-version of the SDK',
    advice: 'Update `@azure/communication-identity`',
  },
  ServiceUnavailable: {
    reason: 'ACS failed, could not be reached, or sent an incomplete response',
    advice: 'Try again later. `health/deep` shows whether ACS works again',
  },
  StorageUnavailable: {
    reason: 'The request needs the storage account of the app, but no storage account is set, or storage does not work',
    advice: 'Try again later. `health/deep` shows whether storage works again',
  },
  LastRunFailed: {
    reason: 'The newest run failed. Only `runs/latest` returns this',
    advice: 'Read the run to see why',
  },
  NoRecentRun: {
    reason: 'There is no recent run. Only `runs/latest` returns this',
    advice: 'Check whether the schedule is on: `health` shows it',
  },
  IssuerUnavailable: {
    reason: "The app does not have the keys of the token's issuer, and could not fetch them",
    advice: 'Wait as many seconds as `Retry-After` says',
  },
  Stopped: { reason: 'The app is being stopped', advice: 'Try again' },
  ServiceTimeout: { reason: 'ACS did not respond within 10 s (25 s for creating a user)', advice: 'Try again' },
};
