import type {
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from '@azure/monitor-opentelemetry-exporter';
import { newSpanId, traceContextOf, type TraceContext } from '../base/traceContext';
import type { Action, Run } from '../runs/run';

export type LogRecord = Parameters<AzureMonitorLogExporter['export']>[0][number];
export type Span = Parameters<AzureMonitorTraceExporter['export']>[0][number];
export type Metrics = Parameters<AzureMonitorMetricExporter['export']>[0];

const SCOPE = { name: 'acs-identity-functions' };
/** Values of OpenTelemetry's enums. Its packages are not imported, because loading them takes time. */
const [KIND_CLIENT, STATUS_OK, STATUS_ERROR, SAMPLED, GAUGE, CUMULATIVE, WHOLE_NUMBERS] = [
  2, 1, 2, 1, 2, 1, 0,
] as const;

/** OpenTelemetry's form of a time: seconds and nanoseconds. */
const hrTime = (ms: number): [number, number] => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

function resourceOf(site: string): LogRecord['resource'] {
  // the exporter reads only the attributes of a resource
  return { attributes: { 'service.name': site } } as unknown as LogRecord['resource'];
}

/** A duration in the form of Application Insights: hours:minutes:seconds. */
function timeSpan(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = (ms / 1000) % 60;
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two(seconds)}.${String(Math.round(ms % 1000)).padStart(3, '0')}`;
}

/** The custom dimensions of all items of a run. */
const dimensions = (run: Run) => ({
  runId: run.id,
  workflow: run.workflow,
  connection: run.connection,
  runTarget: run.target,
  trigger: run.trigger.name,
  clientTrackingId: run.correlation.clientTrackingId,
});

const traceOf = ({ correlation: { traceId, spanId } }: Run): TraceContext =>
  traceId !== undefined && spanId !== undefined ? { traceId, spanId } : traceContextOf(undefined);

/** The name of the availability test in Application Insights, one for each connection. */
export const testName = ({ workflow, connection }: Pick<Run, 'workflow' | 'connection'>) => `${workflow} ${connection}`;

/** A run as an availability result: the exporter makes one from a log record with these attributes. */
export function availabilityOf(run: Run, location: string, site: string): LogRecord {
  const failed = run.actions.find(({ status }) => status !== 'Succeeded');
  const reason = failed ? `${failed.name}: ${failed.error?.code ?? failed.code}` : (run.error?.code ?? run.status);
  const time = hrTime(Date.parse(run.startTime));
  const message = run.status === 'Succeeded' ? 'Succeeded' : reason;
  return {
    hrTime: time,
    hrTimeObserved: time,
    spanContext: { ...traceOf(run), traceFlags: SAMPLED },
    body: message,
    attributes: {
      'microsoft.availability.id': run.id,
      'microsoft.availability.name': testName(run),
      'microsoft.availability.duration': timeSpan(run.durationMs ?? 0),
      'microsoft.availability.success': run.status === 'Succeeded',
      'microsoft.availability.runLocation': location,
      'microsoft.availability.message': message,
      ...dimensions(run),
      runStatus: run.status,
      cleanup: run.cleanup,
      recorded: String(run.recorded !== false),
    },
    resource: resourceOf(site),
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
  };
}

/** The steps of a run, except skipped ones, as dependencies: name, duration, success, and the step's code as result code. */
export function dependenciesOf(run: Run, host: string, site: string): Span[] {
  const trace = traceOf(run);
  return run.actions
    .filter(({ status }) => status !== 'Skipped')
    .map((action) => dependencyOf(action, run, trace, host, site));
}

function dependencyOf(action: Action, run: Run, { traceId, spanId }: TraceContext, host: string, site: string): Span {
  const startMs = Date.parse(action.startTime);
  const context = { traceId, spanId: action.correlation?.spanId ?? newSpanId(), traceFlags: SAMPLED };
  return {
    name: action.name,
    kind: KIND_CLIENT,
    spanContext: () => context,
    parentSpanContext: { traceId, spanId, traceFlags: SAMPLED },
    startTime: hrTime(startMs),
    endTime: hrTime(startMs + action.durationMs),
    duration: hrTime(action.durationMs),
    status: { code: action.status === 'Succeeded' ? STATUS_OK : STATUS_ERROR },
    attributes: {
      // with these the exporter makes it an HTTP dependency with result code and target; without a URL it keeps its name
      'http.request.method': '_OTHER',
      'http.response.status_code': action.code,
      'server.address': host,
      ...dimensions(run),
      retries: action.retryHistory?.length ?? 0,
    },
    links: [],
    events: [],
    ended: true,
    resource: resourceOf(site),
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** The result of the maintenance after a scheduled run. */
export interface MaintenanceResult {
  /** How many users of earlier runs still exist in ACS; `undefined` if it is not known. */
  usersLeftBehind: number | undefined;
  /** `true` if maintenance could not run, or stopped with an error. */
  failed: boolean;
}

/** The result of maintenance as metrics: `usersLeftBehind` (left out if not known) and `maintenanceFailed` (0 or 1). */
export function maintenanceOf({ usersLeftBehind, failed }: MaintenanceResult, nowMs: number, site: string): Metrics {
  const time = hrTime(nowMs);
  const gauge = (name: string, value: number): Metrics['scopeMetrics'][number]['metrics'][number] => ({
    descriptor: { name, description: '', unit: '1', valueType: WHOLE_NUMBERS },
    aggregationTemporality: CUMULATIVE,
    dataPointType: GAUGE,
    dataPoints: [{ startTime: time, endTime: time, attributes: {}, value }],
  });
  return {
    resource: resourceOf(site),
    scopeMetrics: [
      {
        scope: SCOPE,
        metrics: [
          ...(usersLeftBehind === undefined ? [] : [gauge('usersLeftBehind', usersLeftBehind)]),
          gauge('maintenanceFailed', failed ? 1 : 0),
        ],
      },
    ],
  };
}
