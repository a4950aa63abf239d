import { lookup } from 'node:dns/promises';
import { isIP, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { failed, passed, skipped, type Finding } from './finding';

const LIMIT_MS = 10_000;
const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code ?? 'unknown';

/** Is the host found, does somebody listen, and is the certificate good? Stops at the first problem. */
export async function* checkNetwork(origin: string, environment = process.env): AsyncGenerator<Finding> {
  const url = new URL(origin);
  const proxy = proxyFor(url, environment);
  if (proxy !== undefined) {
    const why = `calls go through the proxy ${proxy}`;
    yield skipped('host', why);
    yield skipped('connect', why);
    yield skipped('tls', why);
    return;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const found = await findHost(host);
  yield found;
  if (found.status === 'Failed') return;
  const connected = await connectTo(host, port);
  yield connected;
  if (connected.status === 'Failed') return;
  yield url.protocol === 'https:' ? await greetTls(host, port) : skipped('tls', 'http, on this machine only');
}

async function findHost(host: string): Promise<Finding> {
  if (isIP(host) !== 0) return passed('host', `${host} is an address`);
  try {
    const addresses = await lookup(host, { all: true });
    return passed('host', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const code = codeOf(error);
    return code === 'EAI_AGAIN'
      ? failed('host', 'DnsUnavailable', `No DNS server answers for ${host} (${code}).`)
      : failed('host', 'HostNotFound', `There is no host ${host} (${code}).`);
  }
}

/** Resolves to what `event` brings, or rejects with the socket's error or after the limit. */
async function settled(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const timer = setTimeout(
    () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
    LIMIT_MS,
  );
  try {
    await new Promise<void>((done, fail) => {
      socket.once(event, () => done());
      socket.once('error', fail);
      socket.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    });
  } finally {
    clearTimeout(timer);
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

async function connectTo(host: string, port: number): Promise<Finding> {
  try {
    await settled(connectTcp({ host, port }), 'connect');
    return passed('connect', `port ${port} takes connections`);
  } catch (error) {
    const code = causeOf(error);
    return code === 'ECONNREFUSED'
      ? failed('connect', 'ConnectionRefused', `${host}:${port} refuses connections (${code}).`)
      : failed('connect', 'NoConnection', `${host}:${port} can't be reached (${code}).`);
  }
}

/** A host with several addresses fails with an error for each. */
const causeOf = (error: unknown) => {
  const [first] = (error as { errors?: unknown[] } | undefined)?.errors ?? [];
  return first === undefined ? codeOf(error) : codeOf(first);
};

async function greetTls(host: string, port: number): Promise<Finding> {
  const socket = connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) });
  try {
    let protocol: string | null = null;
    socket.once('secureConnect', () => (protocol = socket.getProtocol()));
    await settled(socket, 'secureConnect');
    return passed('tls', `${protocol ?? 'TLS'}, with a certificate that is trusted`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return failed('tls', 'CertificateOfAnotherHost', `The certificate shown is not for ${host}.`);
    }
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
      return failed('tls', 'CertificateExpired', `The certificate of ${host} is not valid now (${code}).`);
    }
    if (/CERT|SIGNATURE|ISSUER/.test(code) && !code.startsWith('ERR_SSL')) {
      return failed('tls', 'CertificateUntrusted', `The certificate of ${host} is not trusted (${code}).`);
    }
    if (code === 'ETIMEDOUT') return failed('tls', 'NoAnswer', `${host}:${port} is silent when greeted.`);
    return failed('tls', 'NoTls', `${host}:${port} does not speak TLS (${code}).`);
  }
}

/** The proxy that the SDK would use for `url`, without its credentials. */
function proxyFor(url: URL, environment: NodeJS.ProcessEnv): string | undefined {
  const read = (name: string) => environment[name] ?? environment[name.toLowerCase()];
  const proxy =
    (url.protocol === 'https:' ? read('HTTPS_PROXY') : undefined) ?? read('HTTP_PROXY') ?? read('ALL_PROXY');
  if (!proxy) return undefined;
  const exceptions = (read('NO_PROXY') ?? '').split(',').map((name) => name.trim().replace(/^\*?\.?/, ''));
  if (exceptions.some((name) => name !== '' && (url.hostname === name || url.hostname.endsWith(`.${name}`)))) {
    return undefined;
  }
  try {
    return new URL(proxy).host;
  } catch {
    return 'of HTTPS_PROXY';
  }
}
