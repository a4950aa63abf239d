// The queries of alerts and the saved ones: each table, column and name in them is one that a collector was sent by the built app.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unreachableStorage, type AppUnderTest } from '../app/appUnderTest';
import { startSurroundings } from '../app/appWithProxies';
import { startCollector } from '../telemetry/collector';
import { tablesOf, workspaceRow, type Row } from '../telemetry/workspaceRows';
import { bicep, infraDirectory, testWithBicep } from './bicep';
import { readQuery, type Tables } from './kusto';

const queriesDirectory = join(infraDirectory, 'queries');
const AVAILABILITY = 'AppAvailabilityResults';
const queryOf = (file: string) => readFileSync(join(queriesDirectory, file), 'utf8');
// what the host reports, the app does not send: refusedCallers.test.ts
const files = readdirSync(queriesDirectory).filter((file) => !queryOf(file).includes('AppRequests'));

let rows: { table: string; row: Row }[];
let tables: Tables;

const propertiesOf = ({ row }: { row: Row }) => (row['Properties'] ?? {}) as Record<string, string>;

const isTokenRequest = ({ operation }: { operation?: string | undefined }) => operation === 'issueAccessToken';

beforeAll(async () => {
  const around = await startSurroundings();
  const collector = await startCollector();
  const settings = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
    NODE_EXTRA_CA_CERTS: collector.certificateFile,
  };
  const { emulator } = around;
  const withApp = async (more: object, aheadMs: number, work: (app: AppUnderTest) => Promise<unknown>) => {
    const app = await around.open({ ...settings, ...more }, { aheadMs });
    await work(app).finally(() => app.stop());
  };
  try {
    // a good run, a failed one, one that never received the id of its user, a scheduled one, and one whose process dies
    await withApp({}, 0, async (app) => {
      await app.call('POST', 'runs');
      emulator.addFault({
        operation: 'issueAccessToken',
        status: 403,
        body: { error: { code: 'Denied', message: 'no' } },
      });
      await app.call('POST', 'runs');
      emulator.addFault({ operation: 'createIdentity', reset: 'after' });
      await app.call('POST', 'runs');
      await app.fireTimer();
      emulator.addFault({ operation: 'issueAccessToken', delayMs: 20_000 });
      emulator.clearRequests();
      const answer = app.call('POST', 'runs').catch(() => undefined);
      for (const until = Date.now() + 10_000; !emulator.requests().some(isTokenRequest);) {
        if (Date.now() > until)
          throw new Error(`The run does not reach its second step; the log:\n${app.lines.join('\n')}`);
        await new Promise((done) => setTimeout(done, 10));
      }
      // its start and its user are written by then
      await new Promise((done) => setTimeout(done, 300));
      process.kill(await around.pid(), 'SIGKILL');
      await answer;
    });
    around.reset();
    // a scheduled one that closes it, and one while storage can't be reached
    await withApp({}, 360_000, (app) => app.fireTimer());
    await withApp({ AzureWebJobsStorage: unreachableStorage }, 0, (app) => app.fireTimer());
  } finally {
    await collector.close();
    await around.close();
  }
  rows = collector.envelopes.map(workspaceRow);
  tables = tablesOf(rows);
}, 90_000);

test('the collector was sent what the queries are about', () => {
  expect(Object.keys(tables).sort()).toEqual(['AppAvailabilityResults', 'AppDependencies', 'AppMetrics']);
  expect(tables['AppAvailabilityResults']).toMatchObject({
    Name: 'string',
    Success: 'bool',
    DurationMs: 'real',
    Message: 'string',
    Properties: 'dynamic',
  });
});

/** The values that the rows of a table have for `Name`, `tostring(Properties.x)` and the like. */
function valuesOf(table: string, expression: string): string[] {
  const [, property, column = ''] = /^(?:tostring\(Properties\.(\w+)\)|(\w+))$/.exec(expression) ?? [];
  return rows
    .filter((one) => one.table === table)
    .map(({ row }) => (property === undefined ? row[column] : (row['Properties'] as Row)[property]))
    .filter((value): value is string => typeof value === 'string');
}

describe.each(files)('%s', (file) => {
  test('is good KQL on tables and columns that were filled', () => {
    const { faults, columns } = readQuery(queryOf(file), tables);
    expect(faults).toEqual([]);
    expect(columns.length).toBeGreaterThan(0);
  });

  test('names properties and texts that were sent', () => {
    const { tables: read, properties, comparisons } = readQuery(queryOf(file), tables);
    const [table = ''] = read;
    expect(read).toHaveLength(1);
    for (const name of properties) expect(valuesOf(table, `tostring(Properties.${name})`)).not.toEqual([]);
    expect(comparisons.length).toBeGreaterThan(0);
    for (const { left, operator, text } of comparisons) {
      expect(['==', '!=', 'startswith']).toContain(operator);
      const matches = (value: string) => (operator === 'startswith' ? value.startsWith(text) : value === text);
      // also for !=: a text that no row has would exclude nothing
      expect(valuesOf(table, left).filter(matches)).not.toEqual([]);
    }
    // no text that is compared otherwise, such as in a list
    const texts =
      queryOf(file)
        .replace(/\/\/.*/g, '')
        .match(/'[^']*'|"[^"]*"/g) ?? [];
    expect(texts).toHaveLength(comparisons.length);
  });
});

