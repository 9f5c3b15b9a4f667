import { expect } from '@jest/globals';
import { underHttpInstrumentation } from '../../driver/http-instrumentation.js';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import { Telemetry } from '../../driver/telemetry.js';
import type { Exchange } from '../../expect/exchange.js';
import type { PlainSpan } from '../../expect/expected-span.js';
import { exceptionAttributes } from '../../expect/expected-span.js';
import { thrownError } from '../../fixture/failures.js';
import type { Requires } from '../register-tests.js';

/** A span of another instrumentation without what differs from request to request. */
function comparable(span: PlainSpan | undefined, { client }: Exchange, app: SystemUnderTest): object {
  const { 'http.url': _, ...attributes } = span?.attributes ?? {};
  expect(attributes['network.peer.port']).toBe(client?.port);
  expect(attributes['server.port']).toBe(app.port);
  return { ...span, attributes: { ...attributes, 'network.peer.port': 0, 'server.port': 0 } };
}

/** More than one instrumentation on one request. */
export function nested(requires: Requires): void {
  for (const endpoint of ['order', 'thrown', 'unmatched', 'rawWrite'] as const) {
    requires(
      'nested:foreign-span',
      `${endpoint}: the span of another instrumentation is enriched, once`,
      async ({ start }) => {
        const telemetry = new Telemetry();
        const hooked: string[] = [];
        const options = {
          captureRequestHeaders: ['x-tenant-id'],
          captureResponseHeaders: ['x-shelf'],
          requestHook: () => void hooked.push('request'),
          responseHook: () => void hooked.push('response'),
        };
        const headers = { 'X-Tenant-Id': 'acme' };
        const without = await start({ instrumented: false, telemetry: new Telemetry() });
        const [alone] = await underHttpInstrumentation(without.telemetry, async () => {
          const exchange = await without.ask(endpoint, { headers });
          return [comparable((await without.spans(1))[0], exchange, without) as PlainSpan];
        });
        const app = await start({ telemetry, options });
        await underHttpInstrumentation(telemetry, async () => {
          const exchange = await app.ask(endpoint, { headers });
          const spans = await app.spans(1);
          const route = app.route(endpoint);
          expect(spans.map((span) => comparable(span, exchange, app))).toEqual([
            {
              ...alone,
              name: route === undefined ? 'GET' : `GET ${route}`,
              attributes: {
                ...alone?.attributes,
                'http.request.header.x-tenant-id': ['acme'],
                ...(route === undefined ? {} : { 'http.route': route }),
                ...(endpoint === 'rawWrite' ? { 'http.response.header.x-shelf': ['raw'] } : {}),
              },
              events:
                endpoint === 'thrown'
                  ? [{ name: 'exception', attributes: exceptionAttributes(thrownError) }]
                  : [],
            },
          ]);
          const [point] = await app.durations(1);
          expect(point?.attributes['http.route']).toBe(route);
        });
        expect(hooked).toEqual(['request', 'response']);
      },
    );
  }

  requires('nested:downstream', 'the server span is in the RPC metadata', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('metadata');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
    const { traceId, spanId } = app.spanContext(0);
    expect(JSON.parse(exchange.body)).toEqual({ type: 'http', traceId, spanId });
  });

  for (const registration of ['twice', 'sub-app', 'server'] as const) {
    requires('nested:twice', `registered ${registration}: one span`, async ({ start }) => {
      const app = await start({ registration });
      const exchanges = [await app.ask('order'), await app.ask('subApp'), await app.ask('unmatched')];
      const thrown = await app.ask('thrown');
      expect((await app.spans(4)).map(({ scope: _, ...span }) => span)).toEqual(
        [
          ...exchanges.map((exchange) => app.expected(exchange)),
          app.expected(thrown, { exception: { error: thrownError } }),
        ].map(({ scope: _, ...span }) => span),
      );
      await app.durations(4);
    });
  }

  requires('nested:internal-fetch', 'a request in process leaves the outer span alone', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('internal');
    const spans = await app.spans(2);
    expect(spans[1]).toEqual(app.expected(exchange));
    expect(spans[0]?.attributes['url.path']).toBe('/orders/42');
    expect(app.spanContext(1).spanId).not.toBe(app.spanContext(0).spanId);
    expect(JSON.parse(exchange.body).spanId).toBe(app.spanContext(1).spanId);
  });
}
