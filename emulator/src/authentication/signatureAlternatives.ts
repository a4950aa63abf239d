import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { API_VERSIONS } from '../apiVersions';
import { printable } from '../server/printable';
import { DOUBLE_SLASH_CAUSE } from '../serviceErrors';
import type { SignedParts } from './stringToSign';

/** One way in which a client may have signed something else than it sent. */
export interface Alternative {
  part: 'method' | 'path' | 'query' | 'date' | 'host' | 'content hash' | 'layout';
  replace?: Partial<SignedParts>;
  layout?: (text: string) => string;
  reason: string;
}

type Hosts = { http: string; https: string | undefined };

export function alternativeParts(parts: SignedParts, hosts: Hosts, headers: IncomingHttpHeaders): Alternative[] {
  const all = [
    ...methods(parts),
    ...paths(parts, hosts),
    ...queries(parts),
    ...dates(parts, headers),
    ...otherHosts(parts, hosts, headers),
    ...contentHashes(parts),
    ...LAYOUTS,
  ];
  return all.filter(
    ({ replace = {}, layout }) =>
      layout !== undefined ||
      Object.entries(replace).some(([name, value]) => parts[name as keyof SignedParts] !== value),
  );
}

function methods({ method }: SignedParts): Alternative[] {
  const candidates = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', method.toLowerCase()];
  return candidates.map((signed) => ({
    part: 'method',
    replace: { method: signed },
    reason: `method: signed ${signed}, sent ${printable(method)}`,
  }));
}

function paths({ target, host }: SignedParts, hosts: Hosts): Alternative[] {
  const [path = '', query] = split(target);
  const path1 = (reason: string, signed: string): Alternative => ({
    part: 'path',
    replace: { target: query === undefined ? signed : `${signed}?${query}` },
    reason: `path: ${reason}`,
  });
  const isHttp = host === hosts.http;
  return [
    path1('signed decoded, it must be signed as it is sent (percent-encoded)', decoded(path)),
    path1('signed percent-encoded, sent otherwise', encodedColons(path)),
    path1(
      'signed percent-encoded with lower-case digits (%3a), sent with upper-case ones (%3A)',
      changedEscapes(path, (escape) => escape.toLowerCase()),
    ),
    path1(
      'signed percent-encoded with upper-case digits (%3A), sent with lower-case ones (%3a)',
      changedEscapes(path, (escape) => escape.toUpperCase()),
    ),
    path1(`signed with two '/' at its beginning: ${DOUBLE_SLASH_CAUSE}`, `/${path}`),
    path1(
      "signed without its first '/'" +
        (isHttp ? ', as a client does that takes every endpoint for https (Python): give it the https endpoint' : ''),
      path.slice(1),
    ),
    path1("signed without the '/' before ':'", path.replace('/:', ':')),
    path1("signed with a '/' at its end", `${path}/`),
    path1("signed without the '/' at its end", path.replace(/\/$/, '')),
    path1('the whole http URL was signed, it must be path and query only', `http://${host}${path}`),
    path1('the whole https URL was signed, it must be path and query only', `https://${host}${path}`),
  ];
}

function queries({ target }: SignedParts): Alternative[] {
  const [path = '', query = ''] = split(target);
  const sorted = new URLSearchParams(query);
  sorted.sort();
  const query1 = (reason: string, signed: string): Alternative => ({
    part: 'query',
    replace: { target: signed },
    reason: `query: ${reason}`,
  });
  return [
    query1('signed without the query', path),
    query1('signed re-encoded, it must be signed as it is sent', `${path}?${new URLSearchParams(query).toString()}`),
    query1('signed sorted by name, it must be signed as it is sent', `${path}?${sorted.toString()}`),
    query1('signed decoded, it must be signed as it is sent (percent-encoded)', `${path}?${decoded(query)}`),
    ...API_VERSIONS.map((version) =>
      query1(
        `signed with api-version=${version}, sent with another one`,
        `${path}?${query.replace(/(^|&)api-version=[^&]*/i, `$1api-version=${version}`)}`,
      ),
    ),
  ];
}

