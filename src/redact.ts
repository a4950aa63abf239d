import { createHash } from 'node:crypto';

/** Secrets that this process has read from its settings; masked wherever they turn up. */
const known = new Set<string>();

const MASK = '[redacted]';

/** What a secret looks like in text that others wrote (SDK errors, URLs, headers). */
const PATTERNS: readonly [RegExp, string][] = [
  [/eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?/g, MASK],
  [/\b(accesskey|accountkey|sharedaccesskey|sharedaccesssignature)\s*=\s*[^;\s"',]+/gi, `$1=${MASK}`],
  [/([?&](?:code|sig|sharedaccesssignature)=)[^&\s"']+/gi, `$1${MASK}`],
  [/\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
  [/\b(signature)=[A-Za-z0-9+/=%]{8,}/gi, `$1=${MASK}`],
];

/** Makes `secret` unspeakable: {@link redactText} masks it from now on. Shorter ones than 6 characters are too common to mask. */
export function rememberSecret(secret: string | undefined): void {
  if (secret !== undefined && secret.length >= 6) known.add(secret);
}

/** `text` without any key, token or connection string that this process knows of or that has the form of one. */
export function redactText(text: string): string {
  let safe = text;
  for (const secret of known) safe = safe.replaceAll(secret, MASK);
  for (const [pattern, replacement] of PATTERNS) safe = safe.replace(pattern, replacement);
  return safe;
}

/** What is kept of a token: enough to tell two apart, nothing to use. `sha256` is the first 12 hex digits. */
export interface RedactedToken {
  redacted: true;
  sha256: string;
  scopes?: readonly string[];
  expiresOn?: string;
}

/** Turns an access token into what may be kept of it. */
export function redactToken(
  token: string,
  about: { scopes?: readonly string[]; expiresOn?: string } = {},
): RedactedToken {
  return {
    redacted: true,
    sha256: createHash('sha256').update(token).digest('hex').slice(0, 12),
    ...(about.scopes ? { scopes: about.scopes } : {}),
    ...(about.expiresOn === undefined ? {} : { expiresOn: about.expiresOn }),
  };
}

/** A deep copy of plain JSON data in which every string went through {@link redactText} and every `token` string is hashed. */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'token' && typeof item === 'string' ? redactToken(item) : redactValue(item),
    ]),
  );
}

/** An error with its stack and causes as text for the log, redacted. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth += 1) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === 'string' ? current : 'a value that is not an Error was thrown');
      break;
    }
    parts.push(current.stack ?? `${current.name}: ${current.message}`);
    current = current.cause;
  }
  return redactText(parts.join('\ncaused by: '));
}
