import { isIP } from 'node:net';

/** Does this host name mean this machine? @param hostname as `URL.hostname` has it: lower case, an IPv6 address in brackets */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
