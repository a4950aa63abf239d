export type Claims = Record<string, unknown>;

export interface Jwt {
  claims: Claims;
  signature: Buffer;
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Takes a compact JWT apart without checking its signature; undefined when it is not one. */
export function readJwt(token: string): Jwt | undefined {
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => BASE64URL.test(part))) return undefined;
  const claims = readObject(payload);
  if (claims === undefined || readObject(header) === undefined) return undefined;
  return { claims, signature: Buffer.from(signature, 'base64url') };
}

function readObject(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Why a token is out of its time, or undefined when it is valid now. `exp` and `nbf` are seconds. */
export function timeError(claims: Claims, nowMs: number): string | undefined {
  const { exp, nbf } = claims;
  if (typeof exp !== 'number') return 'the token has no numeric exp';
  if (exp * 1000 <= nowMs) return `the token expired ${Math.ceil(nowMs / 1000 - exp)} s ago`;
  if (typeof nbf === 'number' && nbf * 1000 > nowMs + CLOCK_TOLERANCE_MS) {
    return `the token becomes valid only in ${Math.ceil(nbf - nowMs / 1000)} s`;
  }
  return undefined;
}

/** What validators of Entra tokens usually allow. */
const CLOCK_TOLERANCE_MS = 300_000;
