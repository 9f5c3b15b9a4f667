import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator } from '@opentelemetry/core';
import { selectFromEnvironment } from './environment.js';
import { TraceContextPropagator } from './trace-context.js';

const BUNDLED = {
  tracecontext: (): TextMapPropagator => new TraceContextPropagator(),
  baggage: (): TextMapPropagator => new W3CBaggagePropagator(),
};

/** Makes the propagator for `OTEL_PROPAGATORS`, by default `tracecontext,baggage`; `none` does nothing. */
export function createPropagator(): TextMapPropagator {
  const propagators = selectFromEnvironment(
    'OTEL_PROPAGATORS',
    BUNDLED,
    ['tracecontext', 'baggage'],
    'Install the one you need, such as @opentelemetry/propagator-b3, and pass it as option "propagator".',
  );
  return new CompositePropagator({ propagators: propagators.map((create) => create()) });
}
