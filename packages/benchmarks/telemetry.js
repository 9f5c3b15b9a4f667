// The SDK that every variant but bare runs with: real processors and readers, exporters that discard.
import { createRequire } from 'node:module';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import * as sdk from '@opentelemetry/sdk-trace-node';

const require = createRequire(import.meta.url);
const { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler } = sdk;
/** Line 3 of the SDK calls it by its plain name. */
const TracerProvider = sdk.TracerProvider ?? sdk.NodeTracerProvider;

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

/** The number of recording spans that have ended. */
let ended = 0;
const counting = {
  onStart() {},
  onEnd: () => void ended++,
  forceFlush: async () => {},
  shutdown: async () => {},
};

export function endedSpans() {
  return ended;
}

/** Registers tracing, metrics, context and propagation globally; the processor is the SDK's batch one unless given. */
export function registerTelemetry(processor = batching(), sampler = samplers.parent()) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler,
      spanProcessors: [counting, processor],
    }),
  );
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: discard, exportIntervalMillis: 5_000 })],
    }),
  );
}

/**
 * The queue holds a whole shot, so that no span is dropped and none is cheaper than another.
 *
 * @param url - where spans are sent by OTLP. Default: they are discarded.
 */
export function batching(url) {
  if (url === undefined) return new BatchSpanProcessor(discard, { maxQueueSize: 65_536 });
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
  return new BatchSpanProcessor(new OTLPTraceExporter({ url }), { maxQueueSize: 65_536 });
}
