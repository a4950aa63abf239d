import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export interface SigningKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** As the service's tokens since 2024: 40 upper-case hex digits, the same value as `x5t`. Here of the public key: there is no certificate. */
  keyId: string;
  /** The same thumbprint, base64url. */
  thumbprint: string;
  jwks: { keys: [Record<string, string>] };
}

let made: Promise<SigningKey> | undefined;

/** The key pair of this process, RSA 2048; made once, on a thread of its own, when first asked for. */
export function processSigningKey(): Promise<SigningKey> {
  made ??= makeSigningKey();
  return made;
}

/** A new key pair, RSA 2048. */
export async function makeSigningKey(): Promise<SigningKey> {
  return describe((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey);
}

/**
 * The key pair of a private key in PKCS #8, base64.
 * @throws Error if it is not a private key, or not an RSA key
 */
export function readSigningKey(pkcs8: string): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
  if (privateKey.asymmetricKeyType !== 'rsa') throw new TypeError('The key is not an RSA key.');
  return describe(privateKey);
}

/** What {@link readSigningKey} reads. */
export const writeSigningKey = ({ privateKey }: SigningKey): string =>
  privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');

function describe(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const digest = createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  const keyId = digest.toString('hex').toUpperCase();
  const thumbprint = digest.toString('base64url');
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const jwk = { kty: 'RSA', use: 'sig', alg: 'RS256', kid: keyId, x5t: thumbprint, n, e };
  return { privateKey, publicKey, keyId, thumbprint, jwks: { keys: [jwk] } };
}
