import { sign, verify, type KeyObject } from 'node:crypto';
import { readJwt, type Claims } from './jwt';
import { signingKey, type SigningKey } from './signingKey';

export interface TokenContent {
  /** The user id without its `8:`. */
  skypeId: string;
  resourceId: string;
  /** In the order of the request. */
  scopes: readonly string[];
  issuedAtSeconds: number;
  lifetimeSeconds: number;
}

/** The same in every token seen, whatever the scopes; assumed for the `.join` scopes too. */
const SCP = 1792;

let encodedHeader: { key: SigningKey; text: string } | undefined;

function headerOf(key: SigningKey): string {
  if (encodedHeader?.key !== key) {
    const header = { alg: 'RS256', kid: key.keyId, x5t: key.thumbprint, typ: 'JWT' };
    encodedHeader = { key, text: Buffer.from(JSON.stringify(header)).toString('base64url') };
  }
  return encodedHeader.text;
}

/** A user access token with the claims of 2024, in their order. */
export async function makeAccessToken(content: TokenContent): Promise<string> {
  const key = await signingKey();
  const claims = {
    skypeid: content.skypeId,
    scp: SCP,
    csi: String(content.issuedAtSeconds),
    exp: content.issuedAtSeconds + content.lifetimeSeconds,
    rgn: 'amer',
    acsScope: content.scopes.join(','),
    resourceId: content.resourceId,
    resourceLocation: 'unitedstates',
    iat: content.issuedAtSeconds,
  };
  const signed = `${headerOf(key)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = await signRs256(signed, key.privateKey);
  return `${signed}.${signature.toString('base64url')}`;
}

/** With a callback Node signs on its thread pool, so other calls go on meanwhile. */
function signRs256(text: string, privateKey: KeyObject): Promise<Buffer> {
  return new Promise((done, fail) => {
    sign('sha256', Buffer.from(text), privateKey, (error, signature) => (error ? fail(error) : done(signature)));
  });
}

/** The claims of a token that this process has issued, or undefined for anything else. Says nothing about expiry. */
export async function readAccessToken(token: string): Promise<Claims | undefined> {
  const jwt = readJwt(token);
  if (jwt === undefined) return undefined;
  const { publicKey } = await signingKey();
  const signed = token.slice(0, token.lastIndexOf('.'));
  return verify('sha256', Buffer.from(signed), publicKey, jwt.signature) ? jwt.claims : undefined;
}
