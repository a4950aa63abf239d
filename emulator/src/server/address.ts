import { isIP, isIPv6 } from 'node:net';

export const DEFAULT_HOST = '127.0.0.1';

/** Whether only this machine reaches what listens on this address. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

/** The address that clients on this machine use for what listens on `host`. */
export function reachableAs(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** As it is written in a URL. */
export const inUrl = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

/** What a certificate can be made for: a host name, or an address. */
export const isCertificateName = (name: string): boolean =>
  isIP(name) !== 0 || (name.length <= 253 && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(name));

/** Whether a text is what browsers send as `Origin` of a page over http or https. */
export const isOrigin = (text: string): boolean => originOf(text) === text;

/** How to write an origin that is not one; `undefined` if it is right. Repeats no user name, password, path or query of a URL. */
export function originError(text: string): string | undefined {
  const origin = originOf(text);
  if (origin === text) return undefined;
  return origin === undefined
    ? 'an origin is a scheme, a host and a port, as in http://localhost:3000.'
    : `an origin has no path and no slash at its end: write ${origin}.`;
}

function originOf(text: string): string | undefined {
  try {
    const { protocol, origin } = new URL(text);
    return /^https?:$/.test(protocol) ? origin : undefined;
  } catch {
    return undefined;
  }
}
