import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { LIMITS } from '../base/limits';
import { LimitReached, withLimit } from '../base/timeLimit';
import { safeText } from '../base/redact';
import type { Run } from '../runs/run';
import { availabilityOf, dependenciesOf, maintenanceOf, type MaintenanceResult } from './records';

export interface TelemetryOptions {
  /** Of the Application Insights resource. */
  connectionString: string;
  /** If `undefined`, the resource accepts telemetry without Entra ID. */
  credential?: (() => Promise<TokenCredential>) | undefined;
  /** Where runs are made from: the region. */
  location: string;
  /** The app's name; the role name in Application Insights. */
  site: string;
  /** Aborts when the app is stopping: then nothing more is sent. */
  stop?: AbortSignal | undefined;
}

/** What ends the requests of a report: the exporters take no signal. */
const LIMIT = new AsyncLocalStorage<AbortSignal>();

type Done = (result: { code: number; error?: Error }) => void;

/** Reports runs to Application Insights, within a limit. Nothing is loaded before it is prepared or used. Never rejects. */
export class RunTelemetry {
  private exporters: ReturnType<RunTelemetry['makeExporters']> | undefined;

  constructor(private readonly options: TelemetryOptions) {}

  /** Loads the exporter and gets its token while a run goes on. Begins when the first request of the run is on its way, as loading takes the processor. */
  async prepare(): Promise<void> {
    try {
      await nextTurn();
      await nextTurn();
      const { credential } = await this.opened();
      await credential?.getToken(scopeOf(this.options.connectionString));
    } catch {
      // the report meets the same error and returns it
    }
  }

  /** An availability result, and a dependency for each step. Returns the reason when it was not taken. */
  async run(run: Run, host: string, limitMs: number): Promise<string | undefined> {
    const { location, site } = this.options;
    return this.send(limitMs, async () => {
      const { logs, spans } = await this.opened();
      const steps = dependenciesOf(run, host, site);
      await Promise.all([
        taken((done) => logs.export([availabilityOf(run, location, site)], done)),
        ...(steps.length > 0 ? [taken((done) => spans.export(steps, done))] : []),
      ]);
    });
  }

  /** The metrics of maintenance, in one export. Returns the reason when they were not taken. */
  async maintenance(result: MaintenanceResult): Promise<string | undefined> {
    return this.send(LIMITS.scheduledTelemetryMs, async () => {
      const { metrics } = await this.opened();
      await taken((done) => metrics.export(maintenanceOf(result, Date.now(), this.options.site), done));
    });
  }

  private async send(limitMs: number, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await withLimit(limitMs, this.options.stop, (signal) => LIMIT.run(signal, work));
      return undefined;
    } catch (error) {
      if (this.options.stop?.aborted) return 'the app is stopping';
      if (error instanceof LimitReached) return `no answer within ${limitMs / 1000} s`;
      const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
      const what = statusCode ?? code ?? message?.split('\n')[0] ?? 'no reason known';
      return safeText(String(what), 200);
    }
  }

  private opened(): ReturnType<RunTelemetry['makeExporters']> {
    this.exporters ??= this.makeExporters();
    // the connection string is malformed, or there is no credential: the next run tries again
    this.exporters.catch(() => (this.exporters = undefined));
    return this.exporters;
  }

  private async makeExporters() {
    const { connectionString, credential } = this.options;
    const chunk = await import('./telemetry.chunk');
    const signedIn = credential && { credential: await credential() };
    const options = {
      connectionString,
      // what can't be sent now is not kept on a disk that will be gone
      disableOfflineStorage: true,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: SENDS_TWICE, position: 'perCall' as const }],
      ...signedIn,
    };
    return {
      ...signedIn,
      logs: new chunk.AzureMonitorLogExporter(options),
      spans: new chunk.AzureMonitorTraceExporter(options),
      metrics: new chunk.AzureMonitorMetricExporter(options),
    };
  }
}

/** What the exporter asks a token for: `aadAudience` of its connection string, or else its own constant (`platform/nodejs/httpSender`). A list, as it asks. */
function scopeOf(connectionString: string): string[] {
  return [
    /(?:^|;)\s*AADAudience\s*=\s*([^;]+)/i.exec(connectionString)?.[1]?.trim() ?? 'https://monitor.azure.com/.default',
  ];
}

/** Before a request is sent for the second time, in milliseconds; and the longest `Retry-After` that is waited for. */
const WAIT_MS = 500;
const LONGEST_WAIT_MS = 3_000;

/**
 * Sends a request once more if the connection broke, no answer came, or the collector answered 408, 429 or 5xx. (The policy of the SDK does not repeat a
 * 429 without `Retry-After`, nor a request without an answer.) Items may arrive twice then.
 *
 * The exporter calls it a success when a collector is down or throttles, as if the items were kept on a disk. Thrown here, as no error of
 * HTTP, it is a failure. Redirects are the exporter's business.
 */
const SENDS_TWICE: PipelinePolicy = {
  name: 'sendsTwice',
  async sendRequest(request, next) {
    const signal = LIMIT.getStore();
    request.timeout = LIMITS.telemetryRequestMs;
    if (signal) request.abortSignal = signal;
    const send = () => next(request).catch(broken);
    const first = await send();
    const waitMs = repeatAfter(first);
    if (waitMs !== undefined) await sleep(waitMs, undefined, { signal });
    const last = waitMs === undefined ? first : await send();
    if (last instanceof Error) throw last;
    if ([200, 307, 308].includes(last.status)) return last;
    throw new Error(String(last.status));
  },
};

const broken = (error: { code?: string; name?: string }) =>
  new Error(
    error.name === 'AbortError'
      ? `no answer within ${LIMITS.telemetryRequestMs / 1000} s`
      : (error.code ?? error.name ?? 'the connection broke'),
  );

/** How long to wait before the request is sent once more, in milliseconds; `undefined`: it is not. */
function repeatAfter(answer: PipelineResponse | Error): number | undefined {
  if (answer instanceof Error) return WAIT_MS;
  const { status, headers } = answer;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const waitMs = Math.max(WAIT_MS, Number(headers.get('retry-after') ?? 0) * 1000 || 0);
  return waitMs <= LONGEST_WAIT_MS ? waitMs : undefined;
}

/** Resolves when the collector took it. The exporter may report twice: the first time counts. */
async function taken(send: (done: Done) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    send(({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('it was refused'));
    }).catch(reject);
  });
}
