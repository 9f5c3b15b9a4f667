import { expect } from '@jest/globals';
import type { Exchange } from '../../expect/exchange.js';
import type { EndpointName } from '../../fixture/endpoints.js';
import { nonErrors, rejectedError, streamError, thrownError } from '../../fixture/failures.js';
import type { Requires, TestContext } from '../register-tests.js';

/** The parts of a response by which a client can tell it from another. */
function response({ status, headers, body, complete }: Exchange): object {
  const { date: _, ...others } = headers;
  return { status, headers: others, body, complete };
}

/** Asks an endpoint that fails, and requires what nobody handles to be recorded as it is. */
async function expectUnhandled({ start }: TestContext, endpoint: EndpointName, error: Error): Promise<void> {
  const without = await start({ instrumented: false });
  const app = await start();
  const exchange = await app.ask(endpoint);
  expect(response(exchange)).toEqual(response(await without.ask(endpoint)));
  expect(app.application.errors).toHaveLength(1);
  expect(app.application.errors[0]?.error).toBe(error);
  expect(await app.spans(1)).toEqual([app.expected(exchange, { exception: { error } })]);
}

/** Failures of handlers. */
export function error(requires: Requires): void {
  requires('error:thrown', 'what a handler throws is recorded once and reaches the framework once', (test) =>
    expectUnhandled(test, 'thrown', thrownError),
  );
  requires(
    'error:thrown',
    'what a handler rejects with is recorded once and reaches the framework once',
    (test) => expectUnhandled(test, 'rejected', rejectedError),
  );

  for (const status of [501, 418, 200]) {
    requires(
      'error:handler',
      `an error handler that answers ${status} decides the status`,
      async ({ start, adapter }) => {
        const app = await start();
        const exchange = await app.request(`/handled/${status}`, { endpoint: 'handled' });
        expect(exchange.status).toBe(status);
        const spans = await app.spans(1);
        const { errors } = app.application;
        expect(errors).toHaveLength(1);
        const recorded = status >= 500 && adapter.handledErrors !== 'unseen';
        expect(spans).toEqual([
          app.expected(exchange, recorded ? { exception: { error: errors[0]?.error } } : {}),
        ]);
        const { traceId, spanId } = app.spanContext(0);
        expect(errors[0]?.active).toEqual({ traceId, spanId });
      },
    );
  }

  requires('error:4xx', 'an error that stands for a 4xx is no exception', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('clientError');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  for (const status of [200, 500]) {
    requires(
      'error:swallowed',
      `middleware that turns an error into ${status} decides`,
      async ({ start }) => {
        const app = await start();
        const exchange = await app.request(`/swallowed/${status}`, { endpoint: 'swallowed' });
        expect(exchange.status).toBe(status);
        expect(await app.spans(1)).toEqual([app.expected(exchange)]);
      },
    );
  }

  for (const [kind, value] of Object.entries(nonErrors)) {
    requires(
      'error:non-error',
      `${kind}: throwing it breaks neither response nor span`,
      async ({ start }) => {
        const without = await start({ instrumented: false });
        const app = await start();
        const target = `/non-error/${kind}`;
        const exchange = await app.request(target, { endpoint: 'nonError' });
        expect(response(exchange)).toEqual(response(await without.request(target, { endpoint: 'nonError' })));
        // Express takes a thrown undefined for a call of next(), and answers 404.
        const failed = exchange.status === 500;
        const expectation = failed ? { exception: { error: value } } : { route: undefined };
        expect(await app.spans(1)).toEqual([app.expected(exchange, expectation)]);
      },
    );
  }

  requires(
    'error:mid-stream',
    'a body that fails after the head is an error with the code that was sent',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('midStream');
      expect([exchange.body, exchange.complete]).toEqual(['first', false]);
      const failure = {
        errorType: 'StreamError',
        description: streamError.message,
        exception: { error: streamError },
      };
      expect(await app.spans(1)).toEqual([app.expected(exchange, failure)]);
      expect(await app.durations(1)).toEqual([
        { attributes: app.expectedMetric(exchange, failure), count: 1 },
      ]);
    },
  );
}
