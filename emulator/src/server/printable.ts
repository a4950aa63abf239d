/** A text that may stand in a header and in one line of a log: printable ASCII. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

const LONGEST_SHOWN = 500;

/**
 * A text for the log that may repeat values of a request: in one line, of bounded length, and without words that are long enough to be
 * a key or a token.
 */
export const loggable = (text: string): string =>
  printable(text.slice(0, 4 * LONGEST_SHOWN))
    .replace(/[\w+/=.-]{40,}/g, '...')
    .slice(0, LONGEST_SHOWN);

/** Path and query for logs: of the query, only the values of api-version are shown, since others may be keys or tokens. */
export function withoutSecrets(target: string): string {
  const mark = target.indexOf('?');
  const shown =
    mark < 0
      ? target
      : target.slice(0, mark) + target.slice(mark).replace(/([?&])(?!api-version=)([^=&]*)=[^&]*/gi, '$1$2=...');
  return printable(shown).slice(0, LONGEST_SHOWN);
}
