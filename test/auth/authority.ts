import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TENANT = '0f3b6f0a-7d1c-4c5e-9a55-3f6a4a2f9b10';
export const CLIENT_ID = '5d5b1c1e-2f0c-4f0f-8a44-7a4a1f4f6c01';
export const OBJECT_ID = '9c1f9a52-6a1b-4a8e-8d0e-2b6f0a3d7c55';

/** A key of an authority, and its id. */
export interface SigningKey {
  id: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** How an authority answers: as it should, by breaking the connection, not at all, or with something else. */
type Behaviour = 'up' | 'down' | 'silent' | ((path: string, response: ServerResponse) => void);

/** A local OpenID Connect issuer with real keys, which only has the two documents that a check of tokens needs. */
export interface Authority {
  /** `http://127.0.0.1:PORT/TENANT/v2.0` */
  issuer: string;
  behaviour: Behaviour;
  /** The discovery document and the key set; change them to answer otherwise. */
  discovery: Record<string, unknown>;
  keys: Record<string, unknown>[];
  /** The paths that were requested. */
  requests: string[];
  /** The key that tokens are signed with. */
  key: SigningKey;
  /** From now on, tokens are signed with a new key, and the key set has only that. */
  rotate(): void;
  /** A token for Ada, like those of Entra, with these claims changed; `undefined` leaves one out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: SigningKey): string;
  stop(): Promise<void>;
}

let keysMade = 0;

export function newKey(): SigningKey {
  keysMade += 1;
  return { id: `key-${keysMade}`, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

export const publicJwk = ({ id, publicKey }: SigningKey): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  kid: id,
  use: 'sig',
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JSON Web Token with this signature. */
export function jwt(header: unknown, claims: unknown, sign: (input: string) => string): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${sign(input)}`;
}

export const rs256 =
  ({ privateKey }: SigningKey) =>
  (input: string) =>
    createSign('RSA-SHA256').update(input).sign(privateKey).toString('base64url');

export const hs256 = (secret: string | Buffer) => (input: string) =>
  createHmac('sha256', secret).update(input).digest('base64url');

/** First keys of authorities that have stopped: making a key takes 0.1 to 0.3 s. */
const unused: SigningKey[] = [];

/** @param tenant in the path of the issuer */
export async function startAuthority(tenant = TENANT): Promise<Authority> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    authority.requests.push(path);
    const { behaviour } = authority;
    if (behaviour === 'silent') return;
    if (behaviour === 'down') return void request.socket.destroy();
    if (behaviour !== 'up') return behaviour(path, response);
    const document = { [discoveryPath]: authority.discovery, '/keys': { keys: authority.keys } }[path];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${origin}/${tenant}/v2.0`;
  const discoveryPath = `/${tenant}/v2.0/.well-known/openid-configuration`;
  const key = unused.pop() ?? newKey();
  const authority: Authority = {
    issuer,
    behaviour: 'up',
    discovery: { issuer, jwks_uri: `${origin}/keys` },
    keys: [publicJwk(key)],
    requests: [],
    key,
    rotate() {
      authority.key = newKey();
      authority.keys = [publicJwk(authority.key)];
    },
    token(claims = {}, header = {}, signingKey = authority.key) {
      const now = Math.floor(Date.now() / 1000);
      const all = {
        aud: CLIENT_ID,
        iss: issuer,
        iat: now,
        nbf: now,
        exp: now + 3600,
        azp: '11111111-2222-4333-8444-555555555555',
        name: 'Ada',
        oid: OBJECT_ID,
        preferred_username: 'ada@contoso.example',
        scp: 'Token.Self',
        sub: 'pairwise-subject',
        tid: tenant,
        ver: '2.0',
        ...claims,
      };
      return jwt({ typ: 'JWT', alg: 'RS256', kid: signingKey.id, ...header }, all, rs256(signingKey));
    },
    stop: () =>
      new Promise((done) => {
        unused.push(key);
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return authority;
}
