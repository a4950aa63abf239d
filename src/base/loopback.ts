import { isIP } from 'node:net';

/** Is this host name the local machine? @param hostname in the form of `URL.hostname`: lower case, an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
