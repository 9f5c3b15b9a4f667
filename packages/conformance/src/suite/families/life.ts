import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from '@jest/globals';
import type { HistogramMetricData } from '@opentelemetry/sdk-metrics';
import type { SystemUnderTest } from '../../driver/system-under-test.js';
import { CLIENT_DISCONNECTED } from '../../expect/expected-span.js';
import type { EndpointName } from '../../fixture/endpoints.js';
import { matrix } from '../../matrix.js';
import type { Requires } from '../register-tests.js';

/** The duration of a span in seconds, by its place among those that have ended. */
function seconds({ telemetry }: SystemUnderTest, index: number): number {
  const [whole = 0, nanos = 0] = telemetry.ended[index]?.duration ?? [];
  return whole + nanos / 1e9;
}

/** All listeners of a socket, of whatever event. */
function listeners(socket: Socket): number {
  return socket.eventNames().reduce((sum, event) => sum + socket.listenerCount(event), 0);
}

/**
 * Requests on each of twenty connections: with a hundred that are abandoned they make ten thousand. One cell
 * of the matrix is enough for so many.
 */
const PIPELINED = matrix.first ? 495 : 45;

/** When spans end, and that they do. */
export function life(requires: Requires): void {
  for (const endpoint of ['stream', 'events'] as const) {
    requires('life:streamed', `${endpoint}: the span lasts until the last byte`, async ({ start }) => {
      const app = await start();
      const begun = performance.now();
      const exchange = await app.ask(endpoint);
      const elapsed = (performance.now() - begun) / 1000;
      expect(await app.spans(1)).toEqual([app.expected(exchange)]);
      expect(exchange.complete).toBe(true);
      expect(seconds(app, 0)).toBeGreaterThanOrEqual(0.3);
      expect(seconds(app, 0)).toBeLessThan(elapsed + 0.05);
    });
  }

  requires('life:after-response', 'work after the response is not in the duration', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('after');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
    expect(seconds(app, 0)).toBeLessThan(0.1);
  });

  requires('life:after-response', 'span and metric have one duration', async ({ start }) => {
    const app = await start();
    await app.ask('chunked');
    await app.spans(1);
    await app.durations(1);
    const [duration] = (await app.telemetry.metrics()) as readonly HistogramMetricData[];
    // Span times are rounded to nanoseconds.
    expect(duration?.dataPoints[0]?.value.sum).toBeCloseTo(seconds(app, 0), 6);
  });

  requires('life:head-204-304', 'responses without a body end their span', async ({ start }) => {
    const app = await start();
    const exchanges = [
      await app.ask('order', { method: 'HEAD' }),
      await app.request('/status/204', { endpoint: 'status' }),
      await app.request('/status/304', { endpoint: 'status' }),
    ];
    expect(exchanges.map(({ status, body }) => [status, body])).toEqual([
      [200, ''],
      [204, ''],
      [304, ''],
    ]);
    expect(await app.spans(3)).toEqual(exchanges.map((exchange) => app.expected(exchange)));
  });

  requires('life:body', 'a handler behind a body parser runs inside the span', async ({ start }) => {
    const app = await start();
    const loaves = Array.from({ length: 20 }, (_, index) => `"${String(index).padEnd(4000, '.')}"`);
    const body = loaves.map((loaf, index) => `${index === 0 ? '{"loaves":[' : ','}${loaf}`).concat(']}');
    const exchange = await app.ask('upload', { body, headers: { 'Content-Type': 'application/json' } });
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
    const { traceId, spanId } = app.spanContext(0);
    expect(JSON.parse(exchange.body)).toEqual({ length: body.join('').length, active: { traceId, spanId } });
  });

  requires('life:hijack', 'a raw response makes one span', async ({ start }) => {
    const app = await start();
    const exchange = await app.ask('rawWrite');
    expect(exchange.body).toBe('rawWrite');
    expect(await app.spans(1)).toEqual([app.expected(exchange)]);
  });

  requires(
    'life:hijack',
    'a response destroyed after its head ends with the code that was sent',
    async ({ start }) => {
      const app = await start();
      const exchange = await app.ask('destroyedLate');
      expect(await app.spans(1)).toEqual([app.expected(exchange, { errorType: CLIENT_DISCONNECTED })]);
    },
  );

  requires('life:once', 'every way to end a response ends its span once', async ({ start }) => {
    const app = await start();
    const endpoints: readonly EndpointName[] = [
      ...([
        'order',
        'thrown',
        'rejected',
        'clientError',
        'handled',
        'midStream',
        'rawWrite',
        'after',
      ] as const),
      ...([
        'destroyed',
        'destroyedWithError',
        'destroyedLate',
        'unmatched',
        'malformed',
        'redirect',
      ] as const),
    ];
    await Promise.all([
      ...endpoints.map((endpoint) => app.ask(endpoint)),
      ...[1, 2, 3].map(() => app.abandon('hang')),
      ...[1, 2, 3].map(() => app.abandonBody('stream')),
    ]);
    const spans = await app.spans(endpoints.length + 6);
    expect(new Set(app.telemetry.ended.map((ended) => ended.spanContext().spanId)).size).toBe(spans.length);
    expect(app.telemetry.open.size).toBe(0);
    await app.durations(spans.length);
  });

  requires(
    'life:once',
    'thousands of mixed requests leave no span open',
    async ({ start }) => {
      const app = await start();
      const targets = [
        '/',
        '/orders/42?a=1',
        '/nowhere',
        '/status/503',
        '/client-error/7',
        '/status/304',
        '/context',
        '/users/%zz',
      ];
      const host = ['Host', 'example.com'] as const;
      const pipeline = Array.from({ length: PIPELINED }, (_, index) => ({
        target: targets[index % targets.length] as string,
        headers: index === PIPELINED - 1 ? [host, ['Connection', 'close'] as const] : [host],
      }));
      const answered = await Promise.all(Array.from({ length: 20 }, () => app.raw(...pipeline)));
      expect(answered.flat().filter(({ status }) => status === undefined)).toEqual([]);
      await Promise.all(Array.from({ length: 100 }, () => app.abandon('hang')));
      await app.spans(20 * PIPELINED + 100);
      expect(app.telemetry.open.size).toBe(0);
    },
    60_000,
  );

  requires('life:once', 'no listener stays behind on a connection', async ({ start }) => {
    const app = await start();
    const sockets: Socket[] = [];
    app.served.server.on('connection', (socket: Socket) => sockets.push(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const counts: number[] = [];
    for (const endpoint of [
      'order',
      'unmatched',
      'thrown',
      'rawWrite',
      'upload',
      'chunked',
      'order',
      'order',
    ] as const) {
      const body =
        endpoint === 'upload' ? { body: '{"bread":2}', headers: { 'Content-Type': 'application/json' } } : {};
      await app.ask(endpoint, body, agent);
      await app.spans(counts.length + 1);
      counts.push(listeners(sockets[0] as Socket));
    }
    expect(sockets).toHaveLength(1);
    expect(counts).toEqual(Array(counts.length).fill(counts[0]));
    agent.destroy();
  });
}
