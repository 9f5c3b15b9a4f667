import { beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { LogRecord } from 'opentelemetry-api-1.10';
import { logs, ROOT_CONTEXT, trace } from 'opentelemetry-api-1.10';

// The source as an application with API 1.10 resolves it: the real one, in the place of 1.9.
jest.unstable_mockModule('@opentelemetry/api', () => import('opentelemetry-api-1.10'));

const SCOPE = { name: 'plain-http', version: '1.2.3' };
const VARIABLE = 'OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN';
let exceptionRecorder: typeof import('../../src/otel/exceptions.js').exceptionRecorder;
let SERVER_EXCEPTION: typeof import('../../src/otel/exceptions.js').SERVER_EXCEPTION;
const emitted: { scope: unknown[]; record: LogRecord }[] = [];

beforeAll(async () => {
  ({ exceptionRecorder, SERVER_EXCEPTION } = await import('../../src/otel/exceptions.js'));
  logs.setGlobalLoggerProvider({
    getLogger: (...scope) => ({
      enabled: () => true,
      emit: (record) => {
        emitted.push({ scope, record });
      },
    }),
  });
});
beforeEach(() => {
  emitted.length = 0;
});

const error = new RangeError('out of range');

function recordedBy(signal: string) {
  const { tracerProvider, spans } = startTelemetry();
  const span = tracerProvider.getTracer('test').startSpan('GET');
  const context = trace.setSpan(ROOT_CONTEXT, span);
  const record = withVariables({ [VARIABLE]: signal }, () => exceptionRecorder(SCOPE, SERVER_EXCEPTION));
  record({ error, time: performance.now() }, span, context);
  span.end();
  return { events: spans()[0]?.events.map(({ name }) => name), context };
}

test.each(['', 'span', 'LOGS'])('%j records a span event and no log (error:signal)', (signal) => {
  expect(recordedBy(signal).events).toEqual(['exception']);
  expect(emitted).toEqual([]);
});

test.each([
  ['logs', []],
  ['logs/dup', ['exception']],
  ['database, logs', []],
])('%j records one log, and span events %j (error:signal)', (signal, events) => {
  const recorded = recordedBy(signal);
  expect(recorded.events).toEqual(events);
  const timestamp = emitted[0]?.record.timestamp as number;
  expect(emitted).toEqual([
    {
      scope: [SCOPE.name, SCOPE.version],
      record: {
        eventName: 'http.server.request.exception',
        severityNumber: 17,
        severityText: 'ERROR',
        timestamp,
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'out of range',
          'exception.stacktrace': error.stack,
        },
        context: recorded.context,
      },
    },
  ]);
  expect(Math.abs(timestamp - Date.now())).toBeLessThan(50);
});

test('a log is emitted also for a span that does not record (error:signal)', () => {
  const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 });
  const record = withVariables({ [VARIABLE]: 'logs' }, () => exceptionRecorder(SCOPE, SERVER_EXCEPTION));
  record({ error, time: performance.now() }, span, ROOT_CONTEXT);
  expect(emitted).toHaveLength(1);
});

test('the time follows the wall clock where that was set anew since the process began (error:signal)', () => {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
  try {
    recordedBy('logs');
    expect(Math.abs((emitted[0]?.record.timestamp as number) - Date.now())).toBeLessThan(50);
  } finally {
    now.mockRestore();
  }
});
