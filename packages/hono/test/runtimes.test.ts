import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Asked, ReceivedSpan } from './runtimes/observed-program.js';
import { ObservedProgram, seconds } from './runtimes/observed-program.js';
import type { RuntimeName } from './runtimes/runtime.js';

/** The facts that a runtime exposes to an instrumentation; the table in the READMEs says the same. */
interface Knowledge {
  readonly peer: boolean;
  readonly protocolVersion: boolean;
  /** The path as it was sent, where others write it anew. */
  readonly exactPath: boolean;
  /** When a body ends that is made while it is sent, of a response whose headers do not announce that. */
  readonly unannouncedEnd: { readonly html: boolean; readonly untyped: boolean };
  /** A client that left before the head was sent. */
  readonly abortBeforeHead: boolean;
  /** The status that the server answers a thrown error with. */
  readonly statusOfThrown: boolean;
}

const everything = { html: true, untyped: true };
const knowledge: Readonly<Record<RuntimeName, Knowledge>> = {
  node: {
    peer: true,
    protocolVersion: true,
    exactPath: true,
    unannouncedEnd: everything,
    abortBeforeHead: true,
    statusOfThrown: true,
  },
  bun: {
    peer: true,
    protocolVersion: false,
    exactPath: false,
    unannouncedEnd: { html: false, untyped: false },
    abortBeforeHead: true,
    statusOfThrown: false,
  },
  deno: {
    peer: true,
    protocolVersion: false,
    exactPath: true,
    unannouncedEnd: everything,
    abortBeforeHead: false,
    statusOfThrown: false,
  },
  workerd: {
    peer: false,
    protocolVersion: false,
    exactPath: true,
    unannouncedEnd: { html: false, untyped: true },
    abortBeforeHead: false,
    statusOfThrown: false,
  },
};

/** The attributes that a request to the program must have, by the conventions, as far as the runtime knows. */
function requestAttributes(
  program: ObservedProgram,
  { clientPort }: Asked,
  knows: Knowledge,
  path: string,
): Record<string, unknown> {
  return {
    'http.request.method': 'GET',
    'url.path': path,
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': Number(program.url.port),
    'user_agent.original': 'matrix/1.0',
    ...(knows.peer
      ? {
          'client.address': '127.0.0.1',
          'network.peer.address': '127.0.0.1',
          'network.peer.port': clientPort,
        }
      : {}),
    ...(knows.protocolVersion ? { 'network.protocol.version': '1.1' } : {}),
  };
}

const server = (spans: readonly ReceivedSpan[]): ReceivedSpan =>
  spans.find(({ kind }) => kind === 2) as ReceivedSpan;

