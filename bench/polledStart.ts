// What a script sees that polls `npm start` until it answers.
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedPort } from '../test/fixedPort';

const EVERY_MS = 20;
const START_LIMIT_MS = 60_000;
const PATHS = ['health', 'runs'] as const;

export interface PolledAnswers {
  /** From the call to the first answer, whatever its status. */
  firstAnswerMs: number;
  /** How many answers came in `forMs` after the first, by path and status, as in `runs 200`. */
  counts: Record<string, number>;
  /** Each answer with status 503, as in `runs: {"error":…}`. */
  unavailable: string[];
}

/** A copy of the project as a fresh clone after `npm ci`: its settings are those of the example, its storage is empty. */
export async function copyProject(projectRoot: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'start-'));
  const folders = ['src', 'local', 'cli', 'emulator'];
  const files = [...folders, 'host.json', 'package.json', 'tsconfig.json', 'local.settings.json.example'];
  for (const file of files) await cp(join(projectRoot, file), join(copy, file), { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

/** The environment for a start in such a copy: nothing of npm, of this project's settings, and no `func`. */
export function startEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env, PATH: '' };
  for (const name of Object.keys(environment))
    if (/^(npm_|AcsIdentity|AzureWebJobs)/i.test(name)) delete (environment as NodeJS.ProcessEnv)[name];
  return environment;
}

/** `npm start` with known ports, which it needs to start the host while Azurite starts. */
export async function knownPorts(): Promise<{ port: number; args: string[] }> {
  // the host, the emulator, and Azurite's three in a row
  const port = await fixedPort(5);
  const options = { '--port': port, '--emulator-port': port + 1, '--storage-port': port + 2 };
  return { port, args: Object.entries(options).flatMap(([option, value]) => [option, String(value)]) };
}

/** Asks for `health` and `runs` every 20 ms, from the first answer on for `forMs`. Rejects when no answer comes within 60 s. */
export async function pollAnswers(port: number, forMs: number): Promise<PolledAnswers> {
  const polled: PolledAnswers = { firstAnswerMs: 0, counts: {}, unavailable: [] };
  const ask = async (path: string): Promise<boolean> => {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`);
      const text = await answer.text();
      const name = `${path} ${answer.status}`;
      polled.counts[name] = (polled.counts[name] ?? 0) + 1;
      if (answer.status === 503) polled.unavailable.push(`${path}: ${text}`);
      return true;
    } catch {
      return false;
    }
  };
  const startedAt = performance.now();
  while (!(await ask(PATHS[0]))) {
    if (performance.now() - startedAt > START_LIMIT_MS) throw new Error(`Nothing answers at port ${port}.`);
    await sleep(EVERY_MS);
  }
  polled.firstAnswerMs = performance.now() - startedAt;
  const asked: Promise<boolean>[] = [];
  for (const until = performance.now() + forMs; performance.now() < until; await sleep(EVERY_MS))
    asked.push(...PATHS.map(ask));
  await Promise.all(asked);
  return polled;
}
