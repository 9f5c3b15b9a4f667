import type { Attributes, TextMapPropagator } from '@opentelemetry/api';
import { isAttributeValue } from '@opentelemetry/core';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Check } from '@otel-middleware/core/internal';
import { hasMethod, validateOptions } from '@otel-middleware/core/internal';
import { MAX_TIMER_MILLIS } from './environment.js';

/** Options of `initTelemetry`; each beats its environment variable. */
export interface TelemetryOptions {
  /** Becomes `service.name`. Default: `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  serviceName?: string | undefined;
  /** Becomes `service.version`. Default: that of `OTEL_RESOURCE_ATTRIBUTES`, else none. */
  serviceVersion?: string | undefined;
  /** Becomes `deployment.environment.name`. Default: that of `OTEL_RESOURCE_ATTRIBUTES`, else none. */
  environment?: string | undefined;
  /** Go over those of `OTEL_RESOURCE_ATTRIBUTES` and under the three options above. Default: none. */
  resourceAttributes?: Attributes | undefined;
  /** Decides which spans are recorded. Default: by `OTEL_TRACES_SAMPLER`, else `parentbased_always_on`. */
  sampler?: Sampler | undefined;
  /** Takes the finished spans, in batches. Default: by `OTEL_TRACES_EXPORTER`, else OTLP over HTTP. */
  traceExporter?: SpanExporter | undefined;
  /** Collects the metrics. Default: periodic, for `OTEL_METRICS_EXPORTER`, else for OTLP over HTTP. */
  metricReader?: IMetricReader | undefined;
  /** Carries context between services. Default: by `OTEL_PROPAGATORS`, else W3C Trace Context and Baggage. */
  propagator?: TextMapPropagator | undefined;
  /** The longest time that `shutdown` and `forceFlush` wait, in milliseconds. Default: 5000; no variable. */
  shutdownTimeoutMillis?: number | undefined;
}

const TEXT: Check = [
  (value) => typeof value === 'string' && value.trim() !== '',
  'a string that is not empty',
];

const CHECKS: Readonly<Record<keyof TelemetryOptions, Check>> = {
  serviceName: TEXT,
  serviceVersion: TEXT,
  environment: TEXT,
  resourceAttributes: [
    isAttributes,
    'an object whose values are strings, numbers, booleans or arrays of them, such as { team: "payments" }',
  ],
  sampler: [hasMethod('shouldSample'), 'a Sampler, such as new AlwaysOnSampler()'],
  traceExporter: [hasMethods('export', 'shutdown'), 'a SpanExporter, such as new OTLPTraceExporter()'],
  metricReader: [
    hasMethods('setMetricProducer', 'collect', 'forceFlush', 'shutdown'),
    'a MetricReader, such as new PeriodicExportingMetricReader({ exporter })',
  ],
  propagator: [
    hasMethods('inject', 'extract', 'fields'),
    'a TextMapPropagator, such as new TraceContextPropagator()',
  ],
  shutdownTimeoutMillis: [
    (value) => typeof value === 'number' && value > 0 && value <= MAX_TIMER_MILLIS,
    `a number of milliseconds above 0 and up to ${MAX_TIMER_MILLIS}`,
  ],
};

/** Throws a `TypeError` that names the first unknown or ill-typed option and says what it must be. */
export function checkOptions(options: TelemetryOptions): void {
  validateOptions('@otel-middleware/sdk', options, CHECKS);
}

function isAttributes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((attribute) => attribute !== null && isAttributeValue(attribute));
}

function hasMethods(...methods: string[]): (value: unknown) => boolean {
  return (value) => methods.every((method) => hasMethod(method)(value));
}
