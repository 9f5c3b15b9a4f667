import http from 'node:http';
import { propagation } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { createPropagator } from './sdk.js';
import type { Telemetry } from './telemetry.js';

/**
 * Puts the servers of this process under the real `@opentelemetry/instrumentation-http` while `run` runs.
 *
 * It is applied by hand: the loader hooks that otherwise apply it do not reach into Jest.
 */
export async function underHttpInstrumentation<T>(telemetry: Telemetry, run: () => Promise<T>): Promise<T> {
  const instrumentation = new HttpInstrumentation({
    enabled: false,
    disableOutgoingRequestInstrumentation: true,
  });
  instrumentation.setTracerProvider(telemetry.tracerProvider);
  instrumentation.setMeterProvider(telemetry.meterProvider);
  const [definition] = instrumentation.init();
  propagation.setGlobalPropagator(createPropagator());
  definition.patch?.(http);
  try {
    return await run();
  } finally {
    definition.unpatch?.(http);
    propagation.disable();
  }
}
