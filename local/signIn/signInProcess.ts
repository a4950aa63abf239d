// The local sign-in service in a process of its own, forked by signInService.ts.
//   argv: one SignInOptions as JSON
import { runPart } from '../partProcess';
import { startServer } from './server';
import type { SignInOptions } from './signInService';

const { port, origins } = JSON.parse(process.argv[2] ?? '') as SignInOptions;

runPart(async () => {
  const server = await startServer(port, origins);
  return { ready: server.port, stop: () => server.close() };
});
