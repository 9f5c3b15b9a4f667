import type { Attributes } from '@opentelemetry/api';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, Sampler, Span, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** One real SDK: what it has recorded can be read at any time. */
export interface Telemetry {
  readonly tracerProvider: NodeTracerProvider;
  readonly meterProvider: MeterProvider;
  /** Finished spans, in the order of their ends. */
  spans(): ReadableSpan[];
  /** Spans started and not ended. */
  unended(): number;
  /** The data points of a metric: attributes, and a number or a histogram. */
  points(metric: string): Promise<{ attributes: Attributes; value: number | Histogram }[]>;
  /** The data points of a histogram. */
  histograms(metric: string): Promise<Histogram[]>;
  /** Names of all metrics that hold data. */
  metricNames(): Promise<string[]>;
}

class OnDemandReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

class Unended implements SpanProcessor {
  count = 0;
  onStart(_span: Span): void {
    this.count++;
  }
  onEnd(): void {
    this.count--;
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

/** Starts an SDK in memory. Nothing is registered globally. */
export function startTelemetry({
  sampler,
  processors = [],
}: {
  sampler?: Sampler;
  processors?: SpanProcessor[];
} = {}): Telemetry {
  const exporter = new InMemorySpanExporter();
  const unended = new Unended();
  const reader = new OnDemandReader();
  const tracerProvider = new NodeTracerProvider({
    spanProcessors: [unended, new SimpleSpanProcessor(exporter), ...processors],
    ...(sampler && { sampler }),
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  const points: Telemetry['points'] = async (name) =>
    (await collect())
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[])
      .map(({ attributes, value }) => ({ attributes, value }));
  return {
    tracerProvider,
    meterProvider,
    spans: () => exporter.getFinishedSpans(),
    unended: () => unended.count,
    points,
    histograms: async (name) => (await points(name)).map(({ value }) => value as Histogram),
    metricNames: async () =>
      (await collect())
        .filter(({ dataPoints }) => dataPoints.length > 0)
        .map(({ descriptor }) => descriptor.name),
  };
}
