import type { Server } from 'node:https';

/** How clients are made to trust a certificate: a line for each kind of client. */
export const trustInstructions = (certificateFile: string): string[] => [
  `NODE_EXTRA_CA_CERTS=${certificateFile}  (Node.js)`,
  `connection_verify=${JSON.stringify(certificateFile)}  (Python, as an argument of the client)`,
  `REQUESTS_CA_BUNDLE=${certificateFile}  (Python, for the synchronous client)`,
  `SSL_CERT_FILE=${certificateFile}  (Python, for the asynchronous client; .NET on Linux)`,
  `keytool -importcert -noprompt -alias acs-emulator -file ${certificateFile} -keystore truststore.p12 -storepass changeit, ` +
    'then java -Djavax.net.ssl.trustStore=truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit  (Java)',
];

const ALERT = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/;

/**
 * Logs how to trust the certificate when a client seems not to. Clients show it in three ways: with an alert (Python, curl), by
 * breaking off the handshake after the certificate has come (Node.js, Java), and by closing after the handshake without a request (.NET).
 */
export function watchForDistrust(server: Server, certificateFile: string, log: (line: string) => void): void {
  const report = (what: string) =>
    log(`identity emulator: a client ${what}: ${trustInstructions(certificateFile).join('; ')}`);
  /** Those that have got the certificate: a port scan has not. */
  const greeted = new WeakSet<object>();
  const heard = new WeakSet<object>();
  server.on('keylog', (_line: Buffer, socket) => greeted.add(socket));
  server.on('request', ({ socket }) => heard.add(socket));
  server.on('clientError', (_error, socket) => heard.add(socket));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (ALERT.test(error.code ?? '')) report('does not trust the certificate');
    else if (error.code === 'ECONNRESET' && greeted.has(socket)) {
      report('broke off the TLS handshake, probably because it does not trust the certificate');
    }
  });
  server.on('secureConnection', (socket) => {
    socket.once('close', () => {
      if (heard.has(socket) || !server.listening) return;
      report('closed its connection without a request, probably because it does not trust the certificate');
    });
  });
}
