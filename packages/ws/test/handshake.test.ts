import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { context, SpanKind, trace } from '@opentelemetry/api';
import type { PlainSpan } from '@otel-middleware/conformance';
import { createAlwaysOffSampler, Diagnostics, matrix, Telemetry } from '@otel-middleware/conformance';
import { serverSpan, serverTimingPropagator, setHttpRoute } from '@otel-middleware/core';
import type { WebSocketServer as Server, ServerOptions } from 'ws';
import type { WebSocketServerOptions } from '../src/index.js';
import { instrumentWebSocketServer } from '../src/index.js';
import { handshake, listen, PARENT, recordingTo, TracedSockets, WebSocketServer } from './traced-sockets.js';

/** The span of a handshake as it has to be, whole. */
function expected(
  { port }: { port: number },
  span: PlainSpan | undefined,
  given: {
    path: string;
    route?: string;
    status?: number | undefined;
    errorType?: string;
    attributes?: object;
  },
): PlainSpan {
  const { path, route, status, errorType, attributes } = given;
  return {
    name: route === undefined ? 'GET' : `GET ${route}`,
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': 'GET',
      'url.path': path,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': span?.attributes['network.peer.port'] as number,
      'network.protocol.version': '1.1',
      ...(status !== undefined && { 'http.response.status_code': status }),
      ...(route !== undefined && { 'http.route': route }),
      ...(errorType !== undefined && { 'error.type': errorType }),
      ...attributes,
    },
    status: { code: errorType === undefined ? 0 : 2 },
    events: [],
    links: [],
    parent: { ...PARENT, remote: true },
    scope: {
      name: '@otel-middleware/ws',
      version: matrix.packageVersion,
      schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
    },
  };
}

