import { expect, test } from '@jest/globals';
import type { Context, Span } from '@opentelemetry/api';
import { createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  getRPCMetadata,
  isTracingSuppressed,
  RPCType,
  setRPCMetadata,
  suppressTracing,
} from '@opentelemetry/core';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { EXTRACTION_ROOT, OPERATION_KEY, RequestContext } from '../../src/server/request-context.js';

const KEY = createContextKey('test key');
const OTHER = createContextKey('test other');
const { tracerProvider } = startTelemetry();
const tracer = tracerProvider.getTracer('test');

type Operation = ConstructorParameters<typeof RequestContext>[1];

function requestContext(parent: Context = ROOT_CONTEXT): {
  of: RequestContext;
  span: Span;
  operation: Operation;
} {
  const span = tracer.startSpan('GET');
  const operation = { type: 'http', span } as Operation;
  return { of: new RequestContext(parent, operation), span, operation };
}

test('carries its span, its operation and the metadata that other instrumentations look for (nested:foreign-span)', () => {
  const { of, span, operation } = requestContext();
  expect(trace.getSpan(of)).toBe(span);
  expect(trace.getSpanContext(of)).toBe(span.spanContext());
  expect(of.getValue(OPERATION_KEY)).toBe(operation);
  expect(getRPCMetadata(of)).toBe(operation);
  expect(getRPCMetadata(of)?.type).toBe(RPCType.HTTP);
});

test('shows what was extracted: baggage and all (propagation:parent)', () => {
  const remote = propagation.setBaggage(
    ROOT_CONTEXT.setValue(KEY, 'kept'),
    propagation.createBaggage({ user: { value: 'u' } }),
  );
  const { of } = requestContext(
    trace.setSpanContext(remote, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
  );
  expect(of.getValue(KEY)).toBe('kept');
  expect(propagation.getBaggage(of)?.getEntry('user')).toEqual({ value: 'u' });
});

test('is never changed by setValue or deleteValue, nor are contexts made from it', () => {
  const { of, span } = requestContext(ROOT_CONTEXT.setValue(KEY, 1));
  const set = of.setValue(KEY, 2);
  const deleted = set.deleteValue(KEY);
  const again = deleted.setValue(KEY, 3).setValue(OTHER, 4);
  expect([of, set, deleted, again].map((context) => context.getValue(KEY))).toEqual([1, 2, undefined, 3]);
  expect([of, set, deleted, again].map((context) => context.getValue(OTHER))).toEqual([
    undefined,
    undefined,
    undefined,
    4,
  ]);
  expect([of, set, deleted, again].map((context) => trace.getSpan(context))).toEqual([
    span,
    span,
    span,
    span,
  ]);
});

test('a nested span covers the server span in its own context alone (context:active)', () => {
  const { of, span } = requestContext();
  const child = tracer.startSpan('child', {}, of);
  const inner = trace.setSpan(of, child);
  expect(trace.getSpan(inner)).toBe(child);
  expect(trace.getSpan(of)).toBe(span);
  expect(trace.getSpan(trace.deleteSpan(inner))).toBeUndefined();
  expect(inner.getValue(OPERATION_KEY)).toBe(of.getValue(OPERATION_KEY));
});

test('the span that nests under it is its child (context:active)', () => {
  const { of, span } = requestContext();
  const child = tracer.startSpan('child', {}, of) as unknown as { parentSpanContext?: { spanId: string } };
  expect(child.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
});

test('baggage, suppression and metadata are set as on every context', () => {
  const { of, operation, span } = requestContext();
  const baggage = propagation.setBaggage(of, propagation.createBaggage({ user: { value: 'u' } }));
  expect(propagation.getBaggage(baggage)?.getEntry('user')).toEqual({ value: 'u' });
  expect(propagation.getBaggage(propagation.deleteBaggage(baggage))).toBeUndefined();
  expect(isTracingSuppressed(suppressTracing(of))).toBe(true);
  expect(isTracingSuppressed(of)).toBe(false);
  const own = { type: RPCType.HTTP, span };
  expect(getRPCMetadata(setRPCMetadata(of, own))).toBe(own);
  expect(getRPCMetadata(of)).toBe(operation);
});

test('setting one key a hundred thousand times keeps only the last value, and reading stays as fast', () => {
  let context: Context = requestContext().of;
  for (let round = 0; round < 100_000; round++) context = context.setValue(KEY, round);
  expect(context.getValue(KEY)).toBe(99_999);
  expect(context.getValue(OTHER)).toBeUndefined();
  const start = performance.now();
  for (let round = 0; round < 100_000; round++) context.getValue(OTHER);
  expect(performance.now() - start).toBeLessThan(500);
});

test('values of any kind are kept, undefined and symbols of the same description too', () => {
  const { of } = requestContext(ROOT_CONTEXT.setValue(KEY, 'outer'));
  const alike = Symbol('test key');
  const context = of.setValue(KEY, undefined).setValue(alike, null);
  expect(context.getValue(KEY)).toBeUndefined();
  expect(context.getValue(alike)).toBeNull();
  expect(of.getValue(alike)).toBeUndefined();
});

test('what propagators extract into keeps values apart as every context does (propagation:parent)', () => {
  const one = EXTRACTION_ROOT.setValue(KEY, 1);
  const both = one.setValue(OTHER, 2);
  const again = both.setValue(KEY, 3);
  const deleted = again.deleteValue(KEY);
  const contexts = [EXTRACTION_ROOT, one, both, again, deleted];
  expect(contexts.map((context) => context.getValue(KEY))).toEqual([undefined, 1, 1, 3, undefined]);
  expect(contexts.map((context) => context.getValue(OTHER))).toEqual([undefined, undefined, 2, 2, 2]);
  expect(trace.getSpan(EXTRACTION_ROOT)).toBeUndefined();
});
