import { deepStrictEqual } from 'node:assert';
import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { initTelemetry } from '@otel-middleware/sdk';

export async function consume(): Promise<void> {
  // No collector listens here.
  process.env.OTEL_METRICS_EXPORTER = 'none';
  const traceExporter = new InMemorySpanExporter();
  const telemetry = initTelemetry({ serviceName: 'orders', traceExporter });
  trace.getTracer('application').startSpan('charge card').end();
  await telemetry.forceFlush();
  const spans = traceExporter.getFinishedSpans();
  const described = spans.map(({ name, resource }) => [name, resource.attributes['service.name']]);
  await telemetry.shutdown();
  deepStrictEqual(described, [['charge card', 'orders']]);
}
