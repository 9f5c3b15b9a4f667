// The SDK that every variant but bare runs with: real processors and readers, exporters that discard.
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
} from '@opentelemetry/sdk-trace-node';

const discard = {
  export: (_batch, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
  selectAggregationTemporality: () => 1,
};

export const samplers = {
  parent: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  off: () => new AlwaysOffSampler(),
};

/** Registers tracing, metrics, context and propagation globally; the processor is the SDK's batch one unless given. */
export function registerTelemetry(processor = batching(), sampler = samplers.parent()) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(
    new NodeTracerProvider({
      sampler,
      spanProcessors: [processor],
    }),
  );
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: discard, exportIntervalMillis: 5_000 })],
    }),
  );
}

/** The queue holds a whole shot, so that no span is dropped and none is cheaper than another. */
function batching() {
  return new BatchSpanProcessor(discard, { maxQueueSize: 65_536 });
}
