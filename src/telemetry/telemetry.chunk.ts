// A chunk of its own: the exporter is large, and only an app that reports to Application Insights needs it.
export {
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from '@azure/monitor-opentelemetry-exporter';
