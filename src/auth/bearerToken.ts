// Reads a bearer token before its signature is checked: only to choose the issuer's keys, and to explain what is wrong with tokens that are often sent by mistake.
import type { HttpRequest } from '@azure/functions';
import { invalidToken } from './refusals';

/** Entra's tokens have 1,000 to 4,000 characters. */
const MAX_LENGTH = 12_000;

/** The audiences of tokens for Microsoft Graph, which are often sent by mistake. */
const GRAPH = /^(?:00000003-0000-0000-c000-000000000000|https:\/\/(?:dod-)?graph\.microsoft\.(?:com|us)\/?)$/;

export type Claims = Record<string, unknown>;

/** A token whose signature is not checked. */
export interface UnverifiedToken {
  text: string;
  /** One of the accepted issuers. */
  issuer: string;
  keyId: string;
}

/**
 * The bearer token of a request, if it may be one that this app accepts.
 * @throws AppError 401 `InvalidToken`
 */
export function bearerToken(request: HttpRequest, issuers: readonly string[]): UnverifiedToken {
  const text = tokenText(request.headers.get('authorization'));
  const [header, claims] = text.split('.').slice(0, 2).map(jsonObject);
  if (header === undefined || claims === undefined) throw invalidToken('The token is not a JSON Web Token (JWT).');
  if (header['alg'] !== 'RS256') throw invalidToken('The token must be signed with RS256.');
  refuseMistakes(claims);
  const issuer = issuers.find((one) => one === claims['iss']);
  if (issuer === undefined) {
    throw invalidToken(
      'The issuer of the token (claim iss) is not accepted: the token is from another tenant, or setting ENTRA_ISSUERS does not contain its issuer.',
    );
  }
  const keyId = header['kid'];
  if (typeof keyId !== 'string' || keyId === '')
    throw invalidToken('The header of the token must contain the id of its key (kid).');
  return { text, issuer, keyId };
}

/** Several headers of this name arrive as one, joined with commas. */
function tokenText(authorization: string | null): string {
  if (authorization === null || authorization === '') {
    throw invalidToken("The header Authorization is missing. Send 'Authorization: Bearer TOKEN'.");
  }
  const [, text] = /^bearer +([^ ]+)$/i.exec(authorization.slice(0, MAX_LENGTH + 100)) ?? [];
  if (authorization.length > MAX_LENGTH + 100 || (text ?? '').length > MAX_LENGTH) {
    throw invalidToken(`The token has more than ${MAX_LENGTH} characters.`);
  }
  if (authorization.includes(',')) throw invalidToken('The header Authorization has several values. Send only one.');
  if (text === undefined) throw invalidToken("The header Authorization must be 'Bearer TOKEN'.");
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) throw invalidToken('The token is not a JSON Web Token (JWT).');
  return text;
}

function jsonObject(base64url: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws AppError 401 `InvalidToken` for wrong tokens that are often sent */
function refuseMistakes(claims: Claims): void {
  const { aud, iss, ver, scp, scope } = claims;
  if (typeof aud === 'string' && GRAPH.test(aud)) {
    throw invalidToken(
      'The token is for Microsoft Graph. Request a token for this app, with a scope that begins with the App ID URI of this app.',
    );
  }
  if (ver === '1.0' || (typeof iss === 'string' && iss.startsWith('https://sts.windows.net/'))) {
    throw invalidToken(
      'The token is a v1 token. In the manifest of the app registration of this app, set requestedAccessTokenVersion to 2.',
    );
  }
  const isIdToken = ['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== undefined);
  if (isIdToken && scp === undefined && scope === undefined) {
    throw invalidToken(
      'The token is an ID token, which is for the app that signed in. Send an access token for this app.',
    );
  }
}
