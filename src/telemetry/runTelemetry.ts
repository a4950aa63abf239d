import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { LIMITS } from '../base/limits';
import { TimeoutReached, withTimeout } from '../base/timeout';
import { safeText } from '../base/redact';
import type { Run } from '../runs/run';
import { availabilityOf, dependenciesOf, maintenanceOf, type MaintenanceResult } from './records';

export interface TelemetryOptions {
  /** The connection string of the Application Insights resource. */
  connectionString: string;
  /** Makes the Entra ID credential; `undefined` if the resource accepts telemetry without one. */
  credential?: (() => Promise<TokenCredential>) | undefined;
  /** The location that runs are made from: the region. */
  location: string;
  /** The app's name, used as the role name in Application Insights. */
  site: string;
  /** Aborts when the app is stopping. Then nothing more is sent. */
  stop?: AbortSignal | undefined;
}

/** The signal that aborts the requests of a report. The exporters have no parameter for it. */
const REPORT_SIGNAL = new AsyncLocalStorage<AbortSignal>();

type Done = (result: { code: number; error?: Error }) => void;

/** Reports runs to Application Insights, each with a timeout. The exporter is loaded on first use. Never rejects. */
export class RunTelemetry {
  private exporters: ReturnType<RunTelemetry['loadExporters']> | undefined;

  constructor(private readonly options: TelemetryOptions) {}

  /** Loads the exporter and gets its token during a run. Starts after the first request of the run has been sent, because loading keeps the processor busy. */
  async prepare(): Promise<void> {
    try {
      await nextTurn();
      await nextTurn();
      const { credential } = await this.getExporters();
      await credential?.getToken(scopeOf(this.options.connectionString));
    } catch {
      // the report will fail with the same error, and return it
    }
  }

  /** Sends a run: an availability result, and a dependency for each step. Returns the reason if that failed. */
  async run(run: Run, host: string, limitMs: number): Promise<string | undefined> {
    const { location, site } = this.options;
    return this.send(limitMs, async () => {
      const { logs, spans } = await this.getExporters();
      const steps = dependenciesOf(run, host, site);
      await Promise.all([
        exported((done) => logs.export([availabilityOf(run, location, site)], done)),
        ...(steps.length > 0 ? [exported((done) => spans.export(steps, done))] : []),
      ]);
    });
  }

  /** Sends the metrics of maintenance in one export. Returns the reason if that failed. */
  async maintenance(result: MaintenanceResult): Promise<string | undefined> {
    return this.send(LIMITS.scheduledTelemetryMs, async () => {
      const { metrics } = await this.getExporters();
      await exported((done) => metrics.export(maintenanceOf(result, Date.now(), this.options.site), done));
    });
  }

  private async send(limitMs: number, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await withTimeout(limitMs, this.options.stop, (signal) => REPORT_SIGNAL.run(signal, work));
      return undefined;
    } catch (error) {
      if (this.options.stop?.aborted) return 'the app is stopping';
      if (error instanceof TimeoutReached) return `no answer within ${limitMs / 1000} s`;
      const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
      const what = statusCode ?? code ?? message?.split('\n')[0] ?? 'no reason known';
      return safeText(String(what), 200);
    }
  }

  private getExporters(): ReturnType<RunTelemetry['loadExporters']> {
    this.exporters ??= this.loadExporters();
    // if it fails (a malformed connection string, no credential), the next run tries again
    this.exporters.catch(() => (this.exporters = undefined));
    return this.exporters;
  }

  private async loadExporters() {
    const { connectionString, credential } = this.options;
    const chunk = await import('./telemetry.chunk');
    const signedIn = credential && { credential: await credential() };
    const options = {
      connectionString,
      // items that can't be sent are not kept on the instance's disk, which is temporary
      disableOfflineStorage: true,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: RETRY_ONCE, position: 'perCall' as const }],
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

/**
 * The scope that the exporter requests tokens for: `AADAudience` of its connection string, or its own constant (`platform/nodejs/httpSender`). An array, like
 * the exporter's own request, so that both use the same cache entry.
 */
function scopeOf(connectionString: string): string[] {
  return [
    /(?:^|;)\s*AADAudience\s*=\s*([^;]+)/i.exec(connectionString)?.[1]?.trim() ?? 'https://monitor.azure.com/.default',
  ];
}

/** The wait before the retry, and the longest `Retry-After` for which there is one, in milliseconds. */
const WAIT_MS = 500;
const MAX_WAIT_MS = 3_000;

/**
 * Retries a request once if the connection broke, no answer came, or the collector answered 408, 429 or 5xx. (The SDK's own policy does not retry a 429
 * without `Retry-After`, nor a request without an answer.) Items may then arrive twice.
 *
 * When a collector is down or throttles, the exporter reports success, as if the items were kept on a disk. An error that is thrown here and is not a
 * RestError makes it report a failure. Redirects are left to the exporter.
 */
const RETRY_ONCE: PipelinePolicy = {
  name: 'retryOnce',
  async sendRequest(request, next) {
    const signal = REPORT_SIGNAL.getStore();
    request.timeout = LIMITS.telemetryRequestMs;
    if (signal) request.abortSignal = signal;
    const send = () => next(request).catch(connectionError);
    const first = await send();
    const waitMs = retryWaitMs(first);
    if (waitMs !== undefined) await sleep(waitMs, undefined, { signal });
    const last = waitMs === undefined ? first : await send();
    if (last instanceof Error) throw last;
    if ([200, 307, 308].includes(last.status)) return last;
    throw new Error(String(last.status));
  },
};

const connectionError = (error: { code?: string; name?: string }) =>
  new Error(
    error.name === 'AbortError'
      ? `no answer within ${LIMITS.telemetryRequestMs / 1000} s`
      : (error.code ?? error.name ?? 'the connection broke'),
  );

/** How long to wait before the retry, in milliseconds; `undefined` if the request is not retried. */
function retryWaitMs(answer: PipelineResponse | Error): number | undefined {
  if (answer instanceof Error) return WAIT_MS;
  const { status, headers } = answer;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const waitMs = Math.max(WAIT_MS, Number(headers.get('retry-after') ?? 0) * 1000 || 0);
  return waitMs <= MAX_WAIT_MS ? waitMs : undefined;
}

/** Resolves when the collector has accepted the items. The exporter may call back twice; the first call counts. */
async function exported(send: (done: Done) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    send(({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('the collector refused it'));
    }).catch(reject);
  });
}