function dates({ date }: SignedParts, headers: IncomingHttpHeaders): Alternative[] {
  const time = Date.parse(date);
  const signed: [string | undefined, string][] = [
    [single(headers['x-ms-date']), 'signed the value of x-ms-date, but SignedHeaders names date'],
    [single(headers.date), 'signed the value of date, but SignedHeaders names x-ms-date'],
    [iso(time), 'signed in the form of ISO 8601, it must be signed as it is sent'],
    [iso(time).replace('.000', ''), 'signed in the form of ISO 8601, it must be signed as it is sent'],
    [String(time / 1000), 'signed as seconds since 1970, it must be signed as it is sent'],
    ['', 'left out of the string to sign'],
  ];
  return signed.flatMap(([value, reason]) =>
    value === undefined ? [] : [{ part: 'date', replace: { date: value }, reason: `date: ${reason}` }],
  );
}

function otherHosts({ host }: SignedParts, hosts: Hosts, headers: IncomingHttpHeaders): Alternative[] {
  const name = host.replace(/:\d+$/, '');
  const sent = `sent ${printable(host)}`;
  const schemesDiffer = host === hosts.http ? ': the client signed for https and reached the http endpoint' : '';
  const host1 = (reason: string, signed: string): Alternative => ({
    part: 'host',
    replace: { host: signed },
    reason: `host: ${reason}`,
  });
  const { http, https } = hosts;
  const forwarded = single(headers['x-forwarded-host']);
  return [
    host1(`signed without its port (${printable(name)}), ${sent}`, name),
    ...(https === undefined ? [] : [https, otherLoopback(https)]).map((signed) =>
      host1(`signed ${signed}, the https endpoint, ${sent}${schemesDiffer}`, signed),
    ),
    ...[http, otherLoopback(http)].map((signed) => host1(`signed ${signed}, the http endpoint, ${sent}`, signed)),
    host1(`signed with port 443, https's own, ${sent}`, `${name}:443`),
    host1(`signed with port 80, http's own, ${sent}`, `${name}:80`),
    host1('signed with the scheme (http://), it must be the Host header alone', `http://${host}`),
    host1('signed with the scheme (https://), it must be the Host header alone', `https://${host}`),
    host1("signed with a '/' at its end", `${host}/`),
    ...(forwarded === undefined ? [] : [host1('a proxy replaced the Host header (see x-forwarded-host)', forwarded)]),
    host1('left out of the string to sign', ''),
  ];
}

/** 127.0.0.1 for localhost and the other way round. */
const otherLoopback = (host: string): string =>
  host.replace(/^(127\.0\.0\.1|localhost)(?=:|$)/, (n) => (n === 'localhost' ? '127.0.0.1' : 'localhost'));

function contentHashes({ contentHash }: SignedParts): Alternative[] {
  const hex = Buffer.from(contentHash, 'base64').toString('hex');
  const empty = createHash('sha256').digest('base64');
  const signed: [string, string][] = [
    [empty, 'signed the hash of an empty body, sent another one'],
    [hex, 'signed in hexadecimal, sent in base64'],
    ['', 'left out of the string to sign'],
  ];
  return signed.map(([value, reason]) => ({
    part: 'content hash',
    replace: { contentHash: value },
    reason: `content hash: ${reason}`,
  }));
}

const layout1 = (reason: string, layout: (text: string) => string): Alternative => ({
  part: 'layout',
  layout,
  reason: `layout: ${reason}`,
});

const LAYOUTS = [
  layout1('lines end with CR LF, they must end with LF', (text) => text.replaceAll('\n', '\r\n')),
  layout1('there is a line break at the end', (text) => `${text}\n`),
  layout1("date, host and content hash must be joined by ';', not by line breaks", (text) =>
    text.replaceAll(';', '\n'),
  ),
  layout1("line breaks were signed as the two characters '\\n'", (text) => text.replaceAll('\n', '\\n')),
];

function split(target: string): [string, string | undefined] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, undefined] : [target.slice(0, mark), target.slice(mark + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The colons of a user id in the path as `%3A`; the one that begins an action stays. */
const encodedColons = (path: string): string => path.replace(/(?<!\/):/g, '%3A');

const changedEscapes = (path: string, change: (escape: string) => string): string =>
  path.replace(/%[0-9A-F]{2}/gi, change);

const iso = (time: number): string => (Number.isNaN(time) ? '' : new Date(time).toISOString());

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
