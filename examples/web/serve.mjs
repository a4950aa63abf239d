// Builds the example and serves it on this machine: npm run example [-- --port N]
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { context } from 'esbuild';

// `npm run example` starts this and is gone.
process.on('disconnect', () => process.exit());

const directory = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { port: { type: 'string', default: '8088' } } });

const building = await context({
  entryPoints: ['main.ts'],
  absWorkingDir: directory,
  outdir: directory,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: 'linked',
  write: false,
  logLevel: 'warning',
});
try {
  const { port } = await building.serve({ host: '127.0.0.1', port: Number(values.port), servedir: directory });
  console.log(`The example is on http://localhost:${port}/ (the app must run: npm start). Press Ctrl+C to stop.`);
} catch (error) {
  console.error(`The example cannot be served at port ${values.port}: ${error.message}\nUse another port: --port N.`);
  process.exit(1);
}
