// The queries about calls of signed-in users that are refused. The Functions host reports these calls, not the app, so no collector of a test gets them:
// the columns are those of https://learn.microsoft.com/azure/azure-monitor/reference/tables/apprequests, and the host writes the name of the function
// into Name and the status into ResultCode (azure-webjobs-sdk, WebJobsTelemetryInitializer.cs).
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bicep, infraDirectory, testWithBicep } from './bicep';
import { readQuery, type Tables } from './kusto';

const queryOf = (file: string) => readFileSync(join(infraDirectory, 'queries', file), 'utf8');
const tables: Tables = {
  AppRequests: {
    TimeGenerated: 'datetime',
    Name: 'string',
    OperationName: 'string',
    ResultCode: 'string',
    Success: 'bool',
    DurationMs: 'real',
    ItemCount: 'int',
    Url: 'string',
    Properties: 'dynamic',
  },
};
const FUNCTIONS = ['issueMyToken', 'getMe', 'revokeMyTokens', 'deleteMe'];
const SETTINGS = {
  ENTRA_ISSUERS: 'https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0',
  ENTRA_AUDIENCE: '66666666-6666-6666-6666-666666666666',
  MY_TOKEN_SCOPES: 'chat',
};

test('these are the functions that check who is signed in', () => {
  const directory = resolve(__dirname, '../../src/functions');
  const checking = readdirSync(directory).filter((file) =>
    readFileSync(join(directory, file), 'utf8').includes('signedInPerson,'),
  );
  expect(checking.map((file) => file.replace('.ts', '')).toSorted()).toEqual(FUNCTIONS.toSorted());
});

describe.each([
  ['callersRefused.kql', ['401', '403'], ['Refused']],
  ['refusedCalls.kql', ['401', '403', '429'], ['Name', 'ResultCode', 'TimeGenerated', 'Refused']],
])('%s', (file, statuses, columns) => {
  test('is good KQL on the documented columns', () => {
    const read = readQuery(queryOf(file), tables);
    expect(read.faults).toEqual([]);
    expect(read.tables).toEqual(['AppRequests']);
    expect(read.columns).toEqual(columns);
  });

  test(`counts ${statuses.join(', ')} of these four functions, and nothing else`, () => {
    const { passes } = readQuery(queryOf(file), tables);
    const calls = [...FUNCTIONS, 'issueToken', 'getPerson', 'deletePerson', 'runs', 'scheduledRun'].flatMap((Name) =>
      ['0', '200', '204', '400', '401', '403', '404', '409', '429', '500', '503'].map((ResultCode) => ({
        Name,
        ResultCode,
      })),
    );
    const expected = calls.filter(({ Name, ResultCode }) => FUNCTIONS.includes(Name) && statuses.includes(ResultCode));
    expect(expected).toHaveLength(FUNCTIONS.length * statuses.length);
    expect(calls.filter(passes)).toEqual(expected);
  });

  test('counts the calls that sampling left out', () => {
    expect(queryOf(file)).toMatch(/\bsum(if)?\(ItemCount\b/);
    expect(queryOf(file)).not.toMatch(/\bcount(if)?\(/);
  });
});

test('the check finds a wrong column', () => {
  expect(readQuery('AppRequests | where Status == 401', tables).faults).toHaveLength(1);
});

interface Rule {
  name: string;
  properties: {
    severity: number;
    windowSize: string;
    evaluationFrequency: string;
    criteria: { allOf: { operator: string; threshold: number; metricMeasureColumn: string; query: string }[] };
  };
}
const rulesWith = async (environment: Record<string, string>) =>
  (await bicep.predict(environment)).filter(
    ({ type }) => type === 'Microsoft.Insights/scheduledQueryRules',
  ) as unknown as Rule[];
const isAboutCallers = ({ name }: Rule) => name === 'acs-identity-callers-refused-prod';

testWithBicep(
  'an app that signed-in users may call has an alert, whose window is the day that its query divides into half hours',
  async () => {
    const rules = await rulesWith({ ...SETTINGS, REFUSED_CALLS_THRESHOLD: '7' });
    expect(rules).toHaveLength(7);
    const [rule] = rules.filter(isAboutCallers);
    expect(rule?.properties).toMatchObject({
      windowSize: 'P1D',
      evaluationFrequency: 'PT15M',
      criteria: { allOf: [{ operator: 'GreaterThanOrEqual', threshold: 7, metricMeasureColumn: 'Refused' }] },
    });
    const query = rule?.properties.criteria.allOf[0]?.query ?? '';
    expect(query).toBe(queryOf('callersRefused.kql'));
    const [, minutes] = /TimeGenerated > ago\((\d+)m\)/.exec(query) ?? [];
    const [, parts] = /Earlier \/ ([\d.]+)/.exec(query) ?? [];
    expect((Number(parts) + 1) * Number(minutes)).toBe(24 * 60);
  },
  120_000,
);

testWithBicep(
  'without one of the three settings that switch these functions on there is none',
  async () => {
    for (const name of Object.keys(SETTINGS)) {
      expect((await rulesWith({ ...SETTINGS, [name]: '' })).filter(isAboutCallers)).toEqual([]);
    }
  },
  120_000,
);
