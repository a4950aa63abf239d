import { sign, verify, type KeyObject } from 'node:crypto';
import { readJwt, type Claims } from './jwt';
import type { SigningKey } from './signingKey';

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

/** Makes and reads user access tokens with one key pair. */
export class AccessTokens {
  private encodedHeader: string | undefined;

  constructor(private readonly key: Promise<SigningKey>) {}

  /** The public key, as JWKS. */
  async jwks(): Promise<SigningKey['jwks']> {
    return (await this.key).jwks;
  }

  /** A token with the claims of 2024, in their order. */
  async make(content: TokenContent): Promise<string> {
    const key = await this.key;
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
    this.encodedHeader ??= headerOf(key);
    const signed = `${this.encodedHeader}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    const signature = await signRs256(signed, key.privateKey);
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** The claims of a token that was made with this key, or undefined for anything else. Expiry is not checked. */
  async read(token: string): Promise<Claims | undefined> {
    const jwt = readJwt(token);
    if (jwt === undefined) return undefined;
    const { publicKey } = await this.key;
    const signed = token.slice(0, token.lastIndexOf('.'));
    return verify('sha256', Buffer.from(signed), publicKey, jwt.signature) ? jwt.claims : undefined;
  }
}

function headerOf({ keyId, thumbprint }: SigningKey): string {
  return Buffer.from(JSON.stringify({ alg: 'RS256', kid: keyId, x5t: thumbprint, typ: 'JWT' })).toString('base64url');
}

/** With a callback Node signs on its thread pool, so other calls go on meanwhile. */
function signRs256(text: string, privateKey: KeyObject): Promise<Buffer> {
  return new Promise((done, fail) => {
    sign('sha256', Buffer.from(text), privateKey, (error, signature) => (error ? fail(error) : done(signature)));
  });
}
