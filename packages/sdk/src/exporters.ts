import { diag } from '@opentelemetry/api';
import { getStringFromEnv } from '@opentelemetry/core';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { AggregationOption, IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import {
  AggregationType,
  ConsoleMetricExporter,
  InstrumentType,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { integerFromEnvironment, selectFromEnvironment } from './environment.js';

const OTLP_TIMEOUT_MILLIS = 10_000;
const OTLP_ENDPOINT = 'http://localhost:4318';

const SPAN_EXPORTERS = {
  otlp: (shutdownTimeoutMillis: number): SpanProcessor => {
    const Exporter = otlpProtocol('TRACES') === 'http/protobuf' ? ProtobufTraceExporter : JsonTraceExporter;
    return batchSpanProcessor(
      new Exporter({ ...otlpUrl('TRACES'), ...otlpTimeout('TRACES', shutdownTimeoutMillis) }),
    );
  },
  console: (): SpanProcessor => new SimpleSpanProcessor(new ConsoleSpanExporter()),
};

const METRIC_EXPORTERS = {
  otlp: (shutdownTimeoutMillis: number): PushMetricExporter => {
    const Exporter =
      otlpProtocol('METRICS') === 'http/protobuf' ? ProtobufMetricExporter : JsonMetricExporter;
    return new Exporter({
      ...otlpUrl('METRICS'),
      ...otlpTimeout('METRICS', shutdownTimeoutMillis),
      aggregationPreference: histogramAggregation(),
    });
  },
  console: (): PushMetricExporter => new ConsoleMetricExporter(),
};

const HISTOGRAM_AGGREGATIONS = {
  explicit_bucket_histogram: { type: AggregationType.DEFAULT },
  base2_exponential_bucket_histogram: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
} satisfies Record<string, AggregationOption>;

/**
 * Makes the span processors for `exporter`, or without one for those that `OTEL_TRACES_EXPORTER` asks for.
 *
 * `shutdownTimeoutMillis` is how long a shutdown waits for them.
 */
export function createSpanProcessors(
  exporter: SpanExporter | undefined,
  shutdownTimeoutMillis: number,
): SpanProcessor[] {
  if (exporter !== undefined) return [batchSpanProcessor(exporter)];
  return selectFromEnvironment(
    'OTEL_TRACES_EXPORTER',
    SPAN_EXPORTERS,
    ['otlp'],
    'For another one pass it as option "traceExporter".',
  ).map((create) => create(shutdownTimeoutMillis));
}

/** Makes the metric readers in the same way: for `reader`, or for `OTEL_METRICS_EXPORTER`. */
export function createMetricReaders(
  reader: IMetricReader | undefined,
  shutdownTimeoutMillis: number,
): IMetricReader[] {
  if (reader !== undefined) return [reader];
  return selectFromEnvironment(
    'OTEL_METRICS_EXPORTER',
    METRIC_EXPORTERS,
    ['otlp'],
    'For another one, such as Prometheus, pass its reader as option "metricReader".',
  ).map((create) => periodicReader(create(shutdownTimeoutMillis)));
}

/** Flushes to the end: the SDK's own flush does not wait for the batch that is already on its way. */
class FlushingBatchSpanProcessor extends BatchSpanProcessor {
  readonly #exporter: SpanExporter;

  constructor(...[exporter, config]: ConstructorParameters<typeof BatchSpanProcessor>) {
    super(exporter, config);
    this.#exporter = exporter;
  }

  override async forceFlush(): Promise<void> {
    await super.forceFlush();
    await this.#exporter.forceFlush?.();
  }
}

function batchSpanProcessor(exporter: SpanExporter): SpanProcessor {
  return new FlushingBatchSpanProcessor(exporter, {
    maxQueueSize: integerFromEnvironment('OTEL_BSP_MAX_QUEUE_SIZE', 2048),
    maxExportBatchSize: integerFromEnvironment('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
    scheduledDelayMillis: integerFromEnvironment('OTEL_BSP_SCHEDULE_DELAY', 5000, 0),
    exportTimeoutMillis: integerFromEnvironment('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
  });
}

function periodicReader(exporter: PushMetricExporter): IMetricReader {
  const interval = integerFromEnvironment('OTEL_METRIC_EXPORT_INTERVAL', 60_000);
  const timeout = integerFromEnvironment('OTEL_METRIC_EXPORT_TIMEOUT', 30_000);
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: interval,
    // The SDK throws at a timeout beyond the interval, which the specification allows.
    exportTimeoutMillis: Math.min(timeout, interval),
  });
}

/** An endpoint without its scheme, `localhost:4318`, parses as an URL of the scheme `localhost`; the SDK then exports nothing. */
function otlpUrl(signal: 'TRACES' | 'METRICS'): { url?: string } {
  const variable = otlpVariable(signal, 'ENDPOINT');
  const endpoint = getStringFromEnv(variable)?.trim();
  if (endpoint === undefined || (/^https?:/i.test(endpoint) && URL.canParse(endpoint))) return {};
  diag.warn(
    `${variable}: "${endpoint}" is no http or https URL. Using ${OTLP_ENDPOINT}. Write it with its scheme, as in ` +
      'http://collector:4318.',
  );
  return { url: `${OTLP_ENDPOINT}/v1/${signal.toLowerCase()}` };
}

/** The variable that decides for a signal: its own where that is set, else the one for all. */
function otlpVariable(signal: 'TRACES' | 'METRICS', setting: string): string {
  const own = `OTEL_EXPORTER_OTLP_${signal}_${setting}`;
  return getStringFromEnv(own) === undefined ? `OTEL_EXPORTER_OTLP_${setting}` : own;
}

/** An export and its retries hold a process that has given up on them: unless told so they end as early. */
function otlpTimeout(
  signal: 'TRACES' | 'METRICS',
  shutdownTimeoutMillis: number,
): { timeoutMillis?: number } {
  if (getStringFromEnv(otlpVariable(signal, 'TIMEOUT')) !== undefined) return {};
  return { timeoutMillis: Math.min(shutdownTimeoutMillis, OTLP_TIMEOUT_MILLIS) };
}

/** The OTLP variables that the metric exporter does not read. */
function histogramAggregation(): (instrument: InstrumentType) => AggregationOption {
  const [ofHistograms = HISTOGRAM_AGGREGATIONS.explicit_bucket_histogram] = selectFromEnvironment(
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    HISTOGRAM_AGGREGATIONS,
    ['explicit_bucket_histogram'],
    'Name one of them.',
  );
  return (instrument) =>
    instrument === InstrumentType.HISTOGRAM ? ofHistograms : { type: AggregationType.DEFAULT };
}

function otlpProtocol(signal: 'TRACES' | 'METRICS'): 'http/json' | 'http/protobuf' {
  const variable = otlpVariable(signal, 'PROTOCOL');
  const protocol = (getStringFromEnv(variable) ?? 'http/json').trim().toLowerCase();
  if (protocol === 'http/json' || protocol === 'http/protobuf') return protocol;
  diag.warn(
    `${variable}: "${protocol}" is not bundled, only http/protobuf and http/json. Using http/json. ` +
      'A collector takes both over HTTP at port 4318; for gRPC pass an exporter as option.',
  );
  return 'http/json';
}
