// What bodies of 64 KiB that are made to be expensive cost the app, through its handlers: the median of 20 calls must stay under 20 ms, since
// everything else waits meanwhile. None of these bodies is valid, so ACS is not called.
import { loadBuiltApp } from './builtApp';
import { median, printTable } from './measure';

const BODY_BYTES = 64 * 1024;
const CALLS = 20;
const MAX_MEDIAN_MS = 20;

const repeated = (text: string, bytes: number) => text.repeat(Math.floor(bytes / text.length));
/** A body that has `start` and `end`, and between them `text` as often as fits. */
const filled = (start: string, text: string, end: string) =>
  start + repeated(text, BODY_BYTES - start.length - end.length) + end;
/** A body with as many fields as fit. */
function manyFields(name: (n: number) => string): string {
  const parts: string[] = [];
  for (let [n, left] = [0, BODY_BYTES - 10]; left > 0; n += 1) {
    const part = `${JSON.stringify(name(n))}:1`;
    left -= part.length + 1;
    if (left > 0) parts.push(part);
  }
  return `{${parts.join(',')}}`;
}

const KEY_TEXTS = {
  'the beginnings of tokens': 'eyJ',
  'tokens without a signature': 'eyJhbGciOi.eyJhbGciOi.',
  'tokens and dots': 'eyJaaaaaa..',
  'accesskey= without a value': 'accesskey= ',
  'accesskey and blanks': `accesskey${' '.repeat(50)}`,
  'bearer and blanks': 'bearer    ',
  'signature=': 'signature=',
  '?code=': '?code=',
  slashes: '/',
  'line breaks': '\\n',
  'control characters': '\\u0000',
  'emoji, escaped': '\\ud83d\\ude00',
  letters: 'a',
};

const bodies: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(KEY_TEXTS).map(([what, text]) => [`a field named by ${what}`, filled('{"', text, '":1}')]),
  ),
  ...Object.fromEntries(
    Object.entries(KEY_TEXTS).map(([what, text]) => [`a scope of ${what}`, filled('{"scopes":["', text, '"]}')]),
  ),
  'many unknown fields': manyFields((n) => `f${n}`),
  'many fields with numbers for names': manyFields((n) => String(n * 7919)),
  'many fields of 6 letters that begin a token': manyFields((n) => `eyJ${n}`),
  'the same field many times': manyFields(() => 'scopes'),
  '32,000 scopes': filled('{"scopes":[0', ',0', ']}'),
  'many scopes that are lists': filled('{"scopes":[[]', ',[]', ']}'),
  'many good scopes': filled('{"scopes":["chat"', ',"chat"', ']}'),
  'deep lists': `{"scopes":${repeated('[', 32_000)}${repeated(']', 32_000)}}`,
  'deep objects that end early': repeated('{"a":', BODY_BYTES),
  'a deep object that is complete': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
  'a number of many digits': filled('{"expiresInMinutes":1', '1', '}'),
  'a number with a long fraction': filled('{"expiresInMinutes":0.', '1', 'e-9}'),
  'blanks only': filled('', ' ', ''),
  'not JSON': filled('', 'x', ''),
  'a list of lists': filled('[[]', ',[]', ']'),
  'a Teams token of the beginnings of tokens': filled('{"appId":"', 'eyJ', '"}'),
};

const CALLED = [
  ['createUser', 'POST', 'users', {}],
  ['issueToken', 'POST', 'users/bob/tokens', { userId: 'bob' }],
  ['exchangeTeamsToken', 'POST', 'teams/tokens', {}],
  ['runs', 'POST', 'runs', {}],
] as const;

const app = loadBuiltApp({ AcsIdentity: 'endpoint=http://127.0.0.1:1/;accesskey=c2VjcmV0c2VjcmV0' });

async function main(): Promise<void> {
  const rows: [string, number][] = [];
  const warm = '{"x":1}';
  for (const [name, method, path, params] of CALLED) {
    for (let n = 0; n < 200; n += 1) await app.call(name, method, path, params, warm);
  }
  for (const [what, body] of Object.entries(bodies)) {
    if (Buffer.byteLength(body) > BODY_BYTES) throw new Error(`The body '${what}' is too large.`);
    for (const [name, method, path, params] of CALLED) {
      const took: number[] = [];
      for (let n = 0; n < CALLS; n += 1) {
        const started = performance.now();
        const { status } = await app.call(name, method, path, params, body);
        took.push(performance.now() - started);
        if (status !== 400) throw new Error(`${name} answers ${status} to the body '${what}', not 400.`);
      }
      rows.push([`${name}: ${what}`, median(took)]);
    }
  }
  const slowest = rows.sort(([, a], [, b]) => b - a);
  console.log(
    `${Object.keys(bodies).length} bodies on ${CALLED.length} functions; the slowest, median of ${CALLS} calls:`,
  );
  printTable(
    ['body', 'ms'],
    slowest.slice(0, 12).map(([what, ms]) => [what, ms.toFixed(1)]),
  );
  const tooSlow = slowest.filter(([, ms]) => ms > MAX_MEDIAN_MS);
  if (tooSlow.length > 0) {
    console.error(`${tooSlow.length} cost more than ${MAX_MEDIAN_MS} ms.`);
    process.exitCode = 1;
  }
}

void main();
