// The queries of alerts and the saved ones: each table, column and name in them is one that a collector was sent by the built app.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIdentityEmulator } from '../../local/emulator';
import { startApp } from '../app/appUnderTest';
import { startCollector } from '../telemetry/collector';
import { tablesOf, workspaceRow, type Row } from '../telemetry/workspaceRows';
import { findBicep, infraDirectory } from './bicep';
import { readQuery, type Tables } from './kusto';

const queriesDirectory = join(infraDirectory, 'queries');
const files = readdirSync(queriesDirectory);
const queryOf = (file: string) => readFileSync(join(queriesDirectory, file), 'utf8');

let rows: { table: string; row: Row }[];
let tables: Tables;

beforeAll(async () => {
  const emulator = await createIdentityEmulator();
  const collector = await startCollector();
  const app = await startApp({
    AcsIdentity: emulator.connectionString,
    APPLICATIONINSIGHTS_CONNECTION_STRING: collector.connectionString,
    NODE_EXTRA_CA_CERTS: collector.certificateFile,
  });
  try {
    // a good run, a failed one, and a scheduled one
    await app.call('POST', 'runs');
    emulator.addFault({
      operation: 'issueAccessToken',
      status: 403,
      body: { error: { code: 'Denied', message: 'no' } },
    });
    await app.call('POST', 'runs');
    emulator.clearFaults();
    await app.fireTimer();
  } finally {
    await app.stop();
    await collector.close();
    await emulator.close();
  }
  rows = collector.envelopes.map(workspaceRow);
  tables = tablesOf(rows);
});

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
      expect(['==', 'startswith']).toContain(operator);
      const matches = (value: string) => (operator === '==' ? value === text : value.startsWith(text));
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

test('the check finds a wrong table, column, property and text', () => {
  expect(readQuery('AppRequests | count', tables).faults).toHaveLength(1);
  expect(readQuery('AppMetrics | where ResultCode == 200', tables).faults).toHaveLength(1);
  expect(valuesOf('AppMetrics', 'tostring(Properties.nothing)')).toEqual([]);
  expect(new Set(valuesOf('AppMetrics', 'Name'))).toEqual(new Set(['usersLeftBehind', 'maintenanceFailed']));
});

test('alerts measure and split by columns that their queries give', async () => {
  const bicep = await findBicep();
  if (typeof bicep === 'string') {
    console.log(`Skipped: the Bicep CLI can't be had (${bicep}).`);
    return;
  }
  interface Condition {
    query: string;
    metricMeasureColumn?: string;
    dimensions?: { name: string }[];
  }
  const conditions = (await bicep.predict({}))
    .filter(({ type }) => type === 'Microsoft.Insights/scheduledQueryRules')
    .flatMap(({ properties }) => (properties?.['criteria'] as { allOf: Condition[] }).allOf);
  expect(conditions).toHaveLength(3);
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
}, 120_000);
