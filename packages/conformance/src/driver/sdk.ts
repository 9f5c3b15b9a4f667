import type { ContextManager, TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { MeterProviderOptions } from '@opentelemetry/sdk-metrics';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-node';
// Jest maps this name to `@opentelemetry/sdk-trace` where SDK line 3 is under test.
import * as sdkTrace from '@opentelemetry/sdk-trace-node';

/** Options of a tracer provider that both lines of the SDK take. */
export interface TracerProviderOptions {
  readonly sampler: Sampler;
  readonly spanProcessors: SpanProcessor[];
}

type TracerProviderClass = new (options: TracerProviderOptions) => TracerProvider;

/** The provider class of SDK line 3, or that of line 2. */
const Provider: TracerProviderClass =
  (sdkTrace as { TracerProvider?: TracerProviderClass }).TracerProvider ?? sdkTrace.NodeTracerProvider;

/** The line of the SDK that is loaded, told by what it exports. */
export const SDK_LINE: 2 | 3 = 'TracerProvider' in sdkTrace ? 3 : 2;

/** Makes a tracer provider; nothing is registered. */
export function createTracerProvider(options: TracerProviderOptions): TracerProvider {
  return new Provider(options);
}

/** Makes a meter provider; nothing is registered. */
export function createMeterProvider(options: MeterProviderOptions): MeterProvider {
  return new MeterProvider(options);
}

/** Makes the context manager that applications on Node use, enabled but not registered. */
export function createContextManager(): ContextManager {
  return new AsyncLocalStorageContextManager().enable();
}

/** Makes the SDK's own propagators for trace context and baggage, together. */
export function createPropagator(): CompositePropagator {
  return new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  });
}

/** Makes the sampler that follows the caller's decision and records what has none. */
export function createParentBasedSampler(): Sampler {
  return new sdkTrace.ParentBasedSampler({ root: new sdkTrace.AlwaysOnSampler() });
}

/** Makes the sampler that drops everything. */
export function createAlwaysOffSampler(): Sampler {
  return new sdkTrace.AlwaysOffSampler();
}