/** What a row is about, in words. */
function describeRow(one: (typeof rows)[number]): string {
  if (one.table === 'AppMetrics') return `${String(one.row['Name'])} ${String(one.row['Sum'])}`;
  const { trigger, runStatus, cleanup, recorded } = propertiesOf(one);
  return `${trigger} ${runStatus} ${cleanup} ${recorded === 'true' ? 'recorded' : 'not recorded'}`;
}
const selectedBy = (query: string) => {
  const { tables: read, passes } = readQuery(query, tables);
  return rows.filter(({ table, row }) => read.includes(table) && passes(row)).map(describeRow);
};

const [GOOD, FAILED, SCHEDULED, CLOSED, UNRECORDED, UNKNOWN] = [
  'Manual Succeeded Clean recorded',
  'Manual Failed Clean recorded',
  'Recurrence Succeeded Clean recorded',
  'Manual Aborted Pending recorded',
  'Recurrence Succeeded Clean not recorded',
  'Manual Failed Unknown recorded',
] as const;
test.each([
  ['successRate.kql', [GOOD, FAILED, UNKNOWN, SCHEDULED, SCHEDULED, CLOSED, UNRECORDED]],
  ['failedRuns.kql', [FAILED, UNKNOWN]],
  ['scheduledSuccesses.kql', [SCHEDULED, SCHEDULED, UNRECORDED]],
  ['unrecordedRuns.kql', [UNRECORDED]],
  ['usersUnknown.kql', [UNKNOWN]],
  ['usersLeftBehind.kql', ['usersLeftBehind 0', 'usersLeftBehind 0']],
  ['maintenanceFailed.kql', ['maintenanceFailed 1']],
])('%s selects the rows that it is about', (file, expected) => {
  expect(selectedBy(queryOf(file))).toEqual(expected);
});

test('the success rate counts a run whose process died neither as success nor as failure', () => {
  const { countifs } = readQuery(queryOf('successRate.kql'), tables);
  const counted = countifs.map(({ name, condition }) => [name, selectedBy(`${AVAILABILITY} | where ${condition}`)]);
  expect(Object.fromEntries(counted)).toEqual({
    Succeeded: [GOOD, SCHEDULED, SCHEDULED, UNRECORDED],
    Aborted: [CLOSED],
  });
});

test('while storage is down a scheduled run is still reported, and so is its failed maintenance', () => {
  const metrics = rows.filter(({ table }) => table === 'AppMetrics').map(describeRow);
  expect(metrics).toEqual([
    'usersLeftBehind 0',
    'maintenanceFailed 0',
    'usersLeftBehind 0',
    'maintenanceFailed 0',
    'maintenanceFailed 1',
  ]);
});

test('the check finds a wrong table, column, property and text', () => {
  expect(readQuery('AppRequests | count', tables).faults).toHaveLength(1);
  expect(readQuery('AppMetrics | where ResultCode == 200', tables).faults).toHaveLength(1);
  expect(valuesOf('AppMetrics', 'tostring(Properties.nothing)')).toEqual([]);
  expect(new Set(valuesOf('AppMetrics', 'Name'))).toEqual(new Set(['usersLeftBehind', 'maintenanceFailed']));
});

testWithBicep(
  'alerts measure and split by columns that their queries give',
  async () => {
    interface Condition {
      query: string;
      metricMeasureColumn?: string;
      dimensions?: { name: string }[];
    }
    const conditions = (await bicep.predict({}))
      .filter(({ type }) => type === 'Microsoft.Insights/scheduledQueryRules')
      .flatMap(({ properties }) => (properties?.['criteria'] as { allOf: Condition[] }).allOf);
    expect(conditions).toHaveLength(6);
    for (const { query, metricMeasureColumn, dimensions = [] } of conditions) {
      const { faults, columns } = readQuery(query, tables);
      expect(faults).toEqual([]);
      const named = [
        ...(metricMeasureColumn === undefined ? [] : [metricMeasureColumn]),
        ...dimensions.map(({ name }) => name),
      ];
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((name) => !columns.includes(name))).toEqual([]);
    }
  },
  120_000,
);
