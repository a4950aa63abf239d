// What a token of a signed-in person costs compared with issueToken, and whether many people make it slower. The built app's handlers, in processes of
// their own, with an emulator, Azurite and an issuer; they take turns.
import { resolve } from 'node:path';
import { startStorage, type RunningStorage } from '../local/storage';
import { DIRECTORY_TABLE, openDirectory } from '../src/auth/directory';
import { mappingRowKey, rowOf, type Mapping } from '../src/auth/directoryRows';
import { openTable } from '../src/history/openTable';
import { AcsActions } from '../src/identity/acsActions';
import { openConnection } from '../src/identity/connections';
import { CLIENT_ID, startAuthority, TENANT, type Authority } from '../test/auth/authority';
import { answerQuestions, AskedChild } from './askedChild';
import { loadBuiltApp } from './builtApp';
import { startEmulatorProcess, type EmulatorProcess } from './emulatorProcess';
import { median, percentile, perSecond, printTable, times } from './measure';
import { ROOT } from './projectRoot';

const FEW = 100;
const MANY = Number(process.env.BENCH_PEOPLE ?? 10_000);
const ROUNDS = 25;
const THROUGHPUT_MS = 250;
const AT_ONCE = 16;
/** New processes, whose first calls read the directory. */
const COLD_ROUNDS = 5;
const COLD_CALLS = 100;
const BATCH = 100;
const BODY = { scopes: ['chat'], expiresInMinutes: 60 };

interface Place {
  people: number;
  storage: RunningStorage;
  /** Access tokens of people whom the directory has. */
  tokens: string[];
  /** One of their ACS users. */
  userId: string;
}

/** What the parent asks of a child. `latencies`: milliseconds of each of so many calls, one after the other, each of another person. */
type Question = { rate: 'issueToken' | 'issueMyToken' } | { latencies: number };

const objectIdOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A storage whose directory has so many people, each with an ACS user. */
async function place(people: number, emulator: EmulatorProcess, authority: Authority): Promise<Place> {
  const processFile = resolve(ROOT, '.local/build/storageProcess.js');
  const storage = await startStorage({ port: 0, inMemory: true, tableOnly: true, processFile });
  const { connectionString } = storage;
  const connection = await openConnection({
    name: 'AcsIdentity',
    connectionString: emulator.connectionString,
    endpoint: undefined,
    credential: undefined,
    clientId: undefined,
  });
  const actions = new AcsActions(connection);
  const table = openTable({ kind: 'connectionString', setting: 'X', connectionString }, DIRECTORY_TABLE);
  const partition = table.partition(TENANT);
  const startedAt = performance.now();
  let userId = '';
  for (let first = 0; first < people; first += BATCH) {
    const mappings = await Promise.all(
      Array.from({ length: BATCH }, async (_, n): Promise<Mapping> => {
        const { identity } = await actions.createUser({});
        return {
          tenantId: TENANT,
          objectId: objectIdOf(first + n),
          device: 'default',
          identity: identity.id,
          connection: 'AcsIdentity',
          resource: connection.host,
          createdOn: new Date().toISOString(),
        };
      }),
    );
    userId = mappings[0]?.identity ?? '';
    await partition.bounded(async (rows) => {
      await rows.change(mappings.map((one) => ['create', { partitionKey: TENANT, ...rowOf(mappingRowKey(one), one) }]));
    });
  }
  console.log(`Stored ${people} people in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
  const tokens = Array.from({ length: people }, (_, n) => authority.token({ oid: objectIdOf(n) }));
  return { people, storage, tokens, userId };
}

/** Milliseconds of reads of single rows, each of another person. */
async function readMs({ people, storage }: Place): Promise<number[]> {
  const { connectionString } = storage;
  const directory = openDirectory({ kind: 'connectionString', setting: 'X', connectionString });
  const [any] = await directory.list({ tenantId: TENANT, objectId: objectIdOf(0) });
  if (any === undefined) throw new Error('The directory is empty.');
  const figures: number[] = [];
  for (let n = 0; n < COLD_CALLS; n += 1) {
    const startedAt = performance.now();
    await directory.find({ ...any, objectId: objectIdOf(Math.floor((n * people) / COLD_CALLS)) });
    figures.push(performance.now() - startedAt);
  }
  return figures;
}

/** In a child: the app, whose calls come from each of the people in turn. */
async function answer(settings: Record<string, string>, userId: string): Promise<void> {
  process.once('disconnect', () => process.exit());
  const app = loadBuiltApp({ ...settings, WORKFLOW_SCHEDULE: '0 0 0 1 1 *' });
  const tokens = await new Promise<string[]>((done) => process.once('message', (sent) => done(sent as string[])));
  let next = 0;
  const calls = {
    issueToken: () => app.call('issueToken', 'POST', `users/${userId}/tokens`, { userId }, BODY),
    issueMyToken: () => {
      next = (next + 1) % tokens.length;
      return app.call('issueMyToken', 'POST', 'me/token', {}, BODY, { authorization: `Bearer ${tokens[next]}` });
    },
  };
  const checked = async (call: keyof typeof calls) => {
    const answered = await calls[call]();
    if (answered.status !== 200) throw new Error(JSON.stringify(answered.jsonBody));
  };
  answerQuestions<Question, number | number[]>(async (question) => {
    if ('rate' in question) return perSecond(THROUGHPUT_MS, AT_ONCE, () => checked(question.rate));
    const figures: number[] = [];
    for (let n = 0; n < question.latencies; n += 1) {
      const startedAt = performance.now();
      await checked('issueMyToken');
      figures.push(performance.now() - startedAt);
    }
    return figures;
  });
}

async function main(): Promise<void> {
  const [emulator, authority] = [await startEmulatorProcess(), await startAuthority()];
  const places = [await place(FEW, emulator, authority), await place(MANY, emulator, authority)];
  const start = async ({ storage, userId }: Place, tokens: readonly string[]) => {
    const settings = {
      AcsIdentity: emulator.connectionString,
      AzureWebJobsStorage: storage.connectionString,
      ENTRA_ISSUERS: authority.issuer,
      ENTRA_AUDIENCE: CLIENT_ID,
      MY_TOKEN_SCOPES: 'chat,voip',
      MY_TOKENS_PER_MINUTE: '999999',
    };
    return AskedChild.start<Question, number | number[]>(__filename, [JSON.stringify(settings), userId], {}, tokens);
  };

  const cold = places.map((): number[] => []);
  for (let round = 0; round < COLD_ROUNDS; round += 1) {
    for (const [i, one] of places.entries()) {
      // people from all over the directory
      const spread = Array.from(
        { length: COLD_CALLS },
        (_, n) => one.tokens[Math.floor((n * one.people) / COLD_CALLS)] ?? '',
      );
      const child = await start(one, spread);
      // the first call loads what it needs
      await child.ask({ latencies: 1 });
      cold[i]?.push(...[await child.ask({ latencies: COLD_CALLS - 2 })].flat());
      child.end();
    }
  }
  const children = [];
  for (const one of places) children.push(await start(one, one.tokens));
  // all of them are known from now on
  for (const [i, child] of children.entries()) await child.ask({ latencies: places[i]?.people ?? 0 });
  const reads: number[][] = [];
  for (const one of places) reads.push(await readMs(one));
  // in each round, each child is asked for both: machines and their load change
  const rates = places.map(() => ({ issueToken: [] as number[], issueMyToken: [] as number[] }));
  const known = places.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [i, child] of children.entries()) {
      const both = ['issueToken', 'issueMyToken'] as const;
      for (const rate of round % 2 === 0 ? both : both.toReversed()) {
        const found = await child.ask({ rate });
        if (round >= 0) rates[i]?.[rate].push(...[found].flat());
      }
      const found = await child.ask({ latencies: COLD_CALLS });
      if (round >= 0) known[i]?.push(...[found].flat());
    }
  }
  printTable(
    [`${AT_ONCE} at once, a second`, 'issueToken', 'me/token', 'relative to issueToken (median of the rounds)'],
    places.map(({ people }, i) => {
      const { issueToken = [], issueMyToken = [] } = rates[i] ?? {};
      const ratio = median(issueMyToken.map((rate, round) => rate / (issueToken[round] ?? NaN)));
      return [`${people} people`, median(issueToken).toFixed(0), median(issueMyToken).toFixed(0), times(ratio)];
    }),
  );
  for (const [title, figures] of [
    ['me/token one at a time, people whom the process knows', known],
    ['me/token one at a time, people whom it reads from the directory', cold],
    ['one row read from Azurite, without the app', reads],
  ] as const) {
    const few = median(figures[0] ?? []);
    console.log();
    printTable(
      [title, 'p50', `relative to ${FEW}`, 'p95'],
      places.map(({ people }, i) => {
        const [p50, p95] = [median(figures[i] ?? []), percentile(figures[i] ?? [], 0.95)];
        return [`${people} people`, `${p50.toFixed(2)} ms`, times(p50 / few), `${p95.toFixed(2)} ms`];
      }),
    );
  }
  for (const child of children) child.end();
  emulator.stop();
  await Promise.all([...places.map(({ storage }) => storage.stop()), authority.stop()]);
}

const [, , settings, userId] = process.argv;
void (settings === undefined ? main() : answer(JSON.parse(settings) as Record<string, string>, userId ?? ''));
