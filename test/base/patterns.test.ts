// Every regular expression in the sources, on texts that are made to be expensive for it: the time may grow with the length of the text, not
// with its square.
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ts from 'typescript';

const root = resolve(__dirname, '../..');
const seed = Number(process.env.GENERATED_SEED ?? 20_260_131);
const INPUTS_PER_PATTERN = Number(process.env.PATTERN_INPUTS ?? 40);

/** The texts of one length and of four times that, which are compared. */
const SHORT = 8_192;
const LONG = 4 * SHORT;
/** A linear pattern takes 4 times as long on the long text, a quadratic one 16 times. */
const MAX_GROWTH = 9;
/** Shorter times than this are noise, and harm nobody. */
const NOISE_MS = 4;

interface Pattern {
  where: string;
  regex: RegExp;
}

/** The literals in a directory's sources. */
function patternsOf(directory: string): Pattern[] {
  const found: Pattern[] = [];
  for (const entry of readdirSync(join(root, directory), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const [, text = '', flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(node.text) ?? [];
        const { line } = source.getLineAndCharacterOfPosition(node.pos);
        found.push({ where: `${file.slice(root.length + 1)}:${line + 1}`, regex: new RegExp(text, flags) });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** The least of some measurements: what disturbs one of them only makes it longer. */
function timeMs(regex: RegExp, text: string, times: number): number {
  let least = Infinity;
  for (let time = 0; time < times; time += 1) {
    const started = performance.now();
    text.replace(regex, 'x');
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

/** How much longer the long text takes than the short one; 1 where that is too fast to be measured. */
function growth(regex: RegExp, prefix: string, pump: string, suffix: string): number {
  const text = (length: number) => prefix + pump.repeat(Math.ceil(length / pump.length)) + suffix;
  const long = timeMs(regex, text(LONG), 1);
  if (long < NOISE_MS) return 1;
  // measured again, since something else may have run meanwhile
  const again = timeMs(regex, text(LONG), 3);
  return again < NOISE_MS ? 1 : again / Math.max(timeMs(regex, text(SHORT), 3), 0.01);
}

/** Pieces that a pattern is made of: its own literal texts and one character of each of its classes, and some that no pattern wants. */
function pieces({ source }: RegExp): string[] {
  const plain = source.replace(/\\(?:[dDwWsSbB]|[pP]\{\w+\}|u[0-9a-f]{4}|x[0-9a-f]{2})/gi, ' ').replace(/\\(.)/g, '$1');
  const words = plain.match(/[\w-]+/g) ?? [];
  return [...new Set([...words, ...words.map((word) => word.slice(0, 3)), ...plain, ...'a0 -_.=/;\n!'])];
}

function expectLinear(regex: RegExp, prefix: string, pump: string, suffix: string): void {
  const found = growth(regex, prefix, pump, suffix);
  if (found <= MAX_GROWTH) return;
  const text = JSON.stringify([prefix, pump, suffix]);
  throw new Error(`${found.toFixed(1)} times as long on a text 4 times as long, made of ${text}`);
}

const patterns = ['src', 'cli'].flatMap(patternsOf);

test('the sources have the patterns that are looked for', () => {
  expect(patterns.length).toBeGreaterThan(30);
  expect(
    patterns.some(({ where, regex }) => where.startsWith('src/base/redact.ts') && regex.source.includes('eyJ')),
  ).toBe(true);
});

test('the search finds quadratic patterns', () => {
  // what disturbs the short measurement makes the growth smaller
  const most = (...args: Parameters<typeof growth>) => Math.max(...[1, 2, 3].map(() => growth(...args)));
  expect(most(/eyJ[A-Za-z]{6,}\./g, '', 'eyJ', '')).toBeGreaterThan(MAX_GROWTH);
  expect(most(/\/+$/, '', '/', 'x')).toBeGreaterThan(MAX_GROWTH);
});

test.each(patterns.map((pattern) => [`${pattern.where} ${pattern.regex}`, pattern.regex] as const))(
  '%s takes linear time',
  (_what, regex) => {
    const piece = fc.constantFrom(...pieces(regex));
    const pump = fc.array(piece, { minLength: 1, maxLength: 3 }).map((some) => some.join(''));
    for (const text of pieces(regex)) {
      for (const suffix of ['', '\n!']) expectLinear(regex, '', text, suffix);
    }
    fc.assert(
      fc.property(fc.oneof(fc.constant(''), piece), pump, fc.oneof(fc.constant(''), piece), (prefix, text, suffix) => {
        expectLinear(regex, prefix, text, suffix);
      }),
      { numRuns: INPUTS_PER_PATTERN, seed, endOnFailure: true },
    );
  },
);
