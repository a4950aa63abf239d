import { createHash } from 'node:crypto';
import { contentHashOf } from './stringToSign';

/** Why x-ms-content-sha256 is not the hash of the body that arrived. */
export function explainContentHash(hash: string, body: Buffer): string {
  const digest = createHash('sha256').update(body).digest();
  const subject = 'content hash: x-ms-content-sha256';
  if (hash.toLowerCase() === digest.toString('hex')) return `${subject} is hexadecimal, it must be base64`;
  if (hash === digest.toString('base64url') || `${hash}=` === digest.toString('base64')) {
    return `${subject} is base64url or lacks its padding, it must be base64`;
  }
  if (body.length === 0) return `${subject} is not that of an empty body, and no body arrived`;
  if (hash === contentHashOf(Buffer.alloc(0)))
    return `${subject} is that of an empty body, but ${body.length} bytes arrived`;
  return `${subject} is not that of the ${body.length} bytes that arrived: the body was changed after it was hashed, or its encoding`;
}
