import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, dirname, sep } from 'node:path';
import * as ts from 'typescript';
import { settingNames } from './settingNames';

const root = resolve(__dirname, '..');

function filesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|js)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

const present = (directory: string) => readdirSync(root).includes(directory);
const sources = ['src', 'local', 'cli', 'bench'].filter(present).flatMap(filesUnder);
const text = (file: string) => readFileSync(join(root, file), 'utf8');

interface Import {
  from: string;
  /** The file that is imported, without ending; or a package's name. */
  to: string;
  typeOnly: boolean;
}

/** Imports, exports from, and import() of a file. */
function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (target: ts.Node | undefined, typeOnly: boolean) => {
    if (!target || !ts.isStringLiteral(target)) return;
    const relativeTo = () =>
      relative(root, resolve(root, dirname(file), target.text))
        .split(sep)
        .join('/');
    found.push({ from: file, to: target.text.startsWith('.') ? relativeTo() : target.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause: clause } = node;
      const names = clause?.namedBindings;
      const allTypes =
        names && ts.isNamedImports(names) && !clause.name && names.elements.every((name) => name.isTypeOnly);
      add(node.moduleSpecifier, clause?.isTypeOnly === true || allTypes === true);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text(file), ts.ScriptTarget.Latest));
  return found;
}

const roomOf = (path: string) => (/^src\/[^/]+$/.test(path) ? path : path.split('/').slice(0, 2).join('/'));
const LEAVES = ['errors', 'redact', 'limits', 'runId', 'schedule', 'traceContext', 'userId'].map(
  (name) => `src/${name}`,
);

/** Who may import whom in src; `type:` for types only. Leaves may be imported by all. */
const MAY: Record<string, string[]> = {
  'src/main.ts': ['src/functions', 'src/app'],
  'src/app.ts': [
    'src/appHealth',
    'src/appHistory',
    'src/appTelemetry',
    'src/scheduleReport',
    'src/settings',
    'src/health',
    'src/history',
    'src/identity',
    'src/workflow',
    'src/http',
    'src/telemetry',
    'src/dashboard',
  ],
  // parts of the composition root
  'src/appHealth.ts': ['src/scheduleReport', 'src/settings', 'src/health', 'src/identity', 'src/workflow'],
  'src/appHistory.ts': ['src/settings', 'src/health', 'src/history', 'src/identity', 'src/workflow'],
  'src/appTelemetry.ts': ['src/settings', 'src/telemetry', 'src/identity', 'type:src/workflow'],
  'src/scheduleReport.ts': ['type:src/settings'],
  'src/settings.ts': [],
  'src/health.ts': [],
  'src/functions': ['src/http', 'src/identity', 'src/workflow', 'src/dashboard', 'src/app'],
  'src/http': [],
  'src/identity': ['src/settings'],
  'src/workflow': ['type:src/identity', 'type:src/history'],
  'src/history': ['type:src/workflow'],
  'src/telemetry': ['type:src/workflow'],
  'src/dashboard': [],
};

test('every folder of src imports what its rule allows, and nothing else', () => {
  const faults: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('src/'))) {
    const room = roomOf(file);
    const leaf = LEAVES.includes(file.replace(/\.ts$/, ''));
    const rule = leaf ? [] : MAY[room];
    if (!rule) {
      faults.push(`${file}: no rule for ${room}`);
      continue;
    }
    for (const { to, typeOnly } of importsOf(file)) {
      if (!to.startsWith('src/') && !to.startsWith('local') && !to.startsWith('cli') && !to.startsWith('test'))
        continue;
      const target = roomOf(to);
      const allowed =
        target === room ||
        (LEAVES.includes(to) && !leaf) ||
        rule.includes(target) ||
        (typeOnly && rule.includes(`type:${target}`));
      if (!allowed) faults.push(`${file} imports ${to}`);
    }
  }
  expect(faults).toEqual([]);
});

test('the local parts stay apart from the app, except that the local host reads schedules as the app does', () => {
  const faults = sources
    .filter((file) => file.startsWith('local/'))
    .flatMap(importsOf)
    .filter(({ from, to }) => {
      if (to.startsWith('src')) return !(to === 'src/schedule' && from.startsWith('local/functionsHost/'));
      const part = /^local\/(emulator|functionsHost)\//.exec(from)?.[0];
      return part !== undefined && to.startsWith('local/') && !to.startsWith(part.slice(0, -1));
    });
  expect(faults).toEqual([]);
});

