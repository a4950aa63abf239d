import type { Column, Tables } from '../infra/kusto';
import type { Envelope } from './collector';

/** A row of a Log Analytics table, by column. */
export type Row = Record<string, unknown>;

/** `0.00:01:02.003` or `00:01:02.003` in milliseconds. */
export function timeSpanMs(text: unknown): number {
  const [, days = '0', h = '', m = '', s = ''] = /^(?:(\d+)\.)?(\d\d):(\d\d):([\d.]+)$/.exec(String(text)) ?? [];
  return Math.round((((Number(days) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s)) * 1000);
}

/**
 * The row that a workspace-based Application Insights makes of an envelope, with the columns that the envelope has something for.
 * Names by https://learn.microsoft.com/azure/azure-monitor/app/create-workspace-resource, "Table schemas".
 */
export function workspaceRow({ time, tags, data: { baseType, baseData } }: Envelope): { table: string; row: Row } {
  const { properties, measurements } = baseData;
  const common = {
    TimeGenerated: new Date(time),
    OperationId: tags['ai.operation.id'],
    ParentId: tags['ai.operation.parentId'],
    AppRoleName: tags['ai.cloud.role'],
    Properties: properties,
    Measurements: measurements,
  };
  const { id, name, success, message, runLocation, resultCode, target, type, data } = baseData;
  const DurationMs = baseData['duration'] === undefined ? undefined : timeSpanMs(baseData['duration']);
  switch (baseType) {
    case 'AvailabilityData': {
      const row = { Id: id, Name: name, Success: success, DurationMs, Message: message, Location: runLocation };
      return made('AppAvailabilityResults', { ...common, ...row });
    }
    case 'RemoteDependencyData': {
      const what = { Target: target, DependencyType: type, Data: data, ResultCode: resultCode };
      return made('AppDependencies', { ...common, Id: id, Name: name, Success: success, DurationMs, ...what });
    }
    case 'MetricData': {
      const [point = {}] = baseData['metrics'] as Row[];
      const row = { Name: point['name'], Sum: point['value'], Min: point['min'], Max: point['max'] };
      return made('AppMetrics', { ...common, ...row, ItemCount: point['count'] });
    }
    default:
      throw new Error(`No query knows the table of ${baseType}.`);
  }
}

function made(table: string, row: Row): { table: string; row: Row } {
  const filled = Object.entries(row).filter(([, value]) => value !== undefined && value !== '');
  return { table, row: Object.fromEntries(filled) };
}

/** The tables that these rows are of, with the columns that at least one of them fills. */
export function tablesOf(rows: readonly { table: string; row: Row }[]): Tables {
  const tables: Tables = {};
  for (const { table, row } of rows) {
    const columns = (tables[table] ??= {});
    for (const [name, value] of Object.entries(row)) columns[name] = typeOf(value);
  }
  return tables;
}

function typeOf(value: unknown): Column {
  if (value instanceof Date) return 'datetime';
  if (typeof value === 'number') return 'real';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'object' ? 'dynamic' : 'string';
}
