// What a function costs compared with the same SDK call, on the same emulator: through its handler, and through the local host. Each way
// has a process of its own, as two copies of the SDK in one would share its optimised code; they take turns.
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { Agent, request } from 'node:http';
import { answerQuestions, AskedChild } from './askedChild';
import { loadBuiltApp } from './builtApp';
import { startEmulatorProcess } from './emulatorProcess';
import { startLocalHost } from './localHost';
import { median, percentile, perSecond, printTable, times } from './measure';

const ROUNDS = 40;
const CALLS_A_ROUND = 50;
const AT_ONCE = 16;
const THROUGHPUT_MS = 400;
const THROUGHPUT_ROUNDS = 7;
const BODY = { scopes: ['chat'], expiresInMinutes: 60 };

type Call = () => Promise<unknown>;
type Calls = Record<'createUser' | 'issueToken', Call>;

/** What the parent asks of a way: milliseconds of each of some calls, or calls a second. */
interface Question {
  call: keyof Calls;
  atOnce?: number;
}

const WAYS = { sdk: 'the SDK', handler: 'the handler', host: 'the local host' } as const;

async function sdkCalls(connectionString: string): Promise<Calls> {
  const client = new CommunicationIdentityClient(connectionString, { allowInsecureConnection: true });
  const user = await client.createUser();
  return {
    createUser: () => client.createUser(),
    issueToken: () => client.getToken(user, ['chat'], { tokenExpiresInMinutes: 60 }),
  };
}

async function handlerCalls(settings: Record<string, string>): Promise<Calls> {
  const app = loadBuiltApp(settings);
  const createUser = () => app.call('createUser', 'POST', 'users', {});
  const { jsonBody } = (await createUser()) as { jsonBody: { identity: { id: string } } };
  const userId = jsonBody.identity.id;
  return { createUser, issueToken: () => app.call('issueToken', 'POST', `users/${userId}/tokens`, { userId }, BODY) };
}

async function hostCalls(settings: Record<string, string>): Promise<Calls> {
  const host = await startLocalHost(settings);
  process.once('disconnect', () => void host.stop().then(() => process.exit()));
  const post = poster(host.port, new Agent({ keepAlive: true, maxSockets: AT_ONCE }));
  const createUser = () => post('/api/users', '{}');
  const { identity } = JSON.parse(await createUser()) as { identity: { id: string } };
  return { createUser, issueToken: () => post(`/api/users/${identity.id}/tokens`, JSON.stringify(BODY)) };
}

/** POST over a kept connection, with as little work as there can be. */
function poster(port: number, agent: Agent): (path: string, body: string) => Promise<string> {
  return (path, body) =>
    new Promise((done, fail) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => ((response.statusCode ?? 0) < 300 ? done(text) : fail(new Error(text))));
      });
      call.on('error', fail).end(body);
    });
}

/** In a child: one way, which answers the parent's questions. */
async function answer(way: keyof typeof WAYS, connectionString: string): Promise<void> {
  const settings = { AcsIdentity: connectionString, WORKFLOW_SCHEDULE: '0 0 0 1 1 *' };
  process.once('disconnect', () => way !== 'host' && process.exit());
  const make = {
    sdk: () => sdkCalls(connectionString),
    handler: () => handlerCalls(settings),
    host: () => hostCalls(settings),
  };
  const calls = await make[way]();
  answerQuestions<Question, number | number[]>(({ call, atOnce }) =>
    atOnce === undefined ? latencies(calls[call]) : perSecond(THROUGHPUT_MS, atOnce, calls[call]),
  );
}

async function latencies(call: Call): Promise<number[]> {
  const figures: number[] = [];
  for (let n = 0; n < CALLS_A_ROUND; n += 1) {
    const startedAt = performance.now();
    await call();
    figures.push(performance.now() - startedAt);
  }
  return figures;
}

async function main(): Promise<void> {
  const emulator = await startEmulatorProcess();
  const names = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const children: AskedChild<Question, number | number[]>[] = [];
  for (const way of names) children.push(await AskedChild.start(__filename, [way, emulator.connectionString]));
  /** The answers of each way, round by round; the first two rounds warm up. */
  const ask = async (question: Question, rounds: number) => {
    const figures = children.map((): number[] => []);
    for (let round = -2; round < rounds; round += 1) {
      for (const [i, child] of children.entries()) {
        const found = await child.ask(question);
        if (round >= 0) figures[i]?.push(...[found].flat());
      }
    }
    return figures;
  };
  for (const call of ['issueToken', 'createUser'] as const) {
    const figures = await ask({ call }, ROUNDS);
    const base = median(figures[0] ?? []);
    printTable(
      [`${call}, one at a time, through`, 'p50', 'relative to the SDK', 'p95'],
      names.map((way, i) => {
        const [p50, p95] = [median(figures[i] ?? []), percentile(figures[i] ?? [], 0.95)];
        return [WAYS[way], `${p50.toFixed(2)} ms`, times(p50 / base), `${p95.toFixed(2)} ms`];
      }),
    );
    console.log();
  }
  const rates = (await ask({ call: 'issueToken', atOnce: AT_ONCE }, THROUGHPUT_ROUNDS)).map(median);
  printTable(
    [`issueToken, ${AT_ONCE} at once, through`, 'a second', 'relative to the SDK'],
    names.map((way, i) => [WAYS[way], (rates[i] ?? NaN).toFixed(0), times((rates[i] ?? NaN) / (rates[0] ?? NaN))]),
  );
  for (const child of children) child.end();
  emulator.stop();
}

const [, , way, connectionString] = process.argv;
void (way === undefined ? main() : answer(way as keyof typeof WAYS, connectionString ?? ''));
