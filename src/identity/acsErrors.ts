import { AppError, type ErrorCode, type InnerError } from '../base/errors';
import { USER_MAY_EXIST_DETAIL } from './identityTypes';
import type { AcsFailure } from './acsFailure';
import type { Connection } from './connections';

/** The operations of the ACS Identity API that this app calls. */
export type Operation = 'createUser' | 'issueToken' | 'revokeTokens' | 'deleteUser' | 'exchangeTeamsToken';

/** Seconds to wait after a 429 without Retry-After: ACS counts requests in windows of 30 s. */
const THROTTLE_WINDOW_SECONDS = 30;

type CheckedConnection = Pick<Connection, 'name' | 'host' | 'whatToCheck' | 'whatToCheckForToken'>;

/** Makes an error with everything about it that does not depend on the case: ACS's own code, the cause, the detail `UserMayExist`. */
type MakeError = (
  status: number,
  code: ErrorCode,
  message: string,
  more?: { target?: string | undefined; retryAfterSeconds?: number },
) => AppError;

/** The error that the caller of `operation` gets for an ACS failure. It repeats ACS's own message for a 400 only. */
export function appErrorOfFailure(failure: AcsFailure, operation: Operation, connection: CheckedConnection): AppError {
  const innererror = innerErrorOf(failure);
  const details = operation === 'createUser' && mayHaveMadeUser(failure) ? [USER_MAY_EXIST_DETAIL] : undefined;
  const make: MakeError = (status, code, message, more = {}) =>
    new AppError(status, code, message, { innererror, cause: failure.cause, details, ...more });
  const { host, name } = connection;
  const unsure = details ? ` ${USER_MAY_EXIST_DETAIL.message}` : '';

  switch (failure.kind) {
    case 'timeout':
      return make(504, 'ServiceTimeout', `ACS (${host}) did not answer in time.${unsure}`);
    case 'stopped':
      return make(503, 'Stopped', `The call was stopped before ACS answered.${unsure}`);
    case 'refused':
      return make(
        502,
        'ServiceUnavailable',
        `ACS (${host}) can't be reached (${failure.code}). Check the endpoint of connection '${name}' and the network.`,
      );
    case 'network':
      return make(
        502,
        'ServiceUnavailable',
        `The connection to ACS (${host}) broke before it answered (${failure.code}).${unsure}`,
      );
    case 'incomplete':
      return make(
        502,
        'ServiceUnavailable',
        `ACS (${host}) reported success, but its response is incomplete.${unsure}`,
      );
    case 'unexpected':
      return make(500, 'InternalError', `Something went wrong in this app when it called ACS (${host}).${unsure}`);
    case 'credential':
      return make(
        502,
        'ConnectionDenied',
        `Could not get an Entra ID token for connection '${name}'${failure.code === 'Timeout' ? ' in time' : ''}. Check ${connection.whatToCheckForToken ?? connection.whatToCheck}.`,
      );
    case 'http':
      return errorOfHttpAnswer(failure, operation, connection, make, unsure);
  }
}

/**
 * Can ACS have created a user although `createUser` failed like this? Not if the request was never sent, if nobody received it, or if ACS refused it.
 */
function mayHaveMadeUser({ kind, status = 0, isUnsent }: AcsFailure): boolean {
  if (kind === 'refused' || kind === 'credential' || isUnsent) return false;
  return kind !== 'http' || status === 408 || status >= 500;
}

function errorOfHttpAnswer(
  failure: AcsFailure,
  operation: Operation,
  { name, host, whatToCheck }: CheckedConnection,
  make: MakeError,
  unsure: string,
): AppError {
  const { status = 0, acsCode, acsTarget } = failure;
  const acsMessage = failure.acsMessage ?? 'no message';
  const aboutUser = operation === 'issueToken' || operation === 'revokeTokens' || operation === 'deleteUser';

  if (acsCode === 'UnsupportedApiVersion' || /does not support the API version/i.test(failure.acsMessage ?? '')) {
    return make(
      502,
      'ApiVersionNotSupported',
      `ACS (${host}) doesn't serve the api-version that this app uses. Update @azure/communication-identity and deploy again.`,
    );
  }
  if (aboutUser && ((status === 401 && acsCode === 'IdentityNotOwned') || (status === 404 && acsCode !== undefined))) {
    return make(
      404,
      'UserNotFound',
      `The user does not belong to the ACS resource of connection '${name}', or was deleted.`,
      { target: 'userId' },
    );
  }
  if (operation === 'exchangeTeamsToken') {
    if (status === 401 && acsCode === 'InvalidAccessToken') {
      return make(
        400,
        'InvalidTeamsToken',
        'ACS refuses the Teams user token: it is malformed or expired, or it lacks the ACS scopes Teams.ManageCalls and Teams.ManageChats.',
        { target: 'token' },
      );
    }
    const target = acsTarget?.toLowerCase();
    if (status === 400 && (target === 'appid' || target === 'userid')) {
      return make(
        400,
        'InvalidTeamsToken',
        target === 'appid'
          ? 'The Teams user token was issued for an application other than appId.'
          : 'The Teams user token was issued for a user other than userId.',
        { target: target === 'appid' ? 'appId' : 'userId' },
      );
    }
  }
  if (status === 401 || status === 403) {
    return make(
      502,
      'ConnectionDenied',
      `ACS (${host}) refuses the credentials of connection '${name}'. Check ${whatToCheck}.`,
    );
  }
  if (status === 429) {
    const seconds =
      failure.retryAfterMs === undefined ? THROTTLE_WINDOW_SECONDS : Math.ceil(failure.retryAfterMs / 1000);
    return make(
      429,
      'Throttled',
      `ACS (${host}) is throttling this resource. Wait for the seconds in Retry-After, then try again.`,
      { retryAfterSeconds: seconds },
    );
  }
  if (status === 400)
    return make(400, 'InvalidRequest', `ACS refuses the request: ${acsMessage}`, { target: acsTarget });
  if (status === 408) return make(504, 'ServiceTimeout', `ACS (${host}) timed out (408).${unsure}`);
  return make(502, 'ServiceUnavailable', `ACS (${host}) failed (${status} ${failure.code}).${unsure}`);
}

function innerErrorOf({ acsCode, msCv }: AcsFailure): InnerError | undefined {
  if (acsCode === undefined && msCv === undefined) return undefined;
  return {
    ...(acsCode === undefined ? {} : { code: acsCode }),
    ...(msCv === undefined ? {} : { 'ms-cv': msCv }),
  };
}
