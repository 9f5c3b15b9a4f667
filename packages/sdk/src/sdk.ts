import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getBooleanFromEnv } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createMetricReaders, createSpanProcessors } from './exporters.js';
import type { ApiGlobals } from './globals.js';
import { registerGlobals } from './globals.js';
import type { TelemetryOptions } from './options.js';
import { createPropagator } from './propagators.js';
import { RandomTraceIdTracerProvider } from './random-trace-id.js';
import { createResource } from './resource.js';

/** A way out of the process that can be flushed and closed: a span processor, or the metrics as a whole. */
export interface Pipeline {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** The parts of the SDK that run until they are shut down. */
export interface Sdk {
  pipelines: readonly Pipeline[];
  /** Takes the providers, the context manager and the propagator back from the API. */
  unregister(): void;
}

/**
 * Builds the SDK and registers it with the API; with `OTEL_SDK_DISABLED=true` only context and propagation.
 *
 * `shutdownTimeoutMillis` is how long a shutdown waits for an export. Throws, and leaves nothing running, when the
 * API is taken.
 */
export function startSdk(options: TelemetryOptions, shutdownTimeoutMillis: number): Sdk {
  const globals: ApiGlobals = {
    contextManager: new AsyncLocalStorageContextManager(),
    propagator: options.propagator ?? createPropagator(),
  };
  // The processors and not their provider, whose flush holds the process for 30 s by a timer of its own.
  const pipelines: Pipeline[] = [];
  if (!getBooleanFromEnv('OTEL_SDK_DISABLED')) {
    const { sampler, traceExporter, metricReader } = options;
    const resource = createResource(options);
    const readers = createMetricReaders(metricReader, shutdownTimeoutMillis);
    const spanProcessors = createSpanProcessors(traceExporter, shutdownTimeoutMillis);
    const meterProvider = new MeterProvider({ resource, readers });
    globals.meterProvider = meterProvider;
    globals.tracerProvider = new RandomTraceIdTracerProvider({
      resource,
      spanProcessors,
      ...(sampler && { sampler }),
    });
    pipelines.push(...spanProcessors, meterProvider);
  }
  try {
    return { pipelines, unregister: registerGlobals(globals) };
  } catch (error) {
    for (const pipeline of pipelines) void pipeline.shutdown();
    throw error;
  }
}
