// The page: signs in, keeps an ACS token, and shows what happens to it.
import { AzureCommunicationTokenCredential } from '@azure/communication-common';
import { AuthError } from '@azure/msal-browser';
import { ApiError, deleteMe, device, isAccepted, issueMyToken, revokeMyTokens, type MyToken } from './api';
import { config } from './config';
import { openSignIn, signIn, signOut } from './signIn';
import { byId, note, onClick, problem, setText, show } from './view';

/** As the SDK does it: 10 minutes before the end, or at half of what is left. */
const EXPIRES_SOON_MS = 10 * 60_000;

/** For an SDK of ACS, as in `new ChatClient(endpoint, credential)`. */
let credential: AzureCommunicationTokenCredential | undefined;
let issuedAt = 0;
let refreshesAt = 0;

/**
 * Called by the credential when its token ends soon. From version 2.5 on of the package, answer `{ token, expiresOnTimestamp }`: then it also takes tokens that
 * it cannot decode.
 */
async function tokenRefresher(): Promise<string> {
  try {
    const { token } = showToken(await issueMyToken());
    note(credential === undefined ? 'Got a token' : 'Refreshed the token');
    return token;
  } catch (error) {
    explain(error);
    throw error;
  }
}

async function start(): Promise<void> {
  show('loading');
  credential?.dispose();
  credential = undefined;
  // The first token by hand: then its errors arrive here, and not in a timer of the credential.
  const token = await tokenRefresher();
  credential = new AzureCommunicationTokenCredential({ token, tokenRefresher, refreshProactively: true });
  show('token');
}

function showToken(myToken: MyToken): MyToken {
  const { identity, token, expiresOnTimestamp } = myToken;
  issuedAt = Date.now();
  const left = expiresOnTimestamp - issuedAt;
  refreshesAt = issuedAt + (left > EXPIRES_SOON_MS ? left - EXPIRES_SOON_MS : left / 2);
  setText('identity', identity.id);
  setText('scopes', scopesOf(token));
  setText('expires', new Date(expiresOnTimestamp).toLocaleString());
  setText('accepted', '');
  countDown();
  return myToken;
}

/** Only to show them: the content of a token is the service's affair, and may change. */
function scopesOf(token: string): string {
  try {
    const claims = JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))) as object;
    return 'acsScope' in claims ? String(claims.acsScope).replaceAll(',', ', ') : 'unknown';
  } catch {
    return 'unknown';
  }
}

function countDown(): void {
  const seconds = Math.max(0, Math.round((refreshesAt - Date.now()) / 1000));
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
  setText('refresh', parts.map((part) => String(Math.floor(part)).padStart(2, '0')).join(':'));
  (byId('progress') as HTMLProgressElement).value = (refreshesAt - Date.now()) / (refreshesAt - issuedAt);
}

/** Shows an error with what the user can do about it. */
function explain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403);
  note(isRefused ? 'The API refused the sign-in' : 'Something failed');
  byId('retry').hidden = isRefused;
  if (isRefused) {
    const advice = 'Sign out, and use another account, or ask the operator of this app.';
    problem('You are signed in, but this app does not accept your sign-in', advice, message);
  } else {
    problem('That did not work', message);
  }
}

async function checkToken(): Promise<void> {
  if (credential === undefined) return;
  const { token } = await credential.getToken();
  const accepted = await isAccepted(token);
  setText('accepted', accepted ? 'Accepted' : 'Refused');
  byId('accepted').className = accepted ? 'chip good' : 'chip bad';
  note(accepted ? 'The chat service accepted the token' : 'The chat service refused the token');
}

async function leave(): Promise<void> {
  if (credential !== undefined) {
    try {
      await revokeMyTokens();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!confirm(`The tokens of this device could not be ended: ${reason}\n\nSign out anyway?`)) return;
    }
    credential.dispose();
  }
  await signOut();
}

async function deleteData(): Promise<void> {
  if (!confirm('Delete your ACS users on all devices? Chats and calls of these users end.')) return;
  await deleteMe();
  // Otherwise it would make a new user at its next refresh.
  credential?.dispose();
  credential = undefined;
  note('Deleted your data');
  show('deleted');
}

setText('device', device);
setText('origin', new URL(config.authority).host);
setInterval(() => {
  if (credential !== undefined) countDown();
}, 1000);
onClick('sign-in', () => signIn(), explain);
onClick('sign-in-other', () => signIn(config.otherAuthority), explain);
onClick('check', checkToken, explain);
onClick('delete', deleteData, explain);
for (const id of ['renew', 'again']) onClick(id, start, () => undefined);
byId('retry').addEventListener('click', () => location.reload());
for (const id of ['sign-out', 'sign-out-deleted', 'sign-out-problem']) onClick(id, leave, explain);

byId('sign-in-other').hidden = config.otherAuthority === undefined;
try {
  const account = await openSignIn();
  if (account === undefined) {
    show('signedOut');
  } else {
    setText('who', account.name ?? account.username);
    await start().catch(() => undefined);
  }
} catch (error) {
  // The user has cancelled, for example.
  if (error instanceof AuthError) {
    note(`The sign-in failed: ${error.errorMessage || error.errorCode}`);
    show('signedOut');
  } else {
    explain(error);
  }
}
