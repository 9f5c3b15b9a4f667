import type { ContextManager, MeterProvider, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { context, metrics, propagation, trace } from '@opentelemetry/api';

/** The globals that the API gives to all instrumentation in the process; without a provider it stays a no-op. */
export interface ApiGlobals {
  contextManager: ContextManager;
  propagator: TextMapPropagator;
  tracerProvider?: TracerProvider | undefined;
  meterProvider?: MeterProvider | undefined;
}

/**
 * Registers all of them with the API, or none: the answer takes them back.
 *
 * Throws when one is registered already, and says what to look for.
 */
export function registerGlobals({
  contextManager,
  propagator,
  tracerProvider,
  meterProvider,
}: ApiGlobals): () => void {
  const registered: { disable(): void }[] = [];
  const unregister = (): void => {
    for (const api of registered) api.disable();
  };
  const register = (what: string, api: { disable(): void }, succeeded: boolean): void => {
    if (!succeeded) {
      unregister();
      throw new Error(
        `initTelemetry: a ${what} is already registered, by another SDK or for a different @opentelemetry/api version. ` +
          'Start one OpenTelemetry SDK only, and keep one version: see "npm ls @opentelemetry/api".',
      );
    }
    registered.push(api);
  };
  register('context manager', context, context.setGlobalContextManager(contextManager.enable()));
  register('propagator', propagation, propagation.setGlobalPropagator(propagator));
  if (tracerProvider) register('tracer provider', trace, trace.setGlobalTracerProvider(tracerProvider));
  if (meterProvider) register('meter provider', metrics, metrics.setGlobalMeterProvider(meterProvider));
  return unregister;
}
