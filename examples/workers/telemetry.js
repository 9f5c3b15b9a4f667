import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';

let started = false;

/** Registers the SDK with the first request; later calls do nothing. */
export function startTelemetry({ OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT }) {
  if (started) return;
  started = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = new OTLPTraceExporter({
    url: `${OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`,
    // Each request exports its own spans; what exceeds the limit, 30 at once by default, would be dropped.
    concurrencyLimit: 1000,
  });
  const resource = resourceFromAttributes({ 'service.name': OTEL_SERVICE_NAME });
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] }),
  );
}
