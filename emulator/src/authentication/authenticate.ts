import { denied } from '../serviceErrors';
import { checkSignature, type AccessKey, type ReceivedRequest } from './accessKeySignature';
import { checkEntraToken } from './entraToken';

export interface Credentials<Resource> {
  keys: readonly AccessKey<Resource>[];
  /** What Entra ID tokens open: they name no resource. */
  entraResource: Resource;
  hosts: { http: string; https: string | undefined };
}

/**
 * The resource whose credentials a request has: an access key's signature, or an Entra ID token.
 * @throws ServiceError 401 Denied, with the reason
 */
export function authenticate<Resource>(
  request: ReceivedRequest,
  { keys, entraResource, hosts }: Credentials<Resource>,
  nowMs: number,
): Resource {
  const { authorization } = request.headers;
  if (authorization === undefined || authorization === '') throw denied('the Authorization header is missing');
  const [, scheme = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case 'hmac-sha256':
      return checkSignature(rest, request, keys, hosts, nowMs);
    case 'bearer':
      checkEntraToken(rest, request.transport, nowMs);
      return entraResource;
    default:
      throw denied('Authorization: the scheme is neither HMAC-SHA256 nor Bearer');
  }
}
