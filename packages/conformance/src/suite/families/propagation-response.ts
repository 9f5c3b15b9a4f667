import { expect } from '@jest/globals';
import { serverTimingPropagator, traceResponsePropagator } from '@otel-middleware/core';
import type { Requires } from '../register-tests.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const UNSAMPLED = `00-${TRACE_ID}-b7ad6b7169203331-00`;

/** Propagation out of the request, to the caller. */
export function propagationResponse(requires: Requires): void {
  for (const endpoint of [
    'order',
    'timing',
    'rawWrite',
    'chunked',
    'redirect',
    'thrown',
    'unmatched',
  ] as const) {
    requires(
      'propagation:response',
      `${endpoint}: the response tells its trace, beside what it says itself`,
      async ({ start }) => {
        const app = await start({ options: { responsePropagator: serverTimingPropagator } });
        const { headers } = await app.ask(endpoint);
        await app.spans(1);
        const { traceId, spanId } = app.spanContext(0);
        const [ownTiming, ownExposed] = endpoint === 'timing' ? ['db;dur=5, ', 'X-Shelf, '] : ['', ''];
        expect(headers['server-timing']).toBe(`${ownTiming}trace;desc=00-${traceId}-${spanId}-01`);
        expect(headers['access-control-expose-headers']).toBe(`${ownExposed}Server-Timing`);
      },
    );
  }

  requires(
    ['propagation:response', 'nested:twice'],
    'registered twice, a response tells its trace once',
    async ({ start }) => {
      const app = await start({
        options: { responsePropagator: serverTimingPropagator },
        registration: 'twice',
      });
      const { headers } = await app.ask('timing');
      await app.spans(1);
      const { traceId, spanId } = app.spanContext(0);
      expect(headers['server-timing']).toBe(`db;dur=5, trace;desc=00-${traceId}-${spanId}-01`);
      expect(headers['access-control-expose-headers']).toBe('X-Shelf, Server-Timing');
    },
  );

  requires('propagation:response', 'traceresponse is another propagator', async ({ start }) => {
    const app = await start({ options: { responsePropagator: traceResponsePropagator } });
    const { headers } = await app.ask('order', { headers: { traceparent: UNSAMPLED } });
    expect(headers.traceresponse).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
    expect(headers['access-control-expose-headers']).toBe('traceresponse');
    await app.durations(1);
  });

  requires('propagation:response', 'by default a response tells nothing', async ({ start }) => {
    const without = await start({ instrumented: false });
    const app = await start();
    const [bare, instrumented] = [await without.ask('timing'), await app.ask('timing')];
    expect(Object.keys(instrumented.headers)).toEqual(Object.keys(bare.headers));
    expect(instrumented.headers['server-timing']).toBe('db;dur=5');
  });
}
