// A separate bundle file, loaded on first use: the exporter is large, and only an app that reports to Application Insights needs it.
export {
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from '@azure/monitor-opentelemetry-exporter';
