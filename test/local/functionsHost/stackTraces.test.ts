import { join } from 'node:path';
import { build } from 'esbuild';
import { buildWorker, cleanUp, eventually, makeApp, run, writeFiles } from './sampleApp';

afterAll(cleanUp);

test('a stack trace points into the TypeScript source', async () => {
  const directory = makeApp('');
  writeFiles(directory, {
    'src/main.ts': `import { app } from '@azure/functions';
interface Empty {}
const thrown: Error & Empty = new Error('from line 3');
app.http('throws', { authLevel: 'anonymous', handler: () => Promise.reject(thrown) });
`,
  });
  await build({
    entryPoints: [join(directory, 'src/main.ts')],
    outfile: join(directory, 'dist/main.js'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
    sourcemap: true,
    logLevel: 'silent',
  });
  const app = await run(await buildWorker(), { directory });
  await app.get('/api/throws');
  await eventually(() => app.log().includes('from line 3'));
  expect(app.log()).toMatch(/src[\\/]main\.ts:3:/);
});