test('the command stands on the same parts as the app, and on no more of it', () => {
  const may =
    /^(src\/(identity|workflow|history|errors|redact|limits|runId)(\/|$)|local\/emulator$|local\/runPrinter$|cli\/|package\.json$)/;
  const imports = sources.filter((file) => file.startsWith('cli/')).flatMap(importsOf);
  const ours = imports.filter(({ to }) => /^(src|local|cli|test|bench)\b|^package/.test(to));
  expect(ours.length).toBeGreaterThan(20);
  expect(ours.filter(({ from, to }) => !may.test(to) && from !== 'cli/acs-identity.mjs')).toEqual([]);
});

test('the rule finds what it is there to find', () => {
  expect(importsOf('src/functions/createUser.ts').map(({ to }) => to)).toEqual([
    '@azure/functions',
    'src/app',
    'src/http/handle',
    'src/identity/inputs',
    'src/identity/runMark',
    'src/identity/operatorLimits',
  ]);
  expect(importsOf('src/history/runStore.ts')).toEqual([
    { from: 'src/history/runStore.ts', to: 'src/workflow/runRecord', typeOnly: true },
    { from: 'src/history/runStore.ts', to: 'src/history/ledger', typeOnly: true },
    { from: 'src/history/runStore.ts', to: 'src/history/runStatistics', typeOnly: true },
  ]);
});

test('only the Azure-facing rooms import Azure packages; the workflow and the history know none by value', () => {
  const azure = sources
    .filter((file) => file.startsWith('src/'))
    .flatMap(importsOf)
    .filter(({ to, typeOnly }) => to.startsWith('@azure/') && !typeOnly);
  const rooms = [...new Set(azure.map(({ from, to }) => `${roomOf(from)} ${to}`))].sort();
  expect(rooms).toEqual([
    'src/functions @azure/functions',
    'src/history @azure/data-tables',
    'src/identity @azure/communication-identity',
    'src/identity @azure/identity',
    'src/main.ts @azure/functions',
    'src/telemetry @azure/monitor-opentelemetry-exporter',
  ]);
});

test('no file has more than 250 lines', () => {
  const long = sources
    .map((file) => [file, text(file).split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 250);
  expect(long).toEqual([]);
});

test('the stand-in for the Functions host stays under 900 lines', () => {
  const lines = sources
    .filter((file) => file.startsWith('local/functionsHost/'))
    .map((file) => text(file).split('\n').length - 1);
  expect(lines.reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
  expect(lines.reduce((a, b) => a + b, 0)).toBeLessThan(900);
});

test('no file is named for being a drawer', () => {
  expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc|service)\.[a-z]+$/i.test(file))).toEqual([]);
});

test('every function has a file of its own name, which the entry imports', () => {
  const entry = text('src/main.ts');
  for (const file of filesUnder('src/functions')) {
    const name = file.replace(/^src\/functions\/|\.ts$/g, '');
    expect(text(file)).toMatch(new RegExp(`app\\.(http|timer)\\('${name}', \\{`));
    expect(text(file).match(/\bapp\.(http|timer)\(/g)).toHaveLength(1);
    expect(entry).toContain(`import './functions/${name}';`);
  }
});

test('every HTTP function asks for a key, but for those that may be seen by all', () => {
  const levels = Object.fromEntries(
    filesUnder('src/functions').flatMap((file) => {
      const [, name] = /app\.http\('(\w+)'/.exec(text(file)) ?? [];
      return name === undefined ? [] : [[name, /authLevel: '(\w+)'/.exec(text(file))?.[1]]];
    }),
  );
  const anonymous = Object.keys(levels).filter((name) => levels[name] !== 'function');
  expect(anonymous.filter((name) => name !== 'dashboard')).toEqual(['health']);
  expect(Object.keys(levels)).toEqual(
    expect.arrayContaining([
      'createUser',
      'issueToken',
      'revokeTokens',
      'deleteUser',
      'exchangeTeamsToken',
      'runs',
      'healthDeep',
    ]),
  );
});

test('the timer never fires because the app started', () => {
  expect(text('src/functions/scheduledRun.ts')).toContain('runOnStartup: false');
});

test('process.env is read in one place of src', () => {
  expect(sources.filter((file) => file.startsWith('src/') && text(file).includes('process.env'))).toEqual([
    'src/settings.ts',
  ]);
});

test('every setting that is read stands in the settings table of the README', () => {
  const names = settingNames();
  expect(names.length).toBeGreaterThan(10);
  const table = text('README.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
  expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});
