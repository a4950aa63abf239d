import type { Answer } from './answer';

/** A refusal: the service's answer, and for whoever debugs the client, why. Every error of the service is made in this file. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly answer: Answer,
    /** Goes to the log and to `x-emulator-denied-because`; never holds a key, a token or a signature. */
    readonly reason?: string,
    /** Goes to the log alone: the code, and the message where there is no reason. May hold values of the request. */
    readonly logged: { code?: string; message?: string } = {},
  ) {
    super(`${answer.status}`);
  }
}

interface ErrorBody {
  code: string;
  message: string;
  target?: string;
}

type Source = 'controller' | 'before the controller';

/** The envelope of all versions. Content type as recorded: without a charset, while successes have one. */
function envelope(status: number, error: ErrorBody, source: Source, reason?: string): ServiceError {
  const body = JSON.stringify({ error });
  const reportsVersions = source === 'controller';
  return new ServiceError({ status, body, contentType: 'application/json', reportsVersions }, reason, error);
}

const empty = (status: number, message: string, headers: Record<string, string> = {}, reason?: string): ServiceError =>
  new ServiceError({ status, headers, reportsVersions: false }, reason, { message });

/** Credentials are refused. The same answer whatever is wrong with them, so the reason is given separately. Assumed for HMAC. */
export const denied = (reason: string): ServiceError =>
  envelope(401, { code: 'Denied', message: 'Denied by the resource provider.' }, 'before the controller', reason);

/** Recorded, for ids of another resource. */
export const identityNotOwned = (reason: string): ServiceError =>
  envelope(
    401,
    { code: 'IdentityNotOwned', message: "Provided identity doesn't belong to the resource." },
    'controller',
    reason,
  );

/** Recorded, for Teams tokens that are empty, malformed or expired; without api-supported-versions. */
export const invalidAccessToken = (reason: string): ServiceError =>
  envelope(
    401,
    { code: 'InvalidAccessToken', message: 'Provided access token is not valid.' },
    'before the controller',
    reason,
  );

/** An invalid value that the service's own checks find, after the body was bound to its model. */
export const validationError = (message: string, target: string, reason?: string): ServiceError =>
  envelope(400, { code: 'ValidationError', message, target }, 'controller', reason);

/** A required field is missing; found while the body is bound to its model. Recorded. */
export const requiredField = (name: string): ServiceError => modelError(name, `The ${name} field is required.`);

/**
 * A value has the wrong JSON type. The framework's text, without its .NET type and position, in the form that the service gives to such
 * texts (assumed).
 */
export const wrongType = (path: string): ServiceError =>
  modelError(path, `The JSON value could not be converted to the type of the field. Path: ${path}`);

/** The body is no JSON. The form is that of {@link wrongType} (assumed), the text is the emulator's own. */
export const malformedJson = (): ServiceError => modelError('$', 'The request body is not valid JSON. Path: $');

function modelError(key: string, message: string): ServiceError {
  return envelope(
    400,
    { code: 'ValidationError', message: `${key}: ${message}`, target: key },
    'before the controller',
  );
}

/** The framework's text; it belongs to no field, so there is no target (assumed). */
export const emptyBody = (): ServiceError =>
  envelope(400, { code: 'ValidationError', message: 'A non-empty request body is required.' }, 'before the controller');

export const DOUBLE_SLASH_CAUSE = "the client's endpoint ends with '/', and a path was added that begins with one";

/** ASP.NET's routing answers with a status alone. */
export const noSuchPath = (path: string): ServiceError =>
  empty(
    404,
    'no operation has this path',
    {},
    path.startsWith('//') ? `path: begins with two '/': ${DOUBLE_SLASH_CAUSE}` : undefined,
  );

export const methodNotAllowed = (allowed: string): ServiceError =>
  empty(405, `the path is for ${allowed} only`, { Allow: allowed });

/** The web server's, before the application sees the request: a status alone. */
export const requestTooLarge = (): ServiceError => empty(413, 'the body is too large', { Connection: 'close' });

/** ASP.NET's problem details: the framework answers, not the service. */
export const unsupportedMediaType = (): ServiceError =>
  new ServiceError(
    {
      status: 415,
      body: JSON.stringify({
        type: 'https://tools.ietf.org/html/rfc9110#section-15.5.16',
        title: 'Unsupported Media Type',
        status: 415,
      }),
      contentType: 'application/problem+json; charset=utf-8',
      reportsVersions: false,
    },
    undefined,
    { message: 'the content type is not JSON in UTF-8' },
  );

/** The chat service: 401 without a body, as a user of its Java client saw (azure-docs-sdk-java#1559); the rest is assumed. */
export const chatUnauthorized = (reason: string): ServiceError => empty(401, reason, {}, reason);

export const missingApiVersion = (): ServiceError =>
  versionError('ApiVersionUnspecified', 'An API version is required, but was not specified.');

export const ambiguousApiVersion = (versions: string[]): ServiceError =>
  versionError(
    'AmbiguousApiVersion',
    `The following API versions were requested: ${versions.join(', ')}. At most, only a single API version may be specified. ` +
      'Please update the intended API version and retry the request.',
  );

export const unsupportedApiVersion = (
  code: 'UnsupportedApiVersion' | 'InvalidApiVersion',
  url: string,
  version: string,
  supported: string,
): ServiceError =>
  versionError(
    code,
    `The HTTP resource that matches the request URI '${url}' does not support the API version '${version}'.`,
    `the operation has no api-version ${version}, only ${supported}`,
  );

/** @param logged for the log, where the message would repeat the URL */
function versionError(code: string, message: string, logged = message): ServiceError {
  const body = JSON.stringify({ error: { code, message } });
  const contentType = 'application/json; charset=utf-8';
  const answer = { status: 400, body, contentType, reportsVersions: true };
  return new ServiceError(answer, undefined, { code, message: logged });
}

/** Only a bug in the emulator leads here. */
export const internalError = (): ServiceError =>
  envelope(
    500,
    { code: 'InternalServerError', message: 'The identity emulator failed; its log has the reason.' },
    'before the controller',
  );

/** The data file can't be written. Not the service's: it would be unavailable in a way of its own. */
export const notKept = (code: string): ServiceError =>
  envelope(
    503,
    { code: 'ServiceUnavailable', message: 'The change could not be kept.' },
    'before the controller',
    `the data file can't be written (${code})`,
  );
