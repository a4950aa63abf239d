import { createHash } from 'node:crypto';

/** Secrets that this process has read from its settings. They are masked in every text. */
const known = new Set<string>();

const MASK = '[redacted]';

/**
 * The forms of secrets in text from outside (SDK errors, URLs, headers). The text may be hostile, so each pattern takes linear time: at each position it
 * matches or fails after a bounded number of steps. A JSON Web Token that is cut off matches too.
 */
const PATTERNS: readonly [RegExp, string][] = [
  [/eyJ[\w-]{6,}(?:\.{1,2}[\w-]+)*/g, MASK],
  [/\b(accesskey|accountkey|sharedaccesskey|sharedaccesssignature)\s{0,9}=\s{0,9}[^;\s"',]+/gi, `$1=${MASK}`],
  [/([?&](?:code|sig|sharedaccesssignature)=)[^&\s"']+/gi, `$1${MASK}`],
  [/\b(bearer)\s{1,9}[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
  [/\b(signature)=[A-Za-z0-9+/=%]{8,}/gi, `$1=${MASK}`],
];

/** The beginning of a secret at the end of a cut text, where it is too short for {@link PATTERNS}. */
const STARTED_SECRET = /(?:eyJ[\w.-]{0,16}|\b(?:bearer|signature)[\s=]{1,9}\S{0,7})$/i;

/** Line breaks and other control characters, which could forge log lines, and characters that change the direction of text. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu;

/** From now on {@link redactText} masks `secret`. Secrets of fewer than 6 characters are ignored: they would match ordinary text. */
export function rememberSecret(secret: string | undefined): void {
  if (secret !== undefined && secret.length >= 6) known.add(secret);
}

/** `text` with every known secret masked, and everything that has the form of a key, token or connection string. */
export function redactText(text: string): string {
  let safe = text;
  for (const secret of known) safe = safe.replaceAll(secret, MASK);
  for (const [pattern, replacement] of PATTERNS) safe = safe.replace(pattern, replacement);
  return safe;
}

/**
 * Makes a text from outside safe to keep, show and log: cut to `maxLength` characters (then it ends with `…`), in one line, redacted. The text is cut
 * first, so that a long text costs no more than a short one. A secret that was cut in two is masked too.
 */
export function safeText(text: string, maxLength: number): string {
  const isCut = text.length > maxLength;
  const kept = isCut ? text.slice(0, maxLength - 1) : text;
  const safe = redactText(kept.replace(CONTROL_CHARACTERS, ' '));
  if (!isCut && safe.length <= maxLength) return safe;
  // a mask may be longer than what it replaces
  return `${maskTail(safe)
    .slice(0, maxLength - 1)
    .replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `text` with the beginning of a secret at its end masked. */
function maskTail(text: string): string {
  let longest = 0;
  for (const secret of known) {
    for (let length = Math.min(secret.length - 1, text.length); length >= 4 && length > longest; length -= 1) {
      if (text.endsWith(secret.slice(0, length))) longest = length;
    }
  }
  return longest > 0 ? text.slice(0, -longest) + MASK : text.replace(STARTED_SECRET, MASK);
}

/** The record of a token: enough to distinguish two tokens, not enough to use one. `sha256` is the first 12 hex digits. */
export interface RedactedToken {
  redacted: true;
  sha256: string;
  scopes?: readonly string[];
  expiresOn?: string;
}

/** The record of an access token. */
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

/** A deep copy of plain JSON data with every string redacted by {@link redactText} and every `token` hashed. */
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

/** Maximum lengths of the parts of an error in the log, in characters. */
const LOGGED = { name: 100, message: 4_000, frames: 4_000 } as const;

/** An error with its stack and causes, as text for the log: each part cut and redacted, each message in one line. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth += 1) {
    if (!(current instanceof Error)) {
      parts.push(
        typeof current === 'string' ? safeText(current, LOGGED.message) : 'a value that is not an Error was thrown',
      );
      break;
    }
    parts.push(headOf(current) + framesOf(current));
    current = current.cause;
  }
  return parts.join('\ncaused by: ');
}

/** An error of the Azure SDK. Its message, stack and `response` may repeat the body that the service sent. */
interface HttpError extends Error {
  code?: unknown;
  statusCode?: unknown;
  response?: unknown;
  request?: unknown;
}

/** Name and message. If the message may repeat a body, only name, code and status: a body may contain anything. */
function headOf(error: HttpError): string {
  const name = safeText(String(error.name), LOGGED.name);
  const isHttpError = error.name === 'RestError' || 'response' in error || 'request' in error;
  const code = isHttpError && typeof error.code === 'string' ? ` ${safeText(error.code, LOGGED.name)}` : '';
  const status = isHttpError && typeof error.statusCode === 'number' ? ` ${error.statusCode}` : '';
  if (repeatsBody(error, isHttpError)) return `${name}${code}${status}`;
  return `${name}${code}${status}: ${safeText(String(error.message), LOGGED.message)}`;
}

function repeatsBody(error: HttpError, isHttpError: boolean): boolean {
  // the JSON parser quotes the text that it could not parse
  if (!isHttpError) return error.name === 'SyntaxError' && /\bJSON\b/.test(String(error.message).slice(-200));
  const neverAnswered = error.response === undefined && error.statusCode === undefined;
  return !neverAnswered || error.code === 'PARSE_ERROR';
}

/** The stack frames, without the message, which may have several lines. */
function framesOf({ stack, message }: Error): string {
  if (typeof stack !== 'string') return '';
  const at = stack.indexOf(message);
  const frames = stack
    .slice(at < 0 ? 0 : at + message.length)
    .slice(0, LOGGED.frames)
    .split('\n')
    .filter((line) => /^ {4}at /.test(line));
  return frames.map((line) => `\n    ${safeText(line.trim(), 500)}`).join('');
}
