// What the build does if a function is not described.
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endLaunched, launch } from './launched';

const root = resolve(__dirname, '../..');
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'openapi-'));
  for (const name of ['src', 'local', 'cli', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'), 'junction');
});
afterEach(() => {
  endLaunched();
  rmSync(project, { recursive: true });
});

async function build(handler?: string) {
  if (handler !== undefined) {
    const lines = [
      "import { app } from '@azure/functions';",
      "import { handle } from '../http/handle';",
      "app.http('extra', { methods: ['GET'], route: 'extra', authLevel: 'function', handler: HANDLER });".replace(
        'HANDLER',
        handler,
      ),
      'export { handle };',
    ];
    writeFileSync(join(project, 'src/functions/extra.ts'), lines.join('\n'));
    appendFileSync(join(project, 'src/main.ts'), "import './functions/extra';\n");
  }
  const { ended, output } = launch([join(project, 'local/build.mjs')], { cwd: project });
  return { exitCode: await ended, output: output() };
}

test('a function whose requests have no schemas fails the build, which names it', async () => {
  const { exitCode, output } = await build('() => ({ status: 204 })');
  expect(exitCode).toBe(1);
  expect(output).toContain("Function 'extra' has no schemas of its requests.");
});

test('a function whose answers have no schemas fails the build, which names it and the place', async () => {
  const { exitCode, output } = await build('handle({}, () => Promise.resolve({ status: 204 }))');
  expect(exitCode).toBe(1);
  expect(output).toContain(
    "Function 'extra' has no schemas of its answers. Describe 'GET /extra' in src/openapi/operations.ts.",
  );
});

test('an operation that no function serves fails the build, which names it', async () => {
  appendFileSync(
    join(project, 'src/openapi/operations.ts'),
    "OPERATIONS['GET /gone'] = { operationId: 'gone', tag: 'Runs', summary: 'Gone', answers: {} };\n",
  );
  const { exitCode, output } = await build();
  expect(exitCode).toBe(1);
  expect(output).toContain('describes what no function serves: GET /gone.');
});
