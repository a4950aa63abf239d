import { redactText, redactToken } from '../base/redact';

/** The scopes that a step asks for: those of its inputs, or else those of the run. */
export interface RequestedScopes {
  scopes: readonly string[];
  createTokenWithScopes: readonly string[];
}

/**
 * A copy of a step's inputs or outputs for the record. A `token` becomes its redacted form with the requested scopes and its `expiresOn`. All other
 * strings are redacted. Undefined fields are dropped.
 */
export function redactRecord(value: unknown, request: RequestedScopes): unknown {
  return walk(value, request.scopes, request);
}

function walk(value: unknown, scopes: readonly string[], request: RequestedScopes): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, scopes, request));
  if (typeof value !== 'object' || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (key === 'token' && typeof item === 'string') kept[key] = redactToken(item, { scopes, ...expiry(value) });
    else kept[key] = walk(item, key === 'accessToken' ? request.createTokenWithScopes : scopes, request);
  }
  return kept;
}

function expiry(holder: object): { expiresOn?: string } {
  const { expiresOn } = holder as { expiresOn?: unknown };
  return typeof expiresOn === 'string' ? { expiresOn } : {};
}
