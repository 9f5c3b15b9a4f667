import { afterEach, expect, test } from '@jest/globals';
import { context, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { loadedApiVersion } from '../../src/driver/loaded-api.js';
import { createContextManager, createPropagator, SDK_LINE } from '../../src/driver/sdk.js';
import { Telemetry } from '../../src/driver/telemetry.js';
import { matrix } from '../../src/matrix.js';

afterEach(() => context.disable());

/** Counts how often a method of this copy's API is called while `run` runs. */
function calls<Api extends object>(api: Api, method: keyof Api & string, run: () => unknown): number {
  const original = api[method] as (...args: unknown[]) => unknown;
  let count = 0;
  const counted = (...args: unknown[]): unknown => {
    count++;
    return original.apply(api, args);
  };
  Object.defineProperty(api, method, { value: counted, configurable: true });
  try {
    run();
  } finally {
    delete (api as Record<string, unknown>)[method];
  }
  return count;
}

const request = {
  keys: () => [],
  get: () => undefined,
  headerValues: () => undefined,
  method: () => 'GET',
  target: () => '/',
  scheme: () => 'http',
  authority: () => undefined,
  identity: (carrier: object) => carrier,
};
const response = {
  statusCode: () => 200,
  keys: () => [],
  headerValues: () => undefined,
  setHeader: () => {},
};

test('the cell loads the lines that it says', () => {
  context.setGlobalContextManager(createContextManager());
  const telemetry = new Telemetry();
  telemetry.tracerProvider.getTracer('line').startSpan('line').end();
  const version = telemetry.ended[0]?.resource.attributes['telemetry.sdk.version'];
  expect(SDK_LINE).toBe(matrix.sdkLine);
  expect(version).toMatch(matrix.sdkLine === 3 ? /^3\.1\./ : /^2\.12\./);
  expect(loadedApiVersion()).toBe(matrix.apiVersion);
  expect(matrix.apiVersion).toMatch(matrix.sdkLine === 3 ? /^1\.10\./ : /^1\.9\./);
});

test('core, SDK, propagators and other instrumentations share this copy of the API', () => {
  const scope = { name: 'single-api', version: '1.0.0' };
  const { tracerProvider, meterProvider } = new Telemetry();
  const instrumentation = createHttpServerInstrumentation({ scope, framework: 'none', request, response });
  const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  const active = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  const used = {
    core: calls(trace, 'getTracerProvider', () => instrumentation.start({})),
    'sdk-trace': calls(context, 'active', () => tracerProvider.getTracer('x').startSpan('x').end()),
    'sdk-metrics': calls(context, 'active', () => meterProvider.getMeter('x').createHistogram('x').record(1)),
    propagators: calls(trace, 'getSpanContext', () =>
      createPropagator().inject(active, {}, { set: () => {} }),
    ),
    'instrumentation-http': calls(metrics, 'getMeter', () => new HttpInstrumentation({ enabled: false })),
    'context manager': createContextManager().active() === ROOT_CONTEXT ? 1 : 0,
  };
  expect(Object.entries(used).filter(([, count]) => count === 0)).toEqual([]);
});
