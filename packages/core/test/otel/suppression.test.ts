import { expect, test } from '@jest/globals';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import * as sdk from '@opentelemetry/core';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { isTracingSuppressed, SUPPRESSED } from '../../src/otel/suppression.js';

test('is that of the SDK, both ways (exclude:effect)', () => {
  expect(sdk.isTracingSuppressed(SUPPRESSED)).toBe(true);
  expect(isTracingSuppressed(sdk.suppressTracing(ROOT_CONTEXT))).toBe(true);
  expect(isTracingSuppressed(sdk.unsuppressTracing(SUPPRESSED))).toBe(false);
  expect(isTracingSuppressed(ROOT_CONTEXT)).toBe(false);
});

test('records nothing that is started in it, and propagates nothing (exclude:effect)', () => {
  const { tracerProvider, spans } = startTelemetry();
  tracerProvider.getTracer('db').startSpan('query', {}, SUPPRESSED).end();
  const carrier: Record<string, string> = {};
  new sdk.W3CTraceContextPropagator().inject(SUPPRESSED, carrier, {
    set: (to, key, value) => Object.assign(to, { [key]: value }),
  });
  expect([spans(), carrier]).toEqual([[], {}]);
});
