import { describe, expect, test } from '@jest/globals';
import { defaultTextMapGetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  compileResponsePropagator,
  serverTimingPropagator,
  traceResponsePropagator,
} from '../../src/http/response-propagators.js';
import { plainResponse, response } from '../plain-http.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const inContext = (traceFlags: number, traceId = TRACE) =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: SPAN, traceFlags });

function injected(
  propagator: typeof serverTimingPropagator,
  headers: Record<string, string[]> = {},
  flags = 1,
  times = 1,
) {
  const carrier = response(200, headers);
  const propagate = compileResponsePropagator(propagator, plainResponse);
  for (let time = 0; time < times; time++) propagate(inContext(flags), carrier);
  return Object.fromEntries(carrier.headers);
}

describe('server timing (propagation:response)', () => {
  const TIMING = `trace;desc=00-${TRACE}-${SPAN}-01`;

  test('tells the trace, and lets browsers read it', () => {
    expect(injected(serverTimingPropagator)).toEqual({
      'server-timing': [TIMING],
      'access-control-expose-headers': ['Server-Timing'],
    });
  });

  test.each([
    [0, '00'],
    [1, '01'],
    [3, '03'],
    [255, 'ff'],
  ])('writes the flags %i as %s', (flags, written) => {
    expect(injected(serverTimingPropagator, {}, flags)['server-timing']).toEqual([
      `trace;desc=00-${TRACE}-${SPAN}-${written}`,
    ]);
  });

  test('is appended to what the application has set, in one field or in several', () => {
    expect(
      injected(serverTimingPropagator, { 'server-timing': ['db;dur=5', 'app;desc="a, b"'] })['server-timing'],
    ).toEqual([`db;dur=5, app;desc="a, b", ${TIMING}`]);
  });

  test('stands once, however often it is injected', () => {
    expect(injected(serverTimingPropagator, {}, 1, 3)).toEqual(injected(serverTimingPropagator));
  });

  test.each([
    [['X-Total'], 'X-Total, Server-Timing'],
    [['X-Total, server-timing'], 'X-Total, server-timing'],
    [['X-Total', 'SERVER-TIMING'], undefined],
    [['*'], '*, Server-Timing'],
    [[''], 'Server-Timing'],
  ])('merges into the exposed headers %j', (exposed, merged) => {
    const headers = injected(serverTimingPropagator, { 'access-control-expose-headers': exposed });
    expect(headers['access-control-expose-headers']).toEqual(merged === undefined ? exposed : [merged]);
  });
});

test('traceresponse tells the trace by itself (propagation:response)', () => {
  expect(injected(traceResponsePropagator)).toEqual({
    traceresponse: [`00-${TRACE}-${SPAN}-01`],
    'access-control-expose-headers': ['traceresponse'],
  });
});

describe.each([
  ['serverTimingPropagator', serverTimingPropagator, ['server-timing', 'access-control-expose-headers']],
  ['traceResponsePropagator', traceResponsePropagator, ['traceresponse', 'access-control-expose-headers']],
])('%s', (_name, propagator, fields) => {
  test('names the fields that it sets', () => {
    expect(propagator.fields()).toEqual(fields);
  });

  test('extracts nothing', () => {
    expect(propagator.extract(ROOT_CONTEXT, { traceresponse: 'x' }, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
  });

  test.each([
    ['no span', ROOT_CONTEXT],
    ['an invalid span', inContext(1, '0'.repeat(32))],
  ])('injects nothing for %s', (_case, context) => {
    const carrier = response(200);
    compileResponsePropagator(propagator, plainResponse)(context, carrier);
    expect(carrier.headers.size).toBe(0);
  });
});
