import type { IncomingHttpHeaders } from 'node:http';
import { printable, withoutSecrets } from '../server/printable';
import { alternativeParts, type Alternative } from './signatureAlternatives';
import { sign, stringToSign, type SignedParts } from './stringToSign';

export interface SignatureContext {
  keys: readonly { base64: string; bytes: Buffer }[];
  hosts: { http: string; https: string | undefined };
  headers: IncomingHttpHeaders;
}

interface CandidateKey {
  bytes: Buffer;
  /** What is wrong with it; undefined for the true key. */
  reason?: string;
}

/**
 * Finds which part of the string to sign differs, by trying the mistakes that clients make: first one at a time, then two together (a
 * thousand hashes, some milliseconds). Holds no key and no signature.
 */
export function explainSignature(signature: Buffer, parts: SignedParts, context: SignatureContext): string {
  const alternatives = alternativeParts(parts, context.hosts, context.headers);
  const keys = candidateKeys(context.keys);
  const matches = (key: CandidateKey, changes: readonly Alternative[]): boolean =>
    sign(key.bytes, changed(parts, changes)).equals(signature);

  for (const key of keys) {
    if (key.reason !== undefined && matches(key, [])) return key.reason;
    for (const one of alternatives) if (matches(key, [one])) return joined(key.reason, one.reason);
  }
  for (const key of keys.filter(({ reason }) => reason === undefined)) {
    for (const [i, one] of alternatives.entries()) {
      for (const other of alternatives.slice(i + 1)) {
        if (one.part !== other.part && matches(key, [one, other])) return joined(key.reason, one.reason, other.reason);
      }
    }
  }
  const shown = stringToSign({ ...parts, target: withoutSecrets(parts.target) });
  return (
    'key: no usual mistake in method, path, query, date, host or content hash explains the signature, so the client has probably ' +
    `another access key; signed here was ${printable(JSON.stringify(shown))}`
  );
}

function changed(parts: SignedParts, changes: readonly Alternative[]): string {
  const replaced = changes.reduce((result, { replace }) => ({ ...result, ...replace }), parts);
  return changes.reduce((text, { layout }) => (layout ? layout(text) : text), stringToSign(replaced));
}

const joined = (...reasons: (string | undefined)[]): string =>
  reasons.filter((reason) => reason !== undefined).join('; ');

function candidateKeys(keys: SignatureContext['keys']): CandidateKey[] {
  const wrong = keys.flatMap(({ base64, bytes }): CandidateKey[] => [
    {
      bytes: Buffer.from(base64, 'utf8'),
      reason: 'key: the access key was used as text, it must be decoded from base64 first',
    },
    {
      bytes: Buffer.from(base64.replaceAll('=', '%3D').replaceAll('+', '%2B').replaceAll('/', '%2F'), 'base64'),
      reason: "key: the client's access key is percent-encoded (%3D for =), it must be plain base64",
    },
    {
      bytes: Buffer.from(`accesskey=${base64}`, 'base64'),
      reason: 'key: the client took "accesskey=" for a part of the key',
    },
    {
      bytes: Buffer.from(bytes.toString('utf8'), 'base64'),
      reason: 'key: the access key was decoded from base64 twice',
    },
  ]);
  const none: CandidateKey = {
    bytes: Buffer.alloc(0),
    reason: 'key: signed with an empty key; what the client has as access key is not base64, or there is none',
  };
  const known = keys.map(({ bytes }): CandidateKey => ({ bytes }));
  return [...known, ...wrong.filter(({ bytes }) => !keys.some((key) => key.bytes.equals(bytes))), none];
}
