// Who may import whom. A folder may import those after it in this list and, inside a layer, its neighbours; nothing may import in a circle. Imports of types
// count like others. See ARCHITECTURE: `npm run lint` checks this and prints the figures of local/structure.mjs.
export const LAYERS = [
  ['main'],
  ['functions'],
  ['dashboard', 'openapi'],
  ['workflow'],
  ['history', 'auth', 'status', 'telemetry'],
  ['identity', 'runs'],
  ['http'],
  ['base'],
];

const pathOf = (name) => (name === 'main' ? '^src/main\\.ts$' : `^src/${name}/`);
const pathsOf = (layers) => layers.flat().map(pathOf);

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...LAYERS.slice(1).map((layer, index) => ({
      name: `${layer.join('-')}-imports-nothing-above`,
      severity: 'error',
      from: { path: pathsOf([layer]) },
      to: { path: pathsOf(LAYERS.slice(0, index + 1)) },
    })),
    {
      name: 'nothing-is-orphaned',
      comment: 'a function file that main.ts does not import is in no build',
      severity: 'error',
      module: {
        path: '^src/',
        pathNot: ['\\.d\\.ts$', '^src/main\\.ts$', '^src/openapi/document\\.ts$', '^src/dashboard/page/main\\.tsx$'],
        numberOfDependentsLessThan: 1,
      },
      from: {},
    },
    {
      name: 'src-is-in-a-layer',
      comment: 'each file of src is main.ts or in a folder of the list',
      severity: 'error',
      from: { path: '^src/', pathNot: pathsOf(LAYERS) },
      to: {},
    },
    {
      name: 'src-imports-only-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(local|cli|test|bench|emulator)/' },
    },
    {
      name: 'the-page-is-apart',
      comment: 'it runs in the browser; of the app it takes types and names',
      severity: 'error',
      from: { path: '^src/dashboard/page/' },
      to: {
        path: '^src/',
        pathNot: ['^src/dashboard/page/', '^src/runs/', '^src/workflow/outputs\\.ts$'],
      },
    },
    {
      name: 'the-emulator-is-apart',
      severity: 'error',
      from: { path: '^emulator/' },
      to: { path: '^(src|local|cli|test|bench)/' },
    },
    {
      name: 'examples-are-apart',
      comment: 'whoever copies one needs nothing else',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(src|local|cli|test|bench|emulator)/' },
    },
    {
      name: 'the-host-is-apart',
      comment: 'but it reads schedules as the app does',
      severity: 'error',
      from: { path: '^local/functionsHost/' },
      to: { path: '^(src|local|cli|test|bench)/', pathNot: ['^local/functionsHost/', '^src/base/'] },
    },
    {
      name: 'local-imports-no-app',
      severity: 'error',
      comment: 'it prints its first run as the command prints one, builds the command too, and writes documents',
      from: { path: '^local/' },
      to: {
        path: '^(src|cli|test|bench)/',
        pathNot: ['^src/base/', '^cli/(output/runPrinter|doctor/finding)', '^cli/build\\.mjs$'],
      },
    },
    {
      name: 'the-emulator-is-taken-by-its-entry',
      severity: 'error',
      from: { pathNot: '^emulator/' },
      to: { path: '^emulator/', pathNot: '^emulator/(src/index\\.ts|build\\.mjs)$' },
    },
    {
      name: 'cli-takes-the-emulator-in-one-place',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/connectionTarget\\.ts$' },
      to: { path: '^emulator/' },
    },
    {
      name: 'cli-is-no-part-of-the-app',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(src/(main|functions|dashboard|status|telemetry)|test|bench)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['node_modules', '^cli/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js'] },
  },
};
