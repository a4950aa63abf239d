import { createHash } from 'node:crypto';
import { buildWorker, cleanUp, makeApp, run, useApp, type Files } from './sampleApp';

const withoutDashboard = `${useApp}
app.get('health', () => ({ jsonBody: { status: 'Healthy' } }));
app.http('users', { methods: ['POST', 'DELETE'], route: 'users/{userId}', handler: () => ({}) });
app.http('any', { methods: [], route: 'any', handler: () => ({}) });
app.get('odd', { route: 'odd<b>&"', handler: () => ({ body: 'odd' }) });
app.get('off', () => ({ body: 'off' }));
app.timer('tick', { schedule: '0 0 3 * * *', handler: () => {} });
app.timer('broken', { schedule: '<i>', handler: () => {} });
`;
const withDashboard = `${withoutDashboard}app.get('dashboard', () => ({ body: 'the page of the app' }));`;

let worker: string;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(cleanUp);

async function open(entry: string, files: Files = {}) {
  const environment = { 'AzureWebJobs.off.Disabled': 'true', AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
  const app = await run(worker, { directory: makeApp(entry, files) }, { environment });
  const answer = await app.get('/');
  const html = await answer.text();
  const links = [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href = '', text = '']) => ({
    href,
    text,
  }));
  return { app, answer, html, links };
}

const rowOf = (html: string, name: string) => html.split('\n').find((line) => line.startsWith(`<tr><td>${name}</td>`));

describe('the home page', () => {
  test("leads to the app's page and to health, which answer", async () => {
    const { app, answer, links } = await open(withDashboard);
    expect(answer.status).toBe(200);
    expect(links.slice(0, 2)).toEqual([
      { href: '/api/dashboard', text: 'The app&#39;s page' },
      { href: '/api/health', text: 'Health' },
    ]);
    expect(await (await app.get('/api/dashboard')).text()).toBe('the page of the app');
  });

  test('follows the routePrefix of host.json', async () => {
    const { links } = await open(withDashboard, { 'host.json': { extensions: { http: { routePrefix: 'v1' } } } });
    expect(links.slice(0, 2).map(({ href }) => href)).toEqual(['/v1/dashboard', '/v1/health']);
  });

  test('without a function named dashboard has the list alone', async () => {
    const { html } = await open(withoutDashboard);
    expect(html).not.toContain('<ul>');
    expect(html).toContain('<h2>Functions</h2>');
    expect(rowOf(html, 'health')).toContain('<a href="/api/health">');
  });

  test('lists all functions with methods and routes, and links to those that a browser can open', async () => {
    const { app, html, links } = await open(withDashboard);
    expect(html.match(/<tr><td>/g)).toHaveLength(app.host.functions.length);
    expect(rowOf(html, 'users')).toContain('<td>POST, DELETE</td><td><code>/api/users/{userId}</code></td>');
    expect(rowOf(html, 'any')).toContain('<td>all</td><td><a href="/api/any">/api/any</a></td>');
    expect(rowOf(html, 'off')).toContain('<td>GET</td><td><code>/api/off</code></td><td>disabled</td>');
    expect(rowOf(html, 'tick')).toContain('<code>0 0 3 * * *</code>');
    for (const { href } of links) expect({ href, status: (await app.get(href)).status }).toEqual({ href, status: 200 });
  });

  test('links to a function whose route parameters are all optional, without them', async () => {
    const runs = `${withoutDashboard}
app.get('runs', { route: 'runs/{runId?}', handler: (request) => ({ body: JSON.stringify(request.params) }) });`;
    const { app, html, links } = await open(runs);
    expect(rowOf(html, 'runs')).toContain('<td><a href="/api/runs">/api/runs/{runId?}</a></td>');
    expect(links.map(({ href }) => href)).toContain('/api/runs');
    expect(await (await app.get('/api/runs')).text()).toBe('{}');
  });

  test('has a column for states only if a function has one', async () => {
    expect((await open(withDashboard)).html).toContain('<th scope="col">State</th>');
    const { html } = await open(`${useApp}app.get('health', () => ({}));`);
    expect(html).not.toContain('State</th>');
    expect(rowOf(html, 'health')).toBe(
      '<tr><td>health</td><td>GET</td><td><a href="/api/health">/api/health</a></td></tr>',
    );
  });

  test('shows text of the app as text', async () => {
    const { html } = await open(withDashboard);
    expect(rowOf(html, 'odd')).toContain('>/api/odd&#60;b&#62;&#38;&#34;</a>');
    expect(rowOf(html, 'broken')).toContain('The schedule expression &#39;&#60;i&#62;&#39; was not recognized');
    expect(html).not.toMatch(/<b>|<i>/);
  });

  test('allows no script and nothing else but its own style', async () => {
    const { answer, html } = await open(withDashboard);
    const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(answer.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(html).not.toMatch(/<script|style=|\son\w+=/i);
  });

  test('says so when the app has no functions', async () => {
    const { html } = await open('');
    expect(html).toContain('The app has no functions.');
  });
});
