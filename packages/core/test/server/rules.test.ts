import { beforeEach, expect, test } from '@jest/globals';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { collectDiagnostics } from '@otel-middleware/testbed/diagnostics';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { serverTimingPropagator } from '../../src/http/response-propagators.js';
import { compileRules } from '../../src/server/rules.js';
import { NO_NEEDS } from '../../src/server/server-operation.js';
import type { PlainOptions, PlainRequest, PlainResponse } from '../plain-http.js';
import { plainResponse, response, SCOPE } from '../plain-http.js';

const configured = (options: PlainOptions = {}) =>
  compileRules<PlainRequest, PlainResponse>({
    scope: SCOPE,
    framework: 'plain-http',
    response: plainResponse,
    options,
  });

let diagnostics: ReturnType<typeof collectDiagnostics>;
beforeEach(() => {
  diagnostics = collectDiagnostics();
});

test('the defaults add nothing to a request', () => {
  expect(configured()).toEqual({
    framework: 'plain-http',
    response: plainResponse,
    currentRoute: undefined,
    isExcluded: undefined,
    isPublic: undefined,
    receiveHook: undefined,
    sendHook: undefined,
    messageSpans: false,
    requestHeaders: undefined,
    responseHeaders: undefined,
    requestHook: undefined,
    responseHook: undefined,
    propagateResponse: undefined,
    redactQuery: expect.any(Function),
    recordException: expect.any(Function),
    reportFailure: expect.any(Function),
    needs: {
      owned: { recording: NO_NEEDS, nonRecording: NO_NEEDS },
      joined: { recording: NO_NEEDS, nonRecording: NO_NEEDS },
    },
    optIn: new Set(),
    tracerProvider: undefined,
    meterProvider: undefined,
    propagator: undefined,
  });
});

test('providers and propagators come through as they are (no-sdk:providers)', () => {
  const { tracerProvider, meterProvider } = startTelemetry();
  const given = { tracerProvider, meterProvider, propagator: serverTimingPropagator };
  const found = configured(given);
  for (const name of Object.keys(given) as (keyof typeof given)[]) expect(found[name]).toBe(given[name]);
});

test('a response propagator writes the trace into response headers (propagation:response)', () => {
  const { propagateResponse } = configured({ responsePropagator: serverTimingPropagator });
  const sent = response(200);
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
  propagateResponse?.(trace.setSpanContext(ROOT_CONTEXT, spanContext), sent);
  expect(sent.headers.get('server-timing')).toEqual([`trace;desc=00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`]);
});

test.each([
  [undefined, undefined],
  [false, undefined],
  [true, true],
  [() => true, true],
  [() => false, false],
])('publicEndpoint %p answers %p (propagation:public)', (publicEndpoint, answer) => {
  expect(configured({ publicEndpoint }).isPublic?.({})).toBe(answer);
});

test('a publicEndpoint predicate that throws takes the caller for a stranger, and is reported once (propagation:public, hook:guard)', () => {
  const { isPublic } = configured({
    publicEndpoint: () => {
      throw new Error('broken');
    },
  });
  expect([isPublic?.({}), isPublic?.({})]).toEqual([true, true]);
  expect(diagnostics).toEqual([['warn', expect.stringMatching(/^publicEndpoint failed;/)]]);
});

test('an asynchronous publicEndpoint predicate takes every caller for a stranger, and is reported once (propagation:public)', () => {
  const answer = async () => false;
  const { isPublic } = configured({ publicEndpoint: answer as unknown as () => boolean });
  expect([isPublic?.({}), isPublic?.({})]).toEqual([true, true]);
  expect(diagnostics).toEqual([['warn', expect.stringMatching(/^publicEndpoint failed;/)]]);
});
