import type { Context } from 'oidc-provider';
import type { SampleTenant } from './samples';

const STYLE = `
  :root { color-scheme: light dark; --ground: #f3f5f8; --surface: #fff; --text: #17202b; --muted: #515e6d; --border: #dce2e9; --accent: #0b5cad; --back: #e6f0fb; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0f1419; --surface: #182028; --text: #e8edf2; --muted: #a7b3c0; --border: #2b3641; --accent: #84bdf8; --back: #16304a; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; padding: 16px; display: grid; place-items: center; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, 'Segoe UI', sans-serif; }
  main { width: min(420px, 100%); padding: 24px; background: var(--surface); border: 1px solid var(--border); border-radius: 10px; }
  h1 { margin: 0 0 4px; font-size: 20px; }
  p { margin: 0 0 16px; color: var(--muted); font-size: 14px; overflow-wrap: anywhere; }
  form { display: grid; gap: 8px; }
  button { min-height: 44px; padding: 8px 12px; font: inherit; font-weight: 600; text-align: left; color: inherit; background: var(--surface); border: 1px solid var(--border); border-radius: 8px; cursor: pointer; }
  .plain { text-align: center; }
  button:hover { border-color: var(--accent); background: var(--back); }
  button span { display: block; font-weight: 400; font-size: 14px; color: var(--muted); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }`;

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title: string, body: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(title)}</title>
  <style>${STYLE}</style>
</head>
<body><main><h1>${escape(title)}</h1>${body}</main></body>
</html>
`;

export function signInPage({ organization, users }: SampleTenant): string {
  const choices = users.map(
    ({ name, fullName, email }) =>
      `<button name="as" value="${escape(name)}">${escape(fullName)}<span>${escape(email)}</span></button>`,
  );
  return page(
    `Sign in to ${organization}`,
    `<p>This is the local sign-in service. Choose a sample user; nobody has a password.</p>
    <form method="post">${choices.join('')}<button class="plain" name="as" value="">Cancel</button></form>`,
  );
}

/** The page of this HTML may load nothing and may not be framed; forms may lead to the front ends' origins. */
export function pageHeaders(origins: readonly string[]): Record<string, string> {
  return {
    'Content-Security-Policy': `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${origins.join(' ')}; frame-ancestors 'none'; base-uri 'none'`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
}

function sendPage(context: Context, title: string, body: string): void {
  context.type = 'html';
  context.body = page(title, body);
}

/** `form` is a form without a button, with the id op.logoutForm. */
export function signOutPage(context: Context, form: string): void {
  const button = '<button class="plain" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>';
  sendPage(
    context,
    'Sign out?',
    `<p>This ends your session at the local sign-in service.</p>${form.replace('</form>', `${button}</form>`)}`,
  );
}

export function signedOutPage(context: Context): void {
  sendPage(context, 'You are signed out', '<p>You can close this page.</p>');
}

export function errorPage(context: Context, { error, error_description = '' }: Record<string, string>): void {
  sendPage(context, 'Sign-in is not possible', `<p>${escape(error ?? '')}: ${escape(error_description)}</p>`);
}
