/** Takes a decoded path. Returns the route's parameters that are in it, or `undefined` if it does not match. */
export type RouteMatcher = (path: string) => Record<string, string> | undefined;

interface RouteParameter {
  name: string;
  accepts: (value: string) => boolean;
}

/** The route constraints that this host supports. `limit` is the number in parentheses. */
const CONSTRAINTS = new Map<string, (value: string, limit: number) => boolean>([
  ['alpha', (value) => /^[a-z]*$/i.test(value)],
  ['bool', (value) => /^(true|false)$/i.test(value)],
  ['guid', (value) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value)],
  ['int', (value) => /^[+-]?\d+$/.test(value) && Number(value) === (Number(value) | 0)],
  ['maxlength', (value, limit) => value.length <= limit],
  ['minlength', (value, limit) => value.length >= limit],
]);

/** Either `{name}`, with its stars, name and constraints, or one character that has a meaning in regular expressions. */
const PARAMETER_OR_SIGN = /\{(\*{0,2})([^{}:*?]+)((?::[^{}:?(]+(?:\([^{})]*\))?)*)\??\}|[.*+?^$(){}|[\]\\]/g;

/**
 * Reads the template of a route.
 * @throws an error for an invalid template and for an unknown constraint; the real host does not start with these
 */
export function compileRoute(template: string): RouteMatcher {
  const invalidTemplate = (): Error => new Error(`The route template '${template}' is not valid.`);
  if (/^[/~]|\/\//.test(template)) throw invalidTemplate();

  const parameters: RouteParameter[] = [];
  const patternOf = (text: string, stars = '', name?: string, constraints = ''): string => {
    if (name === undefined) {
      if (text === '{' || text === '}') throw invalidTemplate();
      return `\\${text}`;
    }
    parameters.push({ name, accepts: readConstraints(constraints) });
    return stars === '' ? '([^/]+)' : '(.*)';
  };
  const segments = template.split('/').map((segment) => {
    const pattern = segment.replace(PARAMETER_OR_SIGN, patternOf);
    // The slash before a catch-all or optional parameter may be missing, too.
    const isOptional = /^\{\*|\?\}$/.test(segment);
    return isOptional ? `(?:/${pattern})?` : `/${pattern}`;
  });
  const route = new RegExp(`^${segments.join('')}/?$`, 'is');

  return (path) => {
    const match = route.exec(path);
    if (!match) return undefined;
    const values: Record<string, string> = {};
    for (const [index, { name, accepts }] of parameters.entries()) {
      const value = match[index + 1] ?? '';
      if (value === '') continue;
      if (!accepts(value)) return undefined;
      values[name] = value;
    }
    return values;
  };
}

/** @param text like `:alpha:maxlength(3)` */
function readConstraints(text: string): (value: string) => boolean {
  const checks = (text.match(/[^:]+/g) ?? []).map((constraint) => {
    const [kind = '', limit] = constraint.toLowerCase().split(/[()]/);
    const check = CONSTRAINTS.get(kind);
    if (!check) throw new Error(`This host does not support the route constraint '${constraint}'.`);
    return (value: string) => check(value, Number(limit));
  });
  return (value) => checks.every((check) => check(value));
}

/** Resolves `.` and `..` in a request's path and decodes it, except %2F. */
export function decodePath(rawPath: string): string {
  const decode = (bytes: string): string => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString();
  return new URL(`http://host${rawPath}`).pathname.replace(/(%(?!2f)[0-9a-f]{2})+/gi, decode);
}
