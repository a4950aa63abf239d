import { HttpRequest, InvocationContext, type HttpHandler, type HttpResponseInit } from '@azure/functions';
import { tokenCheck } from '../../src/auth/signedInPerson';
import { handle } from '../../src/http/handle';
import { CLIENT_ID, type Authority } from './authority';

export interface Answer {
  status: number;
  code: string | undefined;
  message: string;
  /** The header `WWW-Authenticate`. */
  challenge: string | undefined;
  retryAfter: string | undefined;
  person: unknown;
  logs: string[];
}

/** The clocks of a check: both in milliseconds. */
export interface Clocks {
  now: number;
  elapsed: number;
}

/** A function that answers who calls it, with a token check of its own. */
export function whoAmI(clocks: Clocks = { now: Date.now(), elapsed: 0 }): HttpHandler {
  const signedInPerson = tokenCheck(
    () => clocks.now,
    () => clocks.elapsed,
  );
  return handle({}, async (_input, { request }) => ({ status: 200, jsonBody: await signedInPerson(request) }));
}

/** Calls it. `headers`: instead of a token. */
export async function call(handler: HttpHandler, token: string | Record<string, string>): Promise<Answer> {
  const headers = typeof token === 'string' ? { authorization: `Bearer ${token}` } : token;
  const request = new HttpRequest({ method: 'GET', url: 'http://localhost/api/me', headers });
  const logs: string[] = [];
  const context = new InvocationContext({
    invocationId: 'the-invocation',
    functionName: 'me',
    logHandler: (_level, ...args) => void logs.push(args.join(' ')),
  });
  const answer = (await handler(request, context)) as HttpResponseInit;
  const answered = answer.headers as Record<string, string>;
  const { error } = answer.jsonBody as { error?: { code: string; message: string } };
  return {
    status: answer.status ?? 200,
    code: error?.code,
    message: error?.message ?? '',
    challenge: answered['WWW-Authenticate'],
    retryAfter: answered['Retry-After'],
    person: answer.jsonBody,
    logs,
  };
}

/** Sets the settings of signed-in callers for tokens of this authority, and removes others. */
export function acceptTokensOf(authority: Authority, others: Record<string, string> = {}): void {
  for (const name of Object.keys(process.env)) {
    if (/^(ENTRA_|MY_TOKEN|IDENTITY_CONNECTIONS|ALLOWED_SCOPES)/.test(name)) delete process.env[name];
  }
  Object.assign(process.env, {
    ENTRA_ISSUERS: authority.issuer,
    ENTRA_AUDIENCE: `${CLIENT_ID},api://${CLIENT_ID}`,
    MY_TOKEN_SCOPES: 'chat,voip',
    ...others,
  });
}
