import { redactText, redactToken } from '../base/redact';
import type { RunRequest } from '../runs/run';

/**
 * A copy of a step's inputs or outputs for the record. A `token` becomes its redacted form with the requested scopes and its `expiresOn`. All other
 * strings are redacted. Undefined fields are dropped.
 */
export function redactRecord(value: unknown, request: RunRequest): unknown {
  return walk(value, request.scopes, request);
}

function walk(value: unknown, scopes: readonly string[], request: RunRequest): unknown {
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
