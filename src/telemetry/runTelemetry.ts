import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { LIMITS, LimitReached, withLimit } from '../limits';
import { safeText } from '../redact';
import type { Run } from '../workflow/runRecord';
import { availabilityOf, dependenciesOf, maintenanceOf, type MaintenanceResult } from './records';

export interface TelemetryOptions {
  /** Of the Application Insights resource. */
  connectionString: string;
  /** None: the resource takes telemetry without Entra ID. */
  credential?: (() => Promise<TokenCredential>) | undefined;
  /** Where runs are made from: the region. */
  location: string;
  /** The app's name; the role name in Application Insights. */
  site: string;
}

type Done = (result: { code: number; error?: Error }) => void;

/** Reports runs to Application Insights, within a limit. Nothing is loaded before the first report. Never rejects. */
export class RunTelemetry {
  private exporters: ReturnType<RunTelemetry['makeExporters']> | undefined;

  constructor(private readonly options: TelemetryOptions) {}

  /** An availability result, and a dependency for each step. Returns the reason when it was not taken. */
  async run(run: Run, host: string, limitMs: number = LIMITS.telemetryMs): Promise<string | undefined> {
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
    return this.send(LIMITS.telemetryMs, async () => {
      const { metrics } = await this.opened();
      await taken((done) => metrics.export(maintenanceOf(result, Date.now(), this.options.site), done));
    });
  }

  private async send(limitMs: number, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await withLimit(limitMs, undefined, work);
      return undefined;
    } catch (error) {
      if (error instanceof LimitReached) return `no answer within ${limitMs / 1000} s`;
      const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
      const what = statusCode ?? code ?? message?.split('\n')[0] ?? 'no reason known';
      return safeText(String(what), 200);
    }
  }

  private opened(): ReturnType<RunTelemetry['makeExporters']> {
    this.exporters ??= this.makeExporters();
    // a connection string that is none, or no credential: tried again with the next run
    this.exporters.catch(() => (this.exporters = undefined));
    return this.exporters;
  }

  private async makeExporters() {
    const { connectionString, credential } = this.options;
    const chunk = await import('./telemetry.chunk');
    const options = {
      connectionString,
      // what can't be sent now is not kept on a disk that will be gone
      disableOfflineStorage: true,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: TELLS_REFUSALS, position: 'perCall' as const }],
      ...(credential ? { credential: await credential() } : {}),
    };
    return {
      logs: new chunk.AzureMonitorLogExporter(options),
      spans: new chunk.AzureMonitorTraceExporter(options),
      metrics: new chunk.AzureMonitorMetricExporter(options),
    };
  }
}

/**
 * The exporter calls it a success when a collector is down or throttles, as if the items were kept on a disk. Thrown here, as no error of
 * HTTP, it is a failure. Redirects are the exporter's business.
 */
const TELLS_REFUSALS: PipelinePolicy = {
  name: 'tellsRefusals',
  async sendRequest(request, next) {
    const response = await next(request).catch((error: { code?: string; name?: string }) => {
      throw new Error(error.code ?? error.name ?? 'the connection broke');
    });
    if ([200, 307, 308].includes(response.status)) return response;
    throw new Error(String(response.status));
  },
};

/** Resolves when the collector took it. The exporter may report twice: the first time counts. */
async function taken(send: (done: Done) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    send(({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('it was refused'));
    }).catch(reject);
  });
}
