import { createHash } from 'node:crypto';

/** The page and its headers. It contains no data, and its policy lets it load nothing from other addresses. */
export interface DashboardPage {
  html: string;
  /** `Content-Security-Policy` among others. */
  headers: Record<string, string>;
}

let page: Promise<DashboardPage> | undefined;

/** The page that shows runs: one HTML document with its script and style, built on first use. */
export function dashboardPage(): Promise<DashboardPage> {
  page ??= makePage();
  return page;
}

async function makePage(): Promise<DashboardPage> {
  const { script, style } = await import('./dashboard.chunk');
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ACS identity runs</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript.</noscript></div>
<script>${script}</script>
</body>
</html>
`;
  return {
    html,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy.join('; '),
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  };
}
