import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { withVariables } from '@otel-middleware/testbed/variables';
import {
  errorMessage,
  errorType,
  exceptionAttributes,
  exceptionRecorder,
  SERVER_EXCEPTION,
} from '../../src/otel/exceptions.js';
import { SCOPE } from '../plain-http.js';

class PaymentError extends Error {}
class NamedError extends Error {
  override name = 'CardDeclined';
}

const everythingThrows = new Proxy(new Error('inner'), {
  get: () => {
    throw new Error('no property of mine');
  },
  getPrototypeOf: () => {
    throw new Error('no prototype of mine');
  },
  has: () => {
    throw new Error('no key of mine');
  },
});

const refuse = (property: string) => ({
  get: () => {
    throw new Error(`no ${property}`);
  },
});
// The stack first: V8 reads the name for the stack that was there.
const throwingGetters = Object.defineProperties(new Error('inner'), {
  stack: refuse('stack'),
  message: refuse('message'),
  name: refuse('name'),
  constructor: refuse('constructor'),
});

const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const unprintable = 'an error that cannot be turned into text';

/** Everything that can be thrown, with `error.type`, `exception.type` and the message that it becomes. */
const THROWABLES: [string, unknown, string, string, string][] = [
  ['an Error', new Error('x'), 'Error', 'Error', 'x'],
  ['a RangeError', new RangeError('x'), 'RangeError', 'RangeError', 'x'],
  ['a subclass without a name of its own', new PaymentError('x'), 'PaymentError', 'PaymentError', 'x'],
  ['a subclass with a name', new NamedError('x'), 'CardDeclined', 'CardDeclined', 'x'],
  ['an anonymous subclass', new (class extends Error {})('x'), 'Error', 'Error', 'x'],
  [
    'an Error with a system code',
    Object.assign(new Error('x'), { code: 'ECONNRESET' }),
    'ECONNRESET',
    'Error',
    'x',
  ],
  ['an Error with a numeric code', Object.assign(new Error('x'), { code: 42 }), 'Error', 'Error', 'x'],
  [
    'an Error with a code in prose',
    Object.assign(new Error('x'), { code: 'no such user 7' }),
    'Error',
    'Error',
    'x',
  ],
  [
    'a TypeError with a code',
    Object.assign(new TypeError('x'), { code: 'ERR_INVALID' }),
    'TypeError',
    'TypeError',
    'x',
  ],
  ['an Error without a message', new Error(), 'Error', 'Error', 'Error'],
  [
    'an Error whose name is data',
    Object.assign(new Error('x'), { name: 'Order 4711 failed' }),
    '_OTHER',
    'object',
    'x',
  ],
  ['a frozen Error', Object.freeze(new Error('x')), 'Error', 'Error', 'x'],
  ['an Error of another realm', runInNewContext('new RangeError("x")'), 'RangeError', 'RangeError', 'x'],
  ['a DOMException', new DOMException('x', 'AbortError'), 'AbortError', 'AbortError', 'x'],
  ['an AggregateError', new AggregateError([new Error('y')], 'x'), 'AggregateError', 'AggregateError', 'x'],
  ['a string', 'text', '_OTHER', 'string', 'text'],
  ['an empty string', '', '_OTHER', 'string', ''],
  ['undefined', undefined, '_OTHER', 'undefined', 'undefined'],
  ['null', null, '_OTHER', 'null', 'null'],
  ['a number', 42, '_OTHER', 'number', '42'],
  ['a bigint', 42n, '_OTHER', 'bigint', '42'],
  ['a symbol', Symbol('s'), '_OTHER', 'symbol', 'Symbol(s)'],
  ['a plain object', {}, '_OTHER', 'object', '[object Object]'],
  ['a record with a name', { name: 'Jane Doe' }, '_OTHER', 'object', '[object Object]'],
  ['a frozen object without prototype', Object.freeze(Object.create(null)), '_OTHER', 'object', unprintable],
  [
    'an object whose toString throws',
    {
      toString: () => {
        throw new Error('no');
      },
    },
    '_OTHER',
    'object',
    unprintable,
  ],
  ['a proxy that throws at every touch', everythingThrows, '_OTHER', 'object', unprintable],
  ['a revoked proxy', revoked, '_OTHER', 'object', unprintable],
  [
    'an Error whose constructor cannot be read',
    Object.defineProperty(new Error('x'), 'constructor', refuse('constructor')),
    'Error',
    'Error',
    'x',
  ],
  ['an Error whose getters throw', throwingGetters, '_OTHER', 'object', unprintable],
];

// Not `describe.each`: it prints what it is given, and these are not to be touched.
for (const [name, error, type, exceptionType, message] of THROWABLES) {
  test(`${name} has a type and a message (error:non-error)`, () => {
    expect(errorType(error)).toBe(type);
    expect(errorMessage(error)).toBe(message);
  });

  test(`${name} is recorded once, with text alone (error:non-error, attribute:no-nullish)`, () => {
    const { tracerProvider, spans } = startTelemetry();
    const span = tracerProvider.getTracer('test').startSpan('GET');
    exceptionRecorder(SCOPE, SERVER_EXCEPTION)({ error, time: performance.now() }, span, ROOT_CONTEXT);
    span.end();
    const [{ events }] = spans() as [ReadableSpan];
    expect(events).toHaveLength(1);
    const { 'exception.stacktrace': stack, ...attributes } = events[0]?.attributes ?? {};
    expect(attributes).toEqual({ 'exception.type': exceptionType, 'exception.message': message });
    expect(stack === undefined || (typeof stack === 'string' && stack !== '')).toBe(true);
  });
}

test('an Error is recorded with its stack, whose first line is its own (error:thrown)', () => {
  const error = new PaymentError('declined');
  expect(exceptionAttributes(error)).toEqual({
    'exception.type': 'PaymentError',
    'exception.message': 'declined',
    'exception.stacktrace': error.stack,
  });
});

test('the event carries the time at which the error was caught, not that of the recording (error:thrown)', async () => {
  const { tracerProvider, spans } = startTelemetry();
  const span = tracerProvider.getTracer('test').startSpan('GET');
  const caughtAt = Date.now();
  const caught = { error: new Error('x'), time: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, 120));
  exceptionRecorder(SCOPE, SERVER_EXCEPTION)(caught, span, ROOT_CONTEXT);
  span.end();
  const [seconds, nanos] = spans()[0]?.events[0]?.time ?? [0, 0];
  expect(Math.abs(seconds * 1000 + nanos / 1e6 - caughtAt)).toBeLessThan(50);
});

test('nothing is read of an error for a span that does not record', () => {
  exceptionRecorder(SCOPE, SERVER_EXCEPTION)(
    { error: everythingThrows, time: 0 },
    trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }),
    ROOT_CONTEXT,
  );
});

test.each(['logs', 'logs/dup'])(
  '%s falls back to span events where the API has no logs (error:signal)',
  (signal) => {
    const { tracerProvider, spans } = startTelemetry();
    const record = withVariables({ OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: signal }, () =>
      exceptionRecorder(SCOPE, SERVER_EXCEPTION),
    );
    const span = tracerProvider.getTracer('test').startSpan('GET');
    record({ error: new Error('x'), time: performance.now() }, span, ROOT_CONTEXT);
    span.end();
    expect(spans()[0]?.events.map(({ name }) => name)).toEqual(['exception']);
  },
);
