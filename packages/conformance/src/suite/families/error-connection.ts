import { expect } from '@jest/globals';
import { withVariables } from '@otel-middleware/testbed/variables';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import { CLIENT_DISCONNECTED, exceptionAttributes } from '../../expect/expected-span.js';
import { HAS_LOGS, withRecordedLogs } from '../../expect/logs.js';
import { destroyError, thrownError } from '../../fixture/failures.js';
import { matrix } from '../../matrix.js';
import type { Requires } from '../register-tests.js';

const GONE = { errorType: CLIENT_DISCONNECTED };

/** Failures of the connection, and where exceptions are recorded. */
export function errorConnection(requires: Requires): void {
  requires(
    'error:before-head',
    'a response destroyed before its head has no status code',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('destroyed');
      expect(await app.spans(1)).toEqual([app.expected(exchange, GONE)]);
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange, GONE), count: 1 }]);
    },
  );

  requires(
    'error:before-head',
    'the error that a response was destroyed with is recorded',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('destroyedWithError');
      const failure = {
        errorType: 'StreamError',
        description: destroyError.message,
        exception: { error: destroyError },
      };
      expect(await app.spans(1)).toEqual([app.expected(exchange, failure)]);
      expect(await app.durations(1)).toEqual([
        { attributes: app.expectedMetric(exchange, failure), count: 1 },
      ]);
    },
  );

  requires('error:abort', 'a client that leaves before the head is told apart', async ({ start }) => {
    const app = await start();
    const exchange = await app.abandon('hang');
    expect(await app.spans(1)).toEqual([app.expected(exchange, GONE)]);
    expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange, GONE), count: 1 }]);
  });

  requires(
    'error:abort',
    'a handler that answers after its client left changes nothing',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.abandon('slow');
      expect(await app.spans(1)).toEqual([app.expected(exchange, GONE)]);
    },
  );

  requires(
    'error:abort',
    'a client that leaves during the body keeps the code that was sent',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.abandonBody('stream');
      expect([exchange.status, exchange.complete]).toEqual([200, false]);
      expect(await app.spans(1)).toEqual([app.expected(exchange, GONE)]);
      expect(await app.durations(1)).toEqual([{ attributes: app.expectedMetric(exchange, GONE), count: 1 }]);
    },
  );

  requires('error:type-agrees', 'span and metric have the same error.type, or none', async ({ start }) => {
    const app = await start();
    const endpoints = [
      'order',
      'unmatched',
      'redirect',
      'thrown',
      'clientError',
      'midStream',
      'destroyed',
    ] as const;
    for (const endpoint of endpoints) await app.ask(endpoint);
    await app.request('/status/503');
    await app.abandon('hang');
    await app.abandonBody('stream');
    const spans = await app.spans(10);
    const types = spans.map(({ attributes }) => attributes['error.type']);
    expect(types).toEqual([
      ...[undefined, undefined, undefined, '500', undefined, 'StreamError', CLIENT_DISCONNECTED],
      ...['503', CLIENT_DISCONNECTED, CLIENT_DISCONNECTED],
    ]);
    expect(app.telemetry.measurements.map(({ attributes }) => attributes['error.type'])).toEqual(types);
  });

  /**
   * Lets a handler throw while the environment asks for a signal; tells events of the span and log records.
   */
  const recorded = async (app: SystemUnderTest): Promise<object> => {
    const emitted = await withRecordedLogs(async () => {
      await app.ask('thrown');
      await app.spans(1);
    });
    const [failed] = await app.spans(1);
    return { events: failed?.events, logs: emitted };
  };

  for (const [signal, toEvents, toLogs] of [
    [undefined, true, false],
    ['logs', !HAS_LOGS, HAS_LOGS],
    ['logs/dup', true, HAS_LOGS],
  ] as const) {
    requires(
      'error:signal',
      `${signal ?? 'unset'}: the exception is recorded where it is asked for`,
      async ({ start }) => {
        const variables = signal === undefined ? {} : { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: signal };
        const app = await withVariables(variables, () => start());
        const found = await recorded(app);
        const { traceId, spanId } = app.spanContext(0);
        const attributes = exceptionAttributes(thrownError);
        const log = {
          eventName: 'http.server.request.exception',
          severityNumber: 17,
          attributes,
          span: { traceId, spanId },
          scope: { name: matrix.packageName, version: matrix.packageVersion },
        };
        expect(found).toEqual({
          events: toEvents ? [{ name: 'exception', attributes }] : [],
          logs: toLogs ? [log] : [],
        });
      },
    );
  }
}
