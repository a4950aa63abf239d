// Signs the user in with MSAL, and gets access tokens for the API.
import {
  AuthError,
  CacheLookupPolicy,
  PublicClientApplication,
  type AccountInfo,
  type Configuration,
} from '@azure/msal-browser';
import { config } from './config';

const AUTHORITY_KEY = 'authority';
const scopes = [config.scope];

/** MSAL takes no http authority, so the local sign-in service gets a name with https, and MSAL its real endpoints. */
async function authenticationOf(authority: string): Promise<Configuration> {
  const redirectUri = `${location.origin}/`;
  const auth = { clientId: config.clientId, redirectUri, postLogoutRedirectUri: redirectUri };
  const { host, protocol } = new URL(authority);
  if (protocol === 'https:') return { auth: { ...auth, authority, knownAuthorities: [host] } };
  const discovered = await fetch(`${authority}/.well-known/openid-configuration`).catch(() => {
    throw new Error(`Sign-in does not answer at ${host}. Does it run, and does it allow ${location.origin}?`);
  });
  const authorityMetadata = await discovered.text();
  return {
    auth: { ...auth, authority: authority.replace('http:', 'https:'), knownAuthorities: [host], authorityMetadata },
    system: { protocolMode: 'OIDC' },
  };
}

async function openClient(authority: string): Promise<PublicClientApplication> {
  const opened = new PublicClientApplication(await authenticationOf(authority));
  await opened.initialize();
  return opened;
}

let client: PublicClientApplication | undefined;
let account: AccountInfo | undefined;

/** Resolves to who is signed in, also when the browser comes back from the sign-in page. @throws AuthError if that sign-in has failed */
export async function openSignIn(): Promise<AccountInfo | undefined> {
  // The choice of the second button has to be known when the browser comes back.
  client = await openClient(sessionStorage.getItem(AUTHORITY_KEY) ?? config.authority);
  await client.handleRedirectPromise();
  [account] = client.getAllAccounts();
  return account;
}

/** Leaves the page for the sign-in page of the authority. */
export async function signIn(authority = config.authority): Promise<void> {
  sessionStorage.setItem(AUTHORITY_KEY, authority);
  await (await openClient(authority)).loginRedirect({ scopes, prompt: 'select_account' });
}

/** A token for the API: a valid one that MSAL has, or a new one. */
export async function accessToken(): Promise<string> {
  if (client === undefined || account === undefined) throw new Error('Nobody is signed in.');
  try {
    // No hidden frame: it would need a page of its own (the redirect bridge of MSAL).
    const cacheLookupPolicy = CacheLookupPolicy.AccessTokenAndRefreshToken;
    return (await client.acquireTokenSilent({ account, scopes, cacheLookupPolicy })).accessToken;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw new Error(`Your sign-in has ended (${error.errorCode}). Sign out, and sign in again.`, { cause: error });
  }
}

/** Forgets all tokens, and leaves the page for the sign-out page of the authority. */
export async function signOut(): Promise<void> {
  sessionStorage.removeItem(AUTHORITY_KEY);
  await client?.logoutRedirect({ account: account ?? null });
}
