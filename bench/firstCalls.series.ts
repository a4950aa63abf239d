// First calls of signed-in people. CALLS (default 1000) of one person at the same time, over two instances: how many ACS users are there afterwards? Then
// calls whose process is killed (-9): KILLS (default 100) at random times, and at each side of each request; then one scheduled run: which users have no
// row? Exits with 1 if it is one that the process had known for more than 500 ms, or if a row has no user.
import { killFirstCalls } from '../test/app/killFirstCalls';
import { callAs, startPeople, userOf } from '../test/app/peopleUnderTest';

const CALLS = Number(process.env.CALLS ?? 1_000);
const KILLS = Number(process.env.KILLS ?? 100);
const LONG_MS = 500;

async function callAtOnce(): Promise<boolean> {
  const people = await startPeople();
  const { around, settings } = people;
  const apps = [await around.open(settings), await around.open(settings)];
  const ada = people.somebody();
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: CALLS }, (_, n) => apps[n % 2]).flatMap((app) =>
      app === undefined ? [] : [callAs(app, ada, 'POST', 'me/token')],
    ),
  );
  const tookMs = performance.now() - startedAt;
  const statuses = new Map<number, number>();
  for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const users = new Set(answers.filter(({ status }) => status === 200).map(userOf));
  const existing = people.existing();
  const rows = await people.rows();
  const count = (method: string, path: RegExp) =>
    around.acs.asked.filter((asked) => asked.method === method && path.test(asked.path)).length;
  console.log(
    `${CALLS} first calls of one person at the same time, over two instances, took ${Math.round(tookMs)} ms. Statuses: ${JSON.stringify(Object.fromEntries(statuses))}.`,
  );
  console.log(
    `ACS users in the answers: ${users.size}; created: ${count('POST', /^\/identities\?/)}, deleted again: ${count('DELETE', /^\/identities\//)}, left: ${existing.length}. Rows: ${rows.length}.`,
  );
  await Promise.all(apps.map((app) => app.stop()));
  await people.close();
  const isOne = users.size === 1 && existing.length === 1 && rows.length === 1 && rows[0]?.identity === existing[0];
  return isOne && statuses.get(200) === CALLS;
}

async function main(): Promise<void> {
  const isOne = await callAtOnce();
  const report = await killFirstCalls({ atRandom: KILLS, atBoundaries: Infinity });
  const { killed, endedBefore, created, withoutRow, lost, rowsWithoutUser, pendingRows, nextCalls } = report;
  const known = lost.flatMap(({ knownForMs }) => (knownForMs === undefined ? [] : [knownForMs]));
  console.log(`${killed} first calls were killed, ${endedBefore} ended before. ACS had created ${created} users.`);
  console.log(
    `Without a row: ${withoutRow} before the scheduled run, ${lost.length} after it. Of these the id had never reached the process: ${lost.length - known.length}; it had, by so many ms: ${
      known
        .sort((a, b) => a - b)
        .map((ms) => ms.toFixed(1))
        .join(', ') || 'none'
    }.`,
  );
  console.log(
    `Rows without a user: ${rowsWithoutUser}; pending rows: ${pendingRows}. Next calls: ${nextCalls.join(', ')}.`,
  );
  const isLong = known.some((ms) => ms > LONG_MS);
  if (!isOne || isLong || rowsWithoutUser > 0 || pendingRows > 0 || nextCalls.join() !== '200') {
    process.exitCode = 1;
  }
}

void main();
