import { beforeEach, expect, test } from '@jest/globals';
import { serverTimingPropagator } from '../../src/http/response-propagators.js';
import { configure } from '../../src/server/rules.js';
import { collectDiagnostics } from '../diagnostics.js';
import type { PlainOptions, PlainRequest, PlainResponse } from '../plain-http.js';
import { startTelemetry } from '../telemetry.js';

const configured = (options: PlainOptions = {}) =>
  configure<PlainRequest, PlainResponse>('@otel-middleware/plain', 'plain-http', options, []);

let diagnostics: ReturnType<typeof collectDiagnostics>;
beforeEach(() => {
  diagnostics = collectDiagnostics();
});

test('the defaults add nothing to a request', () => {
  expect(configured()).toEqual({
    excluded: undefined,
    receiveHook: undefined,
    sendHook: undefined,
    messageSpans: false,
    requestHeaders: undefined,
    responseHeaders: undefined,
    requestHook: undefined,
    responseHook: undefined,
    publicEndpoint: undefined,
    responsePropagator: undefined,
    optIn: new Set(),
    tracerProvider: undefined,
    meterProvider: undefined,
    propagator: undefined,
  });
});

test('providers and propagators come through as they are (no-sdk:providers)', () => {
  const { tracerProvider, meterProvider } = startTelemetry();
  const given = {
    tracerProvider,
    meterProvider,
    propagator: serverTimingPropagator,
    responsePropagator: serverTimingPropagator,
  };
  const found = configured(given);
  for (const name of Object.keys(given) as (keyof typeof given)[]) expect(found[name]).toBe(given[name]);
});

test.each([
  [undefined, undefined],
  [false, undefined],
  [true, true],
  [() => true, true],
  [() => false, false],
])('publicEndpoint %p answers %p (propagation:public)', (publicEndpoint, answer) => {
  expect(configured({ publicEndpoint }).publicEndpoint?.({})).toBe(answer);
});

test('a publicEndpoint predicate that throws takes the caller for a stranger, and is reported once (propagation:public, hook:guard)', () => {
  const { publicEndpoint } = configured({
    publicEndpoint: () => {
      throw new Error('broken');
    },
  });
  expect([publicEndpoint?.({}), publicEndpoint?.({})]).toEqual([true, true]);
  expect(diagnostics).toEqual([['warn', expect.stringMatching(/^publicEndpoint failed;/)]]);
});

test('an asynchronous publicEndpoint predicate takes every caller for a stranger, and is reported once (propagation:public)', () => {
  const answer = async () => false;
  const { publicEndpoint } = configured({ publicEndpoint: answer as unknown as () => boolean });
  expect([publicEndpoint?.({}), publicEndpoint?.({})]).toEqual([true, true]);
  expect(diagnostics).toEqual([['warn', expect.stringMatching(/^publicEndpoint failed;/)]]);
});
