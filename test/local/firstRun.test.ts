import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { runWorkflowOnce } from '../../local/firstRun';

interface Answer {
  status: number;
  body: unknown;
}

/** Runs the workflow against a server that gives `answer`, or hangs up. */
async function runAgainst(answer: Answer | undefined) {
  const requests: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    if (answer === undefined) request.socket.destroy();
    else
      response
        .writeHead(answer.status)
        .end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: string[] = [];
  const { port } = server.address() as AddressInfo;
  try {
    const succeeded = await runWorkflowOnce({ port }, (line) => lines.push(line), { colour: false, unicode: true });
    return { succeeded, lines: lines.slice(1), requests };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the first run', () => {
  it('posts without a body, not chunked, and prints the run', async () => {
    const run = { id: '1', status: 'Succeeded', actions: [{ name: 'A', status: 'Succeeded', code: 'OK' }] };
    const { succeeded, lines, requests } = await runAgainst({ status: 201, body: run });
    expect(succeeded).toBe(true);
    expect(lines).toEqual(['', 'Run 1  Succeeded', '  ✓ A   Succeeded   OK', '']);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/api/runs' });
    expect(requests[0]?.headers).toMatchObject({ 'content-length': '0', 'x-ms-client-tracking-id': 'npm-start' });
  });

  it.each(['Failed', 'TimedOut', 'Aborted', 'Running'])('did not succeed when the run is %s', async (status) => {
    const { succeeded, lines } = await runAgainst({ status: 201, body: { id: '1', status, actions: [] } });
    expect(succeeded).toBe(false);
    expect(lines).toEqual(['', `Run 1  ${status}`, '']);
  });

  it.each<[Answer | undefined, string[]]>([
    [
      {
        status: 500,
        body: { error: { code: 'Misconfigured', message: 'AcsIdentity is malformed.', target: 'AcsIdentity' } },
      },
      ['POST /api/runs answered 500 Misconfigured: AcsIdentity is malformed. (AcsIdentity)'],
    ],
    [
      {
        status: 400,
        body: { error: { code: 'InvalidRequest', message: 'No.', details: [{ target: 'scopes', message: 'Bad.' }] } },
      },
      ['POST /api/runs answered 400 InvalidRequest: No.\n  scopes: Bad.'],
    ],
    [
      { status: 404, body: '' },
      ['POST /api/runs answered 404: the app has no function at this URL. Look above for why it was not loaded.'],
    ],
    [{ status: 500, body: '' }, ['POST /api/runs answered 500 without a run. Look above for what the app logged.']],
    [
      { status: 200, body: '<html>' },
      ['POST /api/runs answered 200 without a run. Look above for what the app logged.'],
    ],
    [undefined, ['No answer to POST /api/runs: other side closed']],
  ])('says what came instead of a run: %j', async (answer, expected) => {
    const { succeeded, lines } = await runAgainst(answer);
    expect(succeeded).toBe(false);
    expect(lines).toEqual(expected);
  });
});
