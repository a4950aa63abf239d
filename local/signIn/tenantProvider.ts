import { createHash, generateKeyPair, randomUUID, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Provider } from 'oidc-provider';
import { errorPage, signedOutPage, signOutPage } from './pages';
import {
  API_CLIENT_ID,
  API_PERMISSION,
  API_RESOURCE,
  API_SCOPE,
  FRONT_END_CLIENT_ID,
  issuerOf,
  issuerPath,
  TENANTS,
  type SampleTenant,
  type SampleUser,
} from './samples';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const ISSUED_SCOPES = 'openid profile offline_access';
/** What the API is to the provider: the target of access tokens, which are JWTs for it. */
const API = {
  scope: API_SCOPE,
  audience: API_CLIENT_ID,
  accessTokenFormat: 'jwt',
  accessTokenTTL: HOUR_S,
  jwt: { sign: { alg: 'RS256' } },
};

export interface TenantProvider {
  tenant: SampleTenant;
  provider: Provider;
}

/** A provider for each sample tenant. Like those of Entra ID, all tenants share one signing key; it is new at each start. */
export async function createProviders(port: number, origins: readonly string[]): Promise<TenantProvider[]> {
  const [{ Provider: ProviderClass }, { createMemoryAdapter }] = await withoutRuntimeWarning(() =>
    Promise.all([import('oidc-provider'), import('oidc-provider/lib/adapters/memory_adapter.js')]),
  );
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return TENANTS.map((tenant) => {
    const configuration = { ...configurationOf(tenant, origins, privateKey), adapter: createMemoryAdapter() };
    const provider = new ProviderClass(issuerOf(tenant, port), configuration);
    provider.on('server_error', (_, error) => console.error(error));
    return { tenant, provider };
  });
}

/** On Node.js 20 oidc-provider warns that it supports 22 and later. What this service uses of it works on both, which tests check; other warnings are shown. */
async function withoutRuntimeWarning<Result>(load: () => Promise<Result>): Promise<Result> {
  const { warn } = console;
  console.warn = (...values: unknown[]) => {
    if (!String(values[0]).includes('Unsupported runtime. Use Node.js v22')) warn(...values);
  };
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}

function configurationOf(tenant: SampleTenant, origins: readonly string[], privateKey: KeyObject): object {
  const path = issuerPath(tenant);
  const redirectUris = origins.map((origin) => `${origin}/`);
  return {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: FRONT_END_CLIENT_ID,
        client_name: 'the front end',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        // There must be one, also if no page may sign in and only `npm run dev-token` is used. Nothing listens at this one.
        redirect_uris: redirectUris.length > 0 ? redirectUris : ['http://127.0.0.1:1/'],
        post_logout_redirect_uris: redirectUris,
      },
    ],
    clientBasedCORS: (_: unknown, origin: string) => origins.includes(origin),
    routes: { authorization: '/authorize', token: '/token', jwks: '/keys', end_session: '/logout' },
    // Cookies do not know ports or tenants, only paths.
    cookies: {
      keys: [randomUUID()],
      long: { httpOnly: true, sameSite: 'lax', path },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    claims: { openid: ['sub', 'oid', 'tid', 'ver'], profile: ['name', 'preferred_username'] },
    scopes: ISSUED_SCOPES.split(' '),
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    ttl: {
      AccessToken: HOUR_S,
      AuthorizationCode: 60,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      RefreshToken: DAY_S,
      Session: DAY_S,
      Grant: DAY_S,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // Front ends of Entra ID name the API in the scope, not in the parameter `resource`.
        defaultResource: () => API_RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => API,
      },
      rpInitiatedLogout: { enabled: true, logoutSource: signOutPage, postLogoutSuccessSource: signedOutPage },
    },
    formats: { customizers: { jwt: accessTokenLikeEntra(tenant) } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `${path}/interaction/${uid}` },
    findAccount: (_: unknown, objectId: string) => accountOf(tenant, objectId),
    renderError: errorPage,
  };
}

function accountOf(tenant: SampleTenant, objectId: string): object | undefined {
  const user = tenant.users.find((candidate) => candidate.objectId === objectId);
  if (user === undefined) return undefined;
  const claims = {
    ...{ sub: objectId, oid: objectId, tid: tenant.id, ver: '2.0' },
    ...{ name: user.fullName, preferred_username: user.email },
  };
  return { accountId: objectId, claims: () => claims };
}

/** Changes the provider's access tokens (RFC 9068) into those of Entra ID, version 2.0. */
function accessTokenLikeEntra(tenant: SampleTenant) {
  return (
    _: unknown,
    { accountId = '' }: { accountId?: string },
    token: { header?: object; payload: Record<string, unknown> },
  ): void => {
    const { iss, aud, iat, exp, scope, client_id: azp } = token.payload;
    const user = tenant.users.find(({ objectId }) => objectId === accountId);
    token.header = { typ: 'JWT' };
    token.payload = {
      ...{ ver: '2.0', iss, aud, iat, nbf: iat, exp },
      ...{ tid: tenant.id, oid: accountId, sub: pairwiseSubject(accountId) },
      ...{ name: user?.fullName, preferred_username: user?.email },
      ...{ azp, azpacr: '0', uti: randomUUID() },
      // Without the name of the API. No scope at all if the front end asked for none of its scopes.
      ...(scope === API_SCOPE && { scp: API_PERMISSION }),
    };
  };
}

/** Entra ID names a user differently to each API in `sub`; only `oid` is the same for all. */
const pairwiseSubject = (objectId: string): string =>
  createHash('sha256').update(`${API_CLIENT_ID}/${objectId}`).digest('base64url');

const grantOf = (provider: Provider, accountId: string): Promise<string> => {
  const grant = new provider.Grant({ accountId, clientId: FRONT_END_CLIENT_ID });
  grant.addOIDCScope(ISSUED_SCOPES);
  grant.addResourceScope(API_RESOURCE, API_SCOPE);
  return grant.save();
};

/** What answers a request for sign-in as this user: the sample users have consented to everything that the front end asks for. */
export async function signInResult(provider: Provider, accountId: string): Promise<object> {
  return { login: { accountId }, consent: { grantId: await grantOf(provider, accountId) } };
}

/** An access token for the API without a browser, as the front end would get it. */
export async function issueAccessToken(provider: Provider, { objectId }: SampleUser): Promise<string> {
  const token = new provider.AccessToken({
    accountId: objectId,
    client: await provider.Client.find(FRONT_END_CLIENT_ID),
    grantId: await grantOf(provider, objectId),
    gty: 'authorization_code',
    scope: API_SCOPE,
  });
  token.resourceServer = new provider.ResourceServer(API_RESOURCE, API);
  return token.save();
}
