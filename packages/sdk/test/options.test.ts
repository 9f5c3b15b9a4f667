import { afterEach, expect, test } from '@jest/globals';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Telemetry, TelemetryOptions } from '../src/index.js';
import { initTelemetry, TraceContextPropagator } from '../src/index.js';

let telemetry: Telemetry | undefined;

afterEach(async () => {
  await telemetry?.shutdown();
  telemetry = undefined;
});

function start(options: TelemetryOptions): void {
  telemetry = initTelemetry(options);
}

const metricExporter = (): InMemoryMetricExporter =>
  new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);

function frozen<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value))
    if (Object.getPrototypeOf(inner ?? 0) === Object.prototype) frozen(inner);
  return Object.freeze(value);
}

test.each([
  ['serviceName', '', 'a string that is not empty'],
  ['serviceName', 42, 'a string that is not empty'],
  ['serviceVersion', null, 'a string that is not empty'],
  ['environment', ['production'], 'a string that is not empty'],
  ['resourceAttributes', 'team=a', 'an object whose values are'],
  ['resourceAttributes', ['team'], 'an object whose values are'],
  ['resourceAttributes', { team: { name: 'a' } }, 'an object whose values are'],
  ['resourceAttributes', { team: null }, 'an object whose values are'],
  ['sampler', 'always_on', 'a Sampler'],
  ['sampler', AlwaysOffSampler, 'a Sampler'],
  ['traceExporter', { export: () => {} }, 'a SpanExporter'],
  ['metricReader', metricExporter(), 'a MetricReader'],
  ['propagator', 'b3', 'a TextMapPropagator'],
  ['shutdownTimeoutMillis', '5000', 'a number of milliseconds'],
  ['shutdownTimeoutMillis', 0, 'a number of milliseconds'],
  ['shutdownTimeoutMillis', Number.NaN, 'a number of milliseconds'],
  ['shutdownTimeoutMillis', Number.POSITIVE_INFINITY, 'a number of milliseconds'],
])('[robust:options] %s: %p is refused with what it must be', (name, value, expected) => {
  expect(() => start({ [name]: value } as TelemetryOptions)).toThrow(TypeError);
  expect(() => start({ [name]: value } as TelemetryOptions)).toThrow(
    `@otel-middleware/sdk: option "${name}" must be ${expected}`,
  );
});

test('[robust:options] an unknown option is refused with the list of those that exist', () => {
  expect(() => start({ servicename: 'a' } as TelemetryOptions)).toThrow(
    new TypeError(
      '@otel-middleware/sdk: there is no option "servicename". Remove it, or use one of serviceName, serviceVersion, ' +
        'environment, resourceAttributes, sampler, traceExporter, metricReader, propagator, shutdownTimeoutMillis.',
    ),
  );
});

test.each([null, 'checkout', 1])('[robust:options] %p in the place of options is refused', (options) => {
  expect(() => start(options as unknown as TelemetryOptions)).toThrow('options must be an object');
});

test('[robust:options] a refused call leaves nothing behind that would refuse the next one', () => {
  expect(() => start({ sampler: 1 as never })).toThrow();
  expect(() => start({ traceExporter: new InMemorySpanExporter() })).not.toThrow();
});

test('[robust:options] the caller’s object is left as it is, also frozen, and undefined counts as not given', async () => {
  const traceExporter = new InMemorySpanExporter();
  const resourceAttributes = { team: 'a', list: ['x'], gone: undefined };
  const options = { serviceName: 'checkout', serviceVersion: undefined, resourceAttributes, traceExporter };
  const copy = structuredClone({ ...options, traceExporter: undefined });
  start(frozen(options));
  trace.getTracer('test').startSpan('work').end();
  await telemetry?.forceFlush();
  expect(traceExporter.getFinishedSpans()[0]?.resource.attributes).toMatchObject({
    'service.name': 'checkout',
    team: 'a',
  });
  expect({ ...options, traceExporter: undefined }).toEqual(copy);
});

test('[sdk:options] sampler, reader and propagator are the ones that were given', async () => {
  const traceExporter = new InMemorySpanExporter();
  const exporter = metricExporter();
  const propagator = new TraceContextPropagator();
  const metricReader = new PeriodicExportingMetricReader({ exporter });
  start({ sampler: new AlwaysOffSampler(), traceExporter, metricReader, propagator });
  const span = trace.getTracer('test').startSpan('work');
  span.end();
  metrics.getMeter('test').createCounter('works').add(1);
  await telemetry?.forceFlush();
  expect([span.isRecording(), traceExporter.getFinishedSpans()]).toEqual([false, []]);
  expect(exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics[0]?.descriptor.name).toBe('works');
  expect(propagation.fields()).toEqual(propagator.fields());
});

test('[context:active] the active span is found across awaits, timers and promises', async () => {
  start({ traceExporter: new InMemorySpanExporter() });
  await trace.getTracer('test').startActiveSpan('work', async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all([1, 2].map(async () => expect(trace.getActiveSpan()).toBe(span)));
    span.end();
  });
  expect(trace.getSpan(context.active())).toBeUndefined();
});
