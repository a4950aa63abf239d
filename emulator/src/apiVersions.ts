import { ambiguousApiVersion, missingApiVersion, unsupportedApiVersion } from './serviceErrors';
import type { OperationName } from './operationNames';

export const API_VERSIONS = [
  '2021-03-07',
  '2021-10-31-preview',
  '2022-06-01',
  '2022-10-01',
  '2023-10-01',
  '2025-06-30',
  '2026-09-23',
] as const;

export type ApiVersion = (typeof API_VERSIONS)[number];

type IdentityOperation = Exclude<OperationName, 'listChatThreads'>;

/** What a version can bring: an operation, a field of a request, or a scope. */
export type Feature =
  IdentityOperation | 'expiresInMinutes' | 'teamsAppAndUser' | 'scope:chat' | 'scope:voip' | JoinScopeFeature;
type JoinScopeFeature = 'scope:chat.join' | 'scope:chat.join.limited' | 'scope:voip.join';

/** The one table of versions: what each brought. What is there once stays, in all later versions. Source: the public specifications. */
const BROUGHT: Record<ApiVersion, readonly Feature[]> = {
  '2021-03-07': [
    'createIdentity',
    'issueAccessToken',
    'revokeAccessTokens',
    'deleteIdentity',
    'scope:chat',
    'scope:voip',
  ],
  '2021-10-31-preview': ['exchangeTeamsToken'],
  '2022-06-01': ['teamsAppAndUser'],
  '2022-10-01': ['expiresInMinutes'],
  '2023-10-01': ['scope:chat.join', 'scope:chat.join.limited', 'scope:voip.join'],
  '2025-06-30': [],
  '2026-09-23': [],
};

/** All that a version has: what it brought, and what was there before. */
const SERVED = new Map<ApiVersion, ReadonlySet<string>>(
  API_VERSIONS.map((version, i) => [version, new Set(API_VERSIONS.slice(0, i + 1).flatMap((known) => BROUGHT[known]))]),
);

const serves = (version: ApiVersion, feature: string): boolean => SERVED.get(version)?.has(feature) === true;

export function has(version: ApiVersion, feature: Feature): boolean {
  return serves(version, feature);
}

/** Whether `scope` may be asked for in `version`. Scope names are case-sensitive (assumed). */
export function hasScope(version: ApiVersion, scope: string): boolean {
  return serves(version, `scope:${scope}`);
}

/** The version that brought a scope, or undefined for an unknown scope. */
export const firstVersionWithScope = (scope: string): ApiVersion | undefined =>
  API_VERSIONS.find((version) => hasScope(version, scope));

const supported = new Map<OperationName, string>();

/** The value of `api-supported-versions` for an operation: the versions that serve it. */
export function supportedVersions(operation: OperationName): string {
  let list = supported.get(operation);
  if (list === undefined) {
    list = API_VERSIONS.filter((version) => serves(version, operation)).join(', ');
    supported.set(operation, list);
  }
  return list;
}

/** A version as ASP.NET API Versioning understands one: a date or a number, with an optional status. */
const WELL_FORMED = /^(\d{4}-\d{2}-\d{2}(\.\d+(\.\d+)?)?|\d+(\.\d+)?)(-[a-z][a-z0-9]*)?$/i;

/** The values of the query's api-version; names of parameters are compared without case, as ASP.NET does. */
export function requestedVersions(query: string): string[] {
  const values = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (name.toLowerCase() === 'api-version' && value.trim() !== '') values.add(value.trim().toLowerCase());
  }
  return [...values];
}

/**
 * The version that a request asks for, when it serves the operation.
 * @param url the request's address without its query, which the framework's message repeats
 * @throws ServiceError 400 as ASP.NET API Versioning answers: the text of "unsupported" has been seen from the service, its code
 *   and the other two cases are that library's defaults
 */
export function readApiVersion(query: string, operation: OperationName, url: string): ApiVersion {
  const [requested, ...more] = requestedVersions(query);
  if (requested === undefined) throw missingApiVersion();
  if (more.length > 0) throw ambiguousApiVersion([requested, ...more]);
  const version = API_VERSIONS.find((known) => known === requested);
  if (version === undefined || !serves(version, operation)) {
    const code = WELL_FORMED.test(requested) ? 'UnsupportedApiVersion' : 'InvalidApiVersion';
    throw unsupportedApiVersion(code, url, requested, supportedVersions(operation));
  }
  return version;
}

/** The chat service has versions of its own, which are not checked (assumed): only that one is named. */
export function requireApiVersion(query: string): void {
  if (requestedVersions(query).length === 0) throw missingApiVersion();
}
