import type { Attributes, Context, SpanContext, TracerProvider } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { MeterProvider, MetricData } from '@opentelemetry/sdk-metrics';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { createMeterProvider, createParentBasedSampler, createTracerProvider } from './sdk.js';

/** A measurement as an instrument was given it. */
export interface Measurement {
  readonly attributes: Attributes;
  /** The span in the context that it was recorded with. */
  readonly spanContext: SpanContext | undefined;
}

class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Providers of the real SDK that keep what they are given in memory. Nothing is registered globally. */
export class Telemetry {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  /** Spans that recorded and have ended, in the order of their ends. */
  readonly ended: ReadableSpan[] = [];
  /** Spans that recorded and have not ended. */
  readonly open: Set<ReadableSpan> = new Set();
  /** The attributes that the sampler saw, span by span. */
  readonly sampled: Attributes[] = [];
  readonly measurements: Measurement[] = [];
  readonly #reader = new OnDemandReader();

  constructor(sampler: Sampler = createParentBasedSampler()) {
    const processor: SpanProcessor = {
      onStart: (span) => void this.open.add(span as unknown as ReadableSpan),
      onEnd: (span) => {
        this.open.delete(span);
        this.ended.push(span);
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    this.tracerProvider = createTracerProvider({
      sampler: this.#observed(sampler),
      spanProcessors: [processor],
    });
    const note = (attributes: Attributes, context?: Context): Attributes => {
      this.measurements.push({ attributes, spanContext: context && trace.getSpanContext(context) });
      return attributes;
    };
    this.meterProvider = createMeterProvider({
      readers: [this.#reader],
      views: [{ instrumentName: '*', attributesProcessors: [{ process: note }] }],
    });
  }

  /** Everything that has been measured so far, by instrument. */
  async metrics(): Promise<readonly MetricData[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'metrics could not be collected');
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  }

  #observed(sampler: Sampler): Sampler {
    return {
      shouldSample: (context, traceId, name, kind, attributes, links) => {
        this.sampled.push({ ...attributes });
        return sampler.shouldSample(context, traceId, name, kind, attributes, links);
      },
      toString: () => sampler.toString(),
    };
  }
}
