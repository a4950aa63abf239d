export type Matcher = (path: string) => Record<string, string> | undefined;
const constraints = new Map<string, (value: string, limit: number) => boolean>([
  ['alpha', (value) => /^[a-z]*$/i.test(value)],
  ['bool', (value) => /^(true|false)$/i.test(value)],
  ['guid', (value) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value)],
  ['int', (value) => /^[+-]?\d+$/.test(value) && Number(value) === (Number(value) | 0)],
  ['maxlength', (value, limit) => value.length <= limit],
  ['minlength', (value, limit) => value.length >= limit],
]);
const parameterOrSign = /\{(\*{0,2})([^{}:*?]+)((?::[^{}:?(]+(?:\([^{})]*\))?)*)\??\}|[.*+?^$(){}|[\]\\]/g;

/** Reads a route's template. The result takes a decoded path. Throws at an unknown constraint too, as the host can't run. */
export function compileRoute(template: string): Matcher {
  const invalid = `The route template '${template}' is not valid.`;
  if (/^[/~]|\/\//.test(template)) throw new Error(invalid);
  const parameters: { name: string; accepts: (value: string) => boolean }[] = [];
  const read = (text: string, stars = '', name?: string, tests = ''): string => {
    if (name === undefined && /[{}]/.test(text)) throw new Error(invalid);
    if (name === undefined) return `\\${text}`;
    const all = (tests.match(/[^:]+/g) ?? []).map((test) => {
      const [kind = '', limit] = test.toLowerCase().split(/[()]/);
      const constraint = constraints.get(kind);
      if (!constraint) throw new Error(`The route constraint '${test}' is not known.`);
      return (value: string) => constraint(value, Number(limit));
    });
    parameters.push({ name, accepts: (value) => all.every((accepts) => accepts(value)) });
    return stars ? '(.*)' : '([^/]+)';
  };
  const parts = template.split('/').map((segment) => {
    const part = segment.replace(parameterOrSign, read);
    return /^\{\*|\?\}$/.test(segment) ? `(?:/${part})?` : `/${part}`;
  });
  const pattern = new RegExp(`^${parts.join('')}/?$`, 'is');
  return (path) => {
    const values = pattern.exec(path)?.slice(1);
    const all = parameters.map((parameter, index) => ({ ...parameter, value: values?.[index] ?? '' }));
    const given = all.filter(({ value }) => value !== '');
    if (!values || !given.every(({ accepts, value }) => accepts(value))) return undefined;
    return Object.fromEntries(given.map(({ name, value }) => [name, value]));
  };
}

/** Resolves `.` and `..` in a request's path and decodes it, all but %2F. */
export function decodePath(rawPath: string): string {
  const decode = (run: string): string => Buffer.from(run.replaceAll('%', ''), 'hex').toString();
  return new URL(`http://host${rawPath}`).pathname.replace(/(%(?!2f)[0-9a-f]{2})+/gi, decode);
}
