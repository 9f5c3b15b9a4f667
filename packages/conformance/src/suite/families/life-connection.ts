import { Agent } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from '@jest/globals';
import { sendHttp2 } from '../../driver/http2-client.js';
import { sendRaw } from '../../driver/raw-client.js';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import { until } from '../../driver/until.js';
import type { Exchange } from '../../expect/exchange.js';
import { CLIENT_DISCONNECTED } from '../../expect/expected-span.js';
import type { Requires } from '../register-tests.js';

/** The n-th of as many distinct callers as wanted. */
function caller(index: number): { traceId: string; spanId: string; traceFlags: number } {
  const digits = (index + 1).toString(16);
  return { traceId: digits.padStart(32, 'a'), spanId: digits.padStart(16, 'b'), traceFlags: 1 };
}

function traceparent(index: number): string {
  const { traceId, spanId } = caller(index);
  return `00-${traceId}-${spanId}-01`;
}

/** Requires every exchange to have made its own span, under its own caller. */
async function expectOwnParents(app: SystemUnderTest, exchanges: readonly Exchange[]): Promise<void> {
  const byTrace = (a: { parent?: { traceId: string } | undefined }, b: typeof a): number =>
    (a.parent?.traceId ?? '') < (b.parent?.traceId ?? '') ? -1 : 1;
  const spans = await app.spans(exchanges.length);
  const expected = exchanges.map((exchange, index) => app.expected(exchange, { parent: caller(index) }));
  expect([...spans].sort(byTrace)).toEqual([...expected].sort(byTrace));
}

/** Connections beyond one request and one response. */
export function lifeConnection(requires: Requires): void {
  requires('life:trailers', 'a response with trailers makes one span', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('trailers');
    expect(exchange.trailers).toEqual({ 'x-checksum': 'abc' });
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires('life:continue', 'an expected 100 is not the status', async ({ start }) => {
    const app = await start();
    const headers = { Expect: '100-continue', 'Content-Type': 'application/json' };
    const exchange = await app.ask('upload', { headers, body: '{"bread":2}' });
    expect(exchange.informational).toEqual([100]);
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires('life:early-hints', 'early hints are not the status', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('earlyHints');
    expect(exchange.informational).toEqual([103]);
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires('life:keep-alive', 'a hundred requests one after the other on one socket', async ({ start }) => {
    const app = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const exchanges = [];
    for (let index = 0; index < 100; index++) {
      exchanges.push(
        await app.request(
          `/orders/${index}`,
          { endpoint: 'order', headers: { traceparent: traceparent(index) } },
          agent,
        ),
      );
    }
    expect(new Set(exchanges.map(({ client }) => client?.port)).size).toBe(1);
    await expectOwnParents(app, exchanges);
    agent.destroy();
  });

  requires('life:keep-alive', 'a hundred requests at once on shared sockets', async ({ start }) => {
    const app = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const exchanges = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        app.request('/slow/1', { endpoint: 'slow', headers: { traceparent: traceparent(index) } }, agent),
      ),
    );
    expect(new Set(exchanges.map(({ client }) => client?.port)).size).toBeLessThanOrEqual(10);
    await expectOwnParents(app, exchanges);
    agent.destroy();
  });

  requires('life:keep-alive', 'pipelined requests', async ({ start }) => {
    const app = await start();
    const requests = Array.from({ length: 10 }, (_, index) => ({
      target: `/slow/${10 - index}`,
      headers: [
        ['Host', 'example.com'],
        ['traceparent', traceparent(index)],
        ...(index === 9 ? ([['Connection', 'close']] as const) : []),
      ] as const,
    }));
    const exchanges = (await app.raw(...requests)).map(
      (exchange) => ({ ...exchange, endpoint: 'slow' }) as const,
    );
    expect(exchanges.map(({ status }) => status)).toEqual(Array(10).fill(200));
    await expectOwnParents(app, exchanges);
  });

  requires(
    ['life:keep-alive', 'error:abort'],
    'pipelined requests end when their client leaves',
    async ({ start }) => {
      const app = await start();
      const listening: number[] = [];
      app.served.server.on('connection', (connection: Socket) => {
        app.served.server.on('request', () => listening.push(connection.listenerCount('close')));
      });
      const requests = Array.from({ length: 20 }, (_, index) => ({
        target: `/hang/${index}`,
        headers: [['Host', 'example.com']] as const,
      }));
      const handled = until(
        () => app.application.entered.length === 20,
        () => 'twenty handlers',
      );
      const exchanges = await sendRaw(app.address as AddressInfo, requests, handled);
      const gone = { route: app.route('hang'), errorType: CLIENT_DISCONNECTED };
      expect(await app.spans(20)).toEqual(exchanges.map((exchange) => app.expected(exchange, gone)));
      // Node warns of a leak from more than ten listeners on.
      expect(Math.max(...listening)).toBeLessThanOrEqual(10);
    },
  );

  requires(['life:h2', 'attribute:protocol'], 'HTTP/2 makes the same spans', async ({ start }) => {
    const app = await start({ protocol: 'h2' });
    const [order, unmatched, upload] = await sendHttp2(app.address as never, [
      { target: '/orders/42?a=1', endpoint: 'order', headers: { traceparent: traceparent(0) } },
      { target: '/nowhere', headers: { traceparent: traceparent(1) } },
      {
        target: '/upload',
        endpoint: 'upload',
        method: 'POST',
        body: '{"bread":2}',
        headers: { traceparent: traceparent(2), 'content-type': 'application/json' },
      },
    ]);
    const exchanges = [order, unmatched, upload] as readonly Exchange[];
    expect(exchanges.map(({ status }) => status)).toEqual([200, 404, 200]);
    await expectOwnParents(app, exchanges);
  });

  requires('life:h2', 'a client that resets its stream is told apart', async ({ start }) => {
    const app = await start({ protocol: 'h2' });
    const [exchange] = await sendHttp2(app.address as never, [
      { target: '/stream/7', endpoint: 'stream', resetAfterChunk: true },
    ]);
    expect(exchange?.status).toBe(200);
    expect(await app.spans(1)).toEqual([
      app.expected(exchange as Exchange, { errorType: CLIENT_DISCONNECTED }),
    ]);
  });

  requires('life:server-close', 'a server that closes gracefully loses no span', async ({ start }) => {
    const app = await start();
    const calls = Array.from({ length: 10 }, () => app.call('/stream/7', { endpoint: 'stream' }));
    await Promise.all(calls.map(({ head }) => head));
    const closed = app.close();
    const exchanges = await Promise.all(calls.map(({ done }) => done));
    await closed;
    expect(exchanges.map(({ complete }) => complete)).toEqual(Array(10).fill(true));
    const port = (span: { attributes: Record<string, unknown> }): number =>
      Number(span.attributes['network.peer.port']);
    const spans = await app.spans(10);
    const expected = exchanges.map((exchange) => app.expected(exchange));
    expect([...spans].sort((a, b) => port(a) - port(b))).toEqual(
      [...expected].sort((a, b) => port(a) - port(b)),
    );
  });
}