describe.each(Object.entries(knowledge) as [RuntimeName, Knowledge][])('on %s', (runtime, knows) => {
  let program: ObservedProgram;
  beforeAll(async () => {
    program = await ObservedProgram.start(runtime);
  }, 30_000);
  afterAll(() => program.stop());

  /** Asks, and returns the server span, which must be the only one. */
  async function onlySpan(
    target: string,
    headers: Record<string, string> = {},
  ): Promise<[Asked, ReceivedSpan]> {
    const asked = await program.ask(target, { headers });
    const spans = await program.spans(asked.trace, 1);
    expect(spans).toHaveLength(1);
    return [asked, spans[0] as ReceivedSpan];
  }

  test.each([
    ['@otel-middleware/hono', '/orders/42', '/orders/:id'],
    ['@otel-middleware/fetch-handler', '/plain/orders/42', '/plain/orders/:id'],
  ])(
    '[span:one] [attribute:peer] [attribute:protocol] [propagation:parent] [context:active] %s makes one whole span',
    async (scope, path, route) => {
      const headers = {
        'x-tenant-id': 'acme',
        'x-forwarded-for': '6.6.6.6, 203.0.113.9',
        baggage: 'shop=bread',
      };
      const asked = await program.ask(`${path}?x=1&sig=secret`, { headers });
      const spans = await program.spans(asked.trace, 2);
      const { traceId, spanId } = asked.trace;
      const span = server(spans);
      expect(JSON.parse(asked.body)).toEqual({ id: '42', traceId, baggage: 'bread' });
      expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
        ['load order', span.spanId],
        [`GET ${route}`, spanId],
      ]);
      expect(span.scope).toBe(scope);
      expect(span.status).toEqual({ code: 0 });
      expect(span.attributes).toEqual({
        ...requestAttributes(program, asked, knows, path),
        'client.address': '203.0.113.9',
        'url.query': 'x=1&sig=REDACTED',
        'http.route': route,
        'http.response.status_code': 200,
        'http.request.header.x-tenant-id': ['acme'],
        'http.response.header.x-shelf': ['top'],
      });
      // [propagation:response]
      expect(asked.headers['server-timing']).toBe(`trace;desc=00-${traceId}-${span.spanId}-01`);
    },
  );

  test.each([
    ['/text', '/text', 200],
    ['/nowhere/42', undefined, 404],
    ['/guarded/7', undefined, 401],
    ['/mounted/things/7', '/mounted/*', 200],
    ['/mounted/nowhere', undefined, 404],
    ['/routed/things/7', '/routed/things/:id', 200],
    ['/plain/nowhere/7', undefined, 404],
  ])(
    '[route:sub-app] [route:early-answer] [nested:twice] [span:name-no-route] %s has the route %s',
    async (target, route, status) => {
      const [asked, span] = await onlySpan(target);
      expect(asked.status).toBe(status);
      expect([span.name, span.attributes]).toEqual([
        route === undefined ? 'GET' : `GET ${route}`,
        {
          ...requestAttributes(program, asked, knows, target),
          'http.response.status_code': status,
          ...(route === undefined ? {} : { 'http.route': route }),
        },
      ]);
    },
  );

  test('[attribute:path] the path is as exact as the runtime has it', async () => {
    const target = '/nowhere/../a//b%2F"';
    const [, span] = await onlySpan(target);
    expect(span.attributes['url.path']).toBe(knows.exactPath ? target : '/a//b%2F%22');
  });

  test('[exclude:effect] an excluded request leaves nothing', async () => {
    const { body, trace } = await program.ask('/healthz');
    const { trace: later } = await program.ask('/text');
    await program.spans(later, 1);
    expect([body, await program.spans(trace, 0)]).toEqual(['ok', []]);
  });

  test('[nested:internal-fetch] a request in process has a span of its own', async () => {
    const [asked, span] = await onlySpan('/inside');
    expect([asked.body, span.name]).toEqual(['text', 'GET /inside']);
  });

  test('[error:thrown] an error that onError answers is an exception', async () => {
    const [asked, span] = await onlySpan('/thrown/7');
    expect(span).toMatchObject({
      name: 'GET /thrown/:id',
      status: { code: 2 },
      events: [{ name: 'exception' }],
    });
    expect(span.attributes).toEqual({
      ...requestAttributes(program, asked, knows, '/thrown/7'),
      'http.route': '/thrown/:id',
      'http.response.status_code': 500,
      'error.type': '500',
    });
  });

  test('[error:thrown] an error that leaves the handler is an exception, with the status where it is known', async () => {
    const [asked, span] = await onlySpan('/plain/thrown/7');
    expect(asked.status).toBe(500);
    expect(span.events).toHaveLength(1);
    expect(span.attributes).toEqual({
      ...requestAttributes(program, asked, knows, '/plain/thrown/7'),
      'http.route': '/plain/thrown/:id',
      ...(knows.statusOfThrown
        ? { 'http.response.status_code': 500, 'error.type': '500' }
        : { 'error.type': 'RangeError' }),
    });
  });

  test.each([
    ['/sse/7', true],
    ['/stream-text/7', true],
    ['/stream/7', knows.unannouncedEnd.untyped],
    ['/live/7', true],
    ['/page/7', knows.unannouncedEnd.html],
    ['/plain/live/7', true],
  ])('[life:streamed] the span of %s lasts as long as its body: %s', async (target, seen) => {
    const [asked, span] = await onlySpan(target);
    expect(asked.complete).toBe(true);
    expect(asked.body).toMatch(/^(?:(?:data: )?(?:tick|\d)(?:\n\n)?){6}$/);
    expect(span.attributes['http.response.status_code']).toBe(200);
    if (seen) expect(seconds(span)).toBeGreaterThanOrEqual(0.3);
    else expect(seconds(span)).toBeLessThan(0.1);
  });

  test.each(['/sse/7', '/live/7', '/plain/live/7'])(
    '[life:head-204-304] HEAD %s ends its span',
    async (target) => {
      const asked = await program.ask(target, { method: 'HEAD' });
      const [span] = await program.spans(asked.trace, 1);
      expect(asked.status).toBe(200);
      expect(span?.attributes['http.response.status_code']).toBe(200);
    },
  );

  test.each(['/broken/7', '/plain/broken/7'])(
    '[error:mid-stream] a body of %s that breaks is an error',
    async (target) => {
      const [asked, span] = await onlySpan(target);
      expect(asked.complete).toBe(false);
      expect(span.status).toEqual({ code: 2, message: 'the oven is too hot' });
      expect(span.events).toHaveLength(1);
      expect([span.attributes['error.type'], span.attributes['http.response.status_code']]).toEqual([
        'RangeError',
        200,
      ]);
    },
  );

  test.each(['/live/7', '/plain/live/7'])(
    '[error:abort] a client that leaves during the body of %s is told apart',
    async (target) => {
      const before = Number((await program.ask('/left')).body);
      const { request, response, trace } = program.begin(target);
      await once((await response) as never, 'data');
      request.destroy();
      const [span] = await program.spans(trace, 1);
      expect([span?.attributes['error.type'], span?.attributes['http.response.status_code']]).toEqual([
        'client_disconnected',
        200,
      ]);
      expect(seconds(span as ReceivedSpan)).toBeLessThan(0.3);
      expect(Number((await program.ask('/left')).body)).toBe(before + 1);
    },
  );

  test.each(['/slow/200', '/plain/slow/200'])(
    '[error:abort] a client that leaves before the head of %s, where that is known',
    async (target) => {
      const { request, trace } = program.begin(target);
      setTimeout(() => request.destroy(), 50);
      const span = server(await program.spans(trace, 2));
      const { 'error.type': type, 'http.response.status_code': status } = span.attributes;
      expect([type, status]).toEqual(
        knows.abortBeforeHead ? ['client_disconnected', undefined] : [undefined, 200],
      );
    },
  );

  test('[ws:handshake] an upgrade is a span of its handshake', async () => {
    const trace = { traceId: `${'a'.repeat(31)}1`, spanId: 'b'.repeat(16) };
    const headers = { traceparent: `00-${trace.traceId}-${trace.spanId}-01` };
    const socket = new WebSocket(`ws://${program.url.host}/rooms/7`, { headers });
    await once(socket, 'open');
    const [span] = await program.spans(trace, 1);
    expect([span?.name, span?.attributes['http.response.status_code'], span?.status]).toEqual([
      'GET /rooms/:room',
      101,
      { code: 0 },
    ]);
    socket.send('hello');
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('echo hello');
    socket.terminate();
    await once(socket, 'close');
    expect(await program.spans(trace, 1)).toHaveLength(1);
  });

  test.each(['/messages/json', '/plain-messages'])(
    '[message:spans] [message:hooks] what %s receives and the events that it sends are spans',
    async (target) => {
      const body = JSON.stringify('x'.repeat(300_000));
      const headers = { 'content-type': 'application/json' };
      const asked = await program.ask(target, { method: 'POST', headers, body });
      expect([asked.body, asked.headers['x-length']]).toEqual([
        'data: one\n\ndata: four\n\n',
        String(body.length),
      ]);
      // The server span and two events sent; how many chunks arrive is up to the network.
      await program.spans(asked.trace, 4);
      const messages = await program.messages(asked.trace);
      const received = messages.filter(({ direction }) => direction === 'receive');
      const total = received.reduce((sum, { size }) => sum + size, 0);
      expect([total, received.length > 1]).toEqual([body.length, true]);
      expect(messages).toEqual([
        ...received.map(({ size }, index) => ({ direction: 'receive', type: 'body', index, size })),
        { direction: 'send', type: 'event', index: 0, size: 11 },
        { direction: 'send', type: 'event', index: 1, size: 12 },
      ]);
    },
  );

  test('[message:hooks] a body that is echoed, and one that is left unread', async () => {
    const body = 'ä'.repeat(50_000);
    const echoed = await program.ask('/messages/whole', { method: 'POST', body });
    expect(echoed.body).toBe(body);
    await program.spans(echoed.trace, 3);
    const messages = await program.messages(echoed.trace);
    for (const asked of ['receive', 'send']) {
      const sizes = messages.filter(({ direction }) => direction === asked).map(({ size }) => size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100_000);
    }
    const unread = await program.ask('/messages/unread', { method: 'POST', body });
    expect([unread.status, unread.body]).toEqual([200, 'unread']);
  });

  test('[context:isolation] fifty requests at once each keep their trace', async () => {
    const asked = await Promise.all(
      Array.from({ length: 50 }, (_, index) => program.ask(`/slow/${50 - index}`)),
    );
    expect(asked.map(({ body }) => JSON.parse(body).traceId)).toEqual(
      asked.map(({ trace }) => trace.traceId),
    );
    const spans = await Promise.all(asked.map(({ trace }) => program.spans(trace, 2)));
    expect(spans.map((made) => made.map(({ name }) => name))).toEqual(
      Array(50).fill(['load order', 'GET /slow/:millis']),
    );
  });

  test('[metric:duration] the duration has the attributes of the convention', async () => {
    await program.ask('/orders/42');
    if (runtime === 'workerd') await program.ask('/flush-metrics');
    expect(await program.durations('/orders/:id')).toEqual([
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.response.status_code': 200,
        'http.route': '/orders/:id',
        ...(knows.protocolVersion ? { 'network.protocol.version': '1.1' } : {}),
      },
    ]);
  });
});

