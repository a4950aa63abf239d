// The page at `/`. The real host has one there, too; this one also leads to the app's own page.
import { createHash } from 'node:crypto';
import type { AppFunction } from './functionTable';

const STYLE = [
  ':root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }',
  'body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }',
  'table { border-collapse: collapse; }',
  'th, td { padding: 0.25rem 1.5rem 0.25rem 0; text-align: start; vertical-align: top; }',
  'code { overflow-wrap: anywhere; }',
].join('\n');

/** It allows nothing but the page's own style. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const HOME_PAGE_HEADERS = {
  'content-type': 'text/html',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** The page. It links to the functions `dashboard` and `health` if the app has a dashboard, and lists all functions. */
export function renderHomePage(functions: AppFunction[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local Functions host</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Your local Functions host is running</h1>
<p>It stands in for <code>func start</code>: it runs this Azure Functions app on this machine, for callers on this machine, and asks for no keys.</p>
${renderLinks(functions)}<h2>Functions</h2>
${renderFunctions(functions)}
</body>
</html>
`;
}

function renderLinks(functions: AppFunction[]): string {
  const linkTo = (name: string, text: string): string => {
    const path = linkablePath(functions.find((entry) => entry.name === name));
    return path === undefined ? '' : `<li>${renderLink(path, text)}</li>\n`;
  };
  const dashboard = linkTo('dashboard', "The app's page");
  if (dashboard === '') return '';
  return `<ul>\n${dashboard}${linkTo('health', 'Health')}</ul>\n`;
}

function renderFunctions(functions: AppFunction[]): string {
  if (functions.length === 0) return '<p>The app has no functions. The log of the host may show why.</p>';
  const hasStates = functions.some((entry) => stateOf(entry) !== '');
  return `<table>
<thead><tr><th scope="col">Name</th><th scope="col">Methods</th><th scope="col">Route or schedule</th>${hasStates ? '<th scope="col">State</th>' : ''}</tr></thead>
<tbody>
${functions.map((entry) => renderRow(entry, hasStates)).join('\n')}
</tbody>
</table>`;
}

const stateOf = ({ error, disabled }: AppFunction): string => error ?? (disabled ? 'disabled' : '');

function renderRow(entry: AppFunction, hasStates: boolean): string {
  const { name, methods, schedule, trigger } = entry;
  const methodNames = methods?.length === 0 ? 'all' : (methods ?? []).join(', ');
  const place = methods ? renderRoute(entry) : `<code>${escapeHtml(schedule ?? trigger.type)}</code>`;
  const cells = [escapeHtml(name), escapeHtml(methodNames), place, ...(hasStates ? [escapeHtml(stateOf(entry))] : [])];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function renderRoute(entry: AppFunction): string {
  const path = linkablePath(entry);
  const text = entry.path ?? '';
  return path === undefined ? `<code>${escapeHtml(text)}</code>` : renderLink(path, text);
}

/** The path of a function that a link can call: with GET, and without parameters. Optional ones are left out. */
function linkablePath(entry: AppFunction | undefined): string | undefined {
  const path = entry?.path?.replace(/\/\{[^{}]*\?\}/g, '');
  if (!entry?.match || entry.disabled || path === undefined || path.includes('{')) return undefined;
  const { methods = [] } = entry;
  return methods.length === 0 || methods.includes('GET') ? path : undefined;
}

function renderLink(path: string, text: string): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `<a href="${encoded}">${escapeHtml(text)}</a>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
