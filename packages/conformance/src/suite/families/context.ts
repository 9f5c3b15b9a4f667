import { expect } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import type { Requires } from '../register-tests.js';

/** The active context while a request is handled. */
export function requestContext(requires: Requires): void {
  requires(
    'context:active',
    'the span is active in later middleware and all through the handler',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('context');
      await app.spans(1);
      const { traceId, spanId } = app.spanContext(0);
      const own = { traceId, spanId };
      expect(app.application.passed).toEqual([own]);
      expect(JSON.parse(exchange.body)).toEqual({
        synchronously: own,
        'after await': own,
        'after a timer': own,
        'after setImmediate': own,
        'in nextTick': own,
        'in a microtask': own,
        'after Promise.all': own,
      });
    },
  );

  requires('context:active', 'the span is active in listeners of request and response', async ({ start }) => {
    const app = await start();
    await app.ask('emitters', { body: ['first', 'second', 'third'] });
    await app.spans(1);
    const { traceId, spanId } = app.spanContext(0);
    const own = { traceId, spanId };
    expect(app.application.heard).toEqual({
      'request data': own,
      'request end': own,
      'response finish': own,
    });
  });

  requires('context:active', 'spans of the application nest under the server span', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('child');
    const spans = await app.spans(3);
    const [inner, outer, server] = [0, 1, 2].map((index) => app.spanContext(index));
    const { traceId } = server as { traceId: string };
    const made = (name: string, spanId: string | undefined) => ({
      name,
      kind: SpanKind.INTERNAL,
      attributes: {},
      status: { code: 0 },
      events: [],
      links: [],
      parent: { traceId, spanId, remote: false },
      scope: { name: 'application', version: '1.0.0', schemaUrl: undefined },
    });
    expect(spans).toEqual([
      made('inner', outer?.spanId),
      made('outer', server?.spanId),
      app.expected(exchange),
    ]);
    expect(inner?.traceId).toBe(traceId);
  });

  requires('context:isolation', 'overlapping requests never see each other’s span', async ({ start }) => {
    const app = await start();
    const delays = Array.from({ length: 40 }, (_, index) => (index * 7) % 40);
    const exchanges = await Promise.all(
      delays.map((delay) => app.request(`/slow/${delay}?caller=${delay}`, { endpoint: 'slow' })),
    );
    const spans = await app.spans(exchanges.length);
    const activeByQuery = new Map(
      exchanges.map(({ sent, body }) => [sent.target.split('?')[1], JSON.parse(body)]),
    );
    expect(activeByQuery.size).toBe(delays.length);
    for (const [index, { attributes }] of spans.entries()) {
      const { traceId, spanId } = app.spanContext(index);
      expect(activeByQuery.get(String(attributes['url.query']))).toEqual({ traceId, spanId });
    }
    expect(new Set(app.telemetry.ended.map((ended) => ended.spanContext().traceId)).size).toBe(delays.length);
  });
}