describe('on Deno with its own telemetry', () => {
  let program: ObservedProgram;
  beforeAll(async () => {
    program = await ObservedProgram.start('deno', (receiver) => ({
      OTEL_DENO: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    }));
  }, 30_000);
  afterAll(() => program.stop());

  test.each([
    ['/orders/42', '/orders/:id', 200],
    ['/plain/orders/42', '/plain/orders/:id', 200],
    ['/mounted/things/7', '/mounted/*', 200],
    ['/nowhere', undefined, 404],
  ])('[nested:foreign-span] the span that Deno made of %s is enriched', async (target, route, status) => {
    const asked = await program.ask(target, { headers: { 'x-tenant-id': 'acme' } });
    expect(asked.status).toBe(status);
    const orders = target.endsWith('42');
    const spans = await program.spans(asked.trace, orders ? 2 : 1);
    expect(spans.filter(({ kind }) => kind === 2)).toHaveLength(1);
    const span = server(spans);
    const { 'url.full': _, ...attributes } = span.attributes;
    expect([span.scope, span.name, span.parentSpanId]).toEqual([
      'deno',
      route === undefined ? 'GET' : `GET ${route}`,
      asked.trace.spanId,
    ]);
    expect(attributes).toEqual({
      'http.request.method': 'GET',
      'http.request.header.x-tenant-id': ['acme'],
      'http.response.status_code': String(status),
      'url.path': target,
      'url.query': '',
      'url.scheme': 'http',
      ...(route === undefined ? {} : { 'http.route': route }),
      ...(orders ? { 'http.response.header.x-shelf': ['top'] } : {}),
    });
  });

  test('[nested:foreign-span] a request in process inside it has a span of its own', async () => {
    const asked = await program.ask('/inside');
    const [span] = await program.spans(asked.trace, 1);
    expect([span?.scope, span?.name]).toEqual(['deno', 'GET /inside']);
  });
});