describe('[ws:handshake] [life:upgrade] an accepted handshake', () => {
  test.each(['server', 'port', 'noServer'] as const)(
    'is one whole span, ended while the socket is open: %s',
    async (mode) => {
      const sockets = await TracedSockets.start({ mode, options: { route: '/rooms/:room' } });
      const socket = await sockets.open('/rooms/7');
      const spans = await sockets.spans(1);
      expect(spans).toEqual([
        expected(sockets, spans[0], { path: '/rooms/7', route: '/rooms/:room', status: 101 }),
      ]);
      expect(socket.readyState).toBe(socket.OPEN);
      const [duration] = await sockets.telemetry.metrics();
      expect(duration?.descriptor.name).toBe('http.server.request.duration');
      expect(duration?.dataPoints.map(({ attributes }) => attributes)).toEqual([
        {
          'http.request.method': 'GET',
          'http.response.status_code': 101,
          'http.route': '/rooms/:room',
          'network.protocol.version': '1.1',
          'url.scheme': 'http',
        },
      ]);
    },
  );

  test.each<[string, WebSocketServerOptions['route'], string | undefined]>([
    ['no route', undefined, undefined],
    ['a function', ({ url }) => (url?.startsWith('/rooms/') ? '/rooms/:room' : undefined), '/rooms/:room'],
    ['a function that knows none', () => undefined, undefined],
  ])('is named after what is known: %s', async (_case, route, name) => {
    const sockets = await TracedSockets.start({ options: { route } });
    await sockets.open('/rooms/7');
    const [span] = await sockets.spans(1);
    expect(span).toEqual(
      expected(sockets, span, { path: '/rooms/7', status: 101, ...(name && { route: name }) }),
    );
  });

  test('listeners of `connection` run in its context and may still tell the route', async () => {
    const sockets = await TracedSockets.start();
    const active: unknown[] = [];
    sockets.wss.on('connection', () => {
      setHttpRoute('/told');
      setTimeout(() => {
        active.push(serverSpan()?.spanContext().spanId, trace.getActiveSpan()?.spanContext().spanId);
      });
    });
    await sockets.open('/x');
    const [span] = await sockets.spans(1);
    expect(span?.name).toBe('GET /told');
    expect(active).toEqual([sockets.spanId(0), sockets.spanId(0)]);
  });

  test('hooks and propagators can add to the head that is sent, and headers are captured', async () => {
    const requests: unknown[] = [];
    const sockets = await TracedSockets.start({
      options: {
        captureRequestHeaders: ['x-tenant'],
        captureResponseHeaders: ['upgrade', 'x-added'],
        responsePropagator: serverTimingPropagator,
        requestHook: (_span, request) => requests.push(request.url),
        responseHook: (span, _request, head) => {
          (head.headers as string[]).push('X-Added: by a hook');
          span.setAttribute('app.status', head.status ?? 0);
        },
      },
    });
    const socket = sockets.begin('/x', { headers: { 'x-tenant': 'acme' } });
    const [response] = (await once(socket, 'upgrade')) as [IncomingMessage];
    const [span] = await sockets.spans(1);
    expect(response.headers['x-added']).toBe('by a hook');
    expect(response.headers['server-timing']).toBe(`trace;desc=00-${PARENT.traceId}-${sockets.spanId(0)}-01`);
    expect(span).toEqual(
      expected(sockets, span, {
        path: '/x',
        status: 101,
        attributes: {
          'http.request.header.x-tenant': ['acme'],
          'http.response.header.upgrade': ['websocket'],
          'http.response.header.x-added': ['by a hook'],
          'app.status': 101,
        },
      }),
    );
    expect(requests).toEqual(['/x']);
  });

  test('what a listener of `connection` throws is recorded, and goes on', async () => {
    const http = createServer();
    const wss = new WebSocketServer({ noServer: true });
    const telemetry = new Telemetry();
    instrumentWebSocketServer(wss, recordingTo(telemetry));
    const caught: unknown[] = [];
    const error = new RangeError('no room');
    http.on('upgrade', (request, socket, head) => {
      try {
        wss.handleUpgrade(request, socket, head, () => {
          throw error;
        });
      } catch (thrown) {
        caught.push(thrown);
      }
    });
    const port = await listen(http);
    const sockets = await TracedSockets.start({ telemetry });
    sockets.port = port;
    await sockets.open('/x');
    const [span] = await sockets.spans(1);
    expect(caught).toEqual([error]);
    expect([span?.attributes['http.response.status_code'], span?.attributes['error.type']]).toEqual([
      101,
      'RangeError',
    ]);
    expect(span?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('the client is who a trusted proxy says', async () => {
    const sockets = await TracedSockets.start({ options: { trustProxy: 'loopback' } });
    await sockets.open('/x', { headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' } });
    const [span] = await sockets.spans(1);
    expect([span?.attributes['client.address'], span?.attributes['url.scheme']]).toEqual([
      '203.0.113.9',
      'https',
    ]);
  });
});

describe('[ws:handshake] a refused handshake has its real status', () => {
  test.each<[string, ServerOptions, string, number]>([
    ['another path', { path: '/rooms' }, handshake('/x'), 400],
    ['no key', {}, handshake('/x', { 'Sec-WebSocket-Key': '' }), 400],
    ['another version', {}, handshake('/x', { 'Sec-WebSocket-Version': '9' }), 400],
    ['another protocol', {}, handshake('/x', { Upgrade: 'h2c' }), 400],
    ['verifyClient says no', { verifyClient: () => false }, handshake('/x'), 401],
    [
      'verifyClient says no later, with a code',
      { verifyClient: (_info, done) => setTimeout(() => done(false, 403, 'no'), 5) },
      handshake('/x'),
      403,
    ],
    [
      'verifyClient says that something is broken',
      { verifyClient: (_info, done) => done(false, 503) },
      handshake('/x'),
      503,
    ],
  ])('%s', async (_case, server, request, status) => {
    const sockets = await TracedSockets.start({ server: server as object, options: { route: '/r' } });
    expect(await sockets.raw(request)).toBe(status);
    const [span, ...others] = await sockets.spans(1);
    expect(others).toEqual([]);
    expect(span).toEqual(
      expected(sockets, span, {
        path: '/x',
        route: '/r',
        status,
        ...(status >= 500 && { errorType: String(status) }),
      }),
    );
    expect(sockets.telemetry.open.size).toBe(0);
  });

  test('also when it is the application that writes it', async () => {
    const sockets = await TracedSockets.start();
    sockets.wss.on('wsClientError', (_error, socket) => {
      socket.end('HTTP/1.1 418 I am a teapot\r\nX-Tea: green\r\n\r\n');
    });
    // The event came with ws 8.3; before, the server refuses by itself.
    const status = matrix.framework === '8.0' ? 400 : 418;
    expect(await sockets.raw(handshake('/x', { 'Sec-WebSocket-Key': '' }))).toBe(status);
    const [span] = await sockets.spans(1);
    expect(span).toEqual(expected(sockets, span, { path: '/x', status }));
  });
});

describe('[ws:handshake] a handshake that comes to nothing ends', () => {
  test('when its client leaves while it is verified', async () => {
    let verifying!: () => void;
    const begun = new Promise<void>((resolve) => {
      verifying = resolve;
    });
    const pending = await TracedSockets.start({
      server: { verifyClient: (_info: unknown, _done: unknown) => verifying() } as object,
    });
    const client = connect(pending.port, '127.0.0.1');
    client.write(handshake('/x', { Host: `127.0.0.1:${pending.port}` }));
    await begun;
    client.resetAndDestroy();
    const [span] = await pending.spans(1);
    expect(span).toEqual(expected(pending, span, { path: '/x', errorType: 'client_disconnected' }));
  });

  test('when its client has left by the time it is verified', async () => {
    const verifyClient = (_info: unknown, done: (ok: boolean) => void): unknown => setTimeout(done, 50, true);
    const sockets = await TracedSockets.start({ server: { verifyClient } as object });
    const client = sockets.begin('/x');
    client.on('error', () => {});
    await sleep(20);
    client.terminate();
    const [span] = await sockets.spans(1);
    expect(span).toEqual(expected(sockets, span, { path: '/x', errorType: 'client_disconnected' }));
  });

  test('when verifyClient throws, which goes on', async () => {
    const http = createServer();
    const error = new TypeError('verify');
    const wss = new WebSocketServer({
      noServer: true,
      verifyClient: () => {
        throw error;
      },
    });
    const telemetry = new Telemetry();
    instrumentWebSocketServer(wss, recordingTo(telemetry));
    const caught: unknown[] = [];
    http.on('upgrade', (request, socket, head) => {
      try {
        wss.handleUpgrade(request, socket, head, () => {});
      } catch (thrown) {
        caught.push(thrown);
        socket.destroy();
      }
    });
    const sockets = await TracedSockets.start({ telemetry });
    sockets.port = await listen(http);
    await sockets.raw(handshake('/x'));
    const [span] = await sockets.spans(1);
    expect(caught).toEqual([error]);
    expect([span?.attributes['error.type'], span?.attributes['http.response.status_code']]).toEqual([
      'TypeError',
      undefined,
    ]);
  });
});

describe('[ws:handshake] what is not traced', () => {
  test('an excluded handshake leaves nothing, and suppresses what its listeners start', async () => {
    const sockets = await TracedSockets.start({ options: { excludedUrls: 'healthz' } });
    const tracer = sockets.telemetry.tracerProvider.getTracer('application');
    const ran: string[] = [];
    sockets.wss.on('connection', (socket) => {
      socket.on('message', (data) => {
        tracer.startSpan('suppressed').end();
        ran.push(String(data));
      });
    });
    const socket = await sockets.open('/healthz');
    socket.send('ping');
    await sleep(50);
    expect([ran, await sockets.spans(0), sockets.telemetry.open.size]).toEqual([['ping'], [], 0]);
  });

  test('an unsampled handshake passes its context on', async () => {
    const telemetry = new Telemetry(createAlwaysOffSampler());
    const sockets = await TracedSockets.start({ telemetry, options: { messageSpans: true } });
    const found: unknown[] = [];
    sockets.wss.on('connection', (socket) => {
      socket.on('message', () => found.push(trace.getActiveSpan()?.spanContext()));
    });
    const socket = await sockets.open('/x');
    socket.send('hello');
    await sleep(50);
    expect(found).toEqual([expect.objectContaining({ traceId: PARENT.traceId, traceFlags: 0 })]);
    expect(await sockets.spans(0)).toEqual([]);
  });

  test('without an SDK nothing is put on sockets, and nothing is active', async () => {
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    instrumentWebSocketServer(wss, { receiveHook: () => {}, sendHook: () => {}, messageSpans: true });
    const own: unknown[] = [];
    wss.on('connection', (socket) => {
      own.push(Object.hasOwn(socket, 'emit'), Object.hasOwn(socket, 'send'), context.active() === undefined);
    });
    const sockets = await TracedSockets.start();
    sockets.port = await listen(http);
    await sockets.open('/x');
    expect(own).toEqual([false, false, false]);
    wss.close();
  });

  test('disabled, it leaves the server as it was', async () => {
    const { handleUpgrade } = WebSocketServer.prototype;
    const sockets = await TracedSockets.start();
    expect(sockets.wss.handleUpgrade).not.toBe(handleUpgrade);
    sockets.instrumented.disable();
    expect([Object.hasOwn(sockets.wss, 'handleUpgrade'), sockets.wss.listenerCount('headers')]).toEqual([
      false,
      0,
    ]);
    await sockets.open('/x');
    expect(await sockets.spans(0)).toEqual([]);
  });

  test('disabled under somebody else’s, it only passes on', async () => {
    const sockets = await TracedSockets.start();
    const { handleUpgrade } = sockets.wss;
    sockets.wss.handleUpgrade = function (...args) {
      return handleUpgrade.apply(this, args);
    };
    sockets.instrumented.disable();
    await sockets.open('/x');
    expect(await sockets.spans(0)).toEqual([]);
  });
});

test('[ws:handshake] instrumented twice, there is one span, with the hooks of both', async () => {
  const sockets = await TracedSockets.start({
    options: { requestHook: (span) => span.setAttribute('a', 1) },
  });
  instrumentWebSocketServer(sockets.wss, {
    ...recordingTo(sockets.telemetry),
    requestHook: (span) => span.setAttribute('b', 2),
  });
  await sockets.open('/x');
  const spans = await sockets.spans(1);
  expect(spans).toEqual([
    expected(sockets, spans[0], { path: '/x', status: 101, attributes: { a: 1, b: 2 } }),
  ]);
});

test.each<[unknown, object, string]>([
  [{}, {}, 'the first argument must be a WebSocketServer of ws.'],
  [undefined, {}, 'the first argument must be a WebSocketServer of ws.'],
  [new WebSocketServer({ noServer: true }), { route: 42 }, 'option "route" must be a template or a function'],
  [new WebSocketServer({ noServer: true }), { trustProxy: 'x' }, 'trustProxy'],
  [new WebSocketServer({ noServer: true }), { rout: '/x' }, 'there is no option "rout"'],
])('what is not valid is told at once (robust:options)', (wss, options, message) => {
  expect(() => instrumentWebSocketServer(wss as Server, options)).toThrow(TypeError);
  expect(() => instrumentWebSocketServer(wss as Server, options)).toThrow(message);
});

test('a route function that throws is reported, and the handshake goes on (hook:guard)', async () => {
  const diagnostics = new Diagnostics();
  diagnostics.register();
  const sockets = await TracedSockets.start({
    options: {
      route: () => {
        throw new Error('route');
      },
    },
  });
  await sockets.open('/x');
  const [span] = await sockets.spans(1);
  expect(span?.name).toBe('GET');
  expect(diagnostics.take()).toHaveLength(1);
});
