import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What the platform does in Azure, in front of the local host: without the key there is an empty 401, but for anonymous functions.
 * `key`: that of all functions, or of the one at a path.
 */
export async function startKeyGate(
  targetPort: number,
  key: string | ((path: string) => string),
): Promise<{ url: string; seen: string[]; server: Server }> {
  const seen: string[] = [];
  const keyOf = (path: string) => (typeof key === 'string' ? key : key(path));
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    const isAnonymous = /^\/api\/(dashboard|health)(\?|$)/.test(request.url ?? '');
    if (!isAnonymous && request.headers['x-functions-key'] !== keyOf(request.url ?? '')) {
      response.writeHead(401).end();
      return;
    }
    const { url: path, method, headers } = request;
    const call = forward({ host: '127.0.0.1', port: targetPort, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    call.on('error', () => response.destroy());
    request.pipe(call);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}
