import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { serverSpan, serverTimingPropagator, setHttpRoute } from '@otel-middleware/core';
import { closeServers, delay, send, sendBytes, serve, until } from '@otel-middleware/testbed/node-server';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import type { ListenerOptions, NodeRequest, NodeResponse } from '../src/index.js';
import { instrumentListener } from '../src/index.js';

let telemetry: Telemetry;
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => context.disable());
beforeEach(() => {
  telemetry = startTelemetry();
  trace.setGlobalTracerProvider(telemetry.tracerProvider);
});
afterEach(async () => {
  await closeServers();
  trace.disable();
});

type Listener<Req, Res> = (request: Req, response: Res) => unknown;

function instrumented<Req extends NodeRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  listener: Listener<Req, Res>,
  options: ListenerOptions<Req, Res> = {},
): Listener<Req, Res> {
  const { tracerProvider, meterProvider } = telemetry;
  return instrumentListener<Req, Res>(listener, { tracerProvider, meterProvider, ...options });
}

async function endedSpans(count = 1) {
  await until(() => telemetry.spans().length >= count);
  return telemetry.spans();
}

describe('the head (propagation:response, hook:response)', () => {
  const HEADS: [string, Listener<IncomingMessage, ServerResponse>, number][] = [
    ['that end sends', (_, response) => response.end('x'), 200],
    ['that a write sends', (_, response) => void response.write('x', () => response.end()), 200],
    ['that writeHead sends', (_, response) => response.writeHead(201, { 'X-App': 'a' }).end('x'), 201],
    [
      'that writeHead sends with a reason and a flat list',
      (_, response) => response.writeHead(202, 'Fine', ['X-App', 'a', 'X-App', 'b']).end('x'),
      202,
    ],
    [
      'that flushHeaders sends',
      (_, response) => {
        response.flushHeaders();
        response.end('x');
      },
      200,
    ],
    ['of a response without a body', (_, response) => response.writeHead(204).end(), 204],
  ];

  test.each(HEADS)('%s can still be added to, once, and is captured', async (_name, listener, status) => {
    const port = await serve(
      createServer(
        instrumented(listener, {
          captureResponseHeaders: ['.*'],
          responsePropagator: serverTimingPropagator,
          responseHook: (_span, _request, response) => {
            response.setHeader('X-Hook', String(response.headersSent));
          },
        }),
      ),
    );
    const reply = await send(port);
    const [span] = await endedSpans();
    const { traceId, spanId } = span?.spanContext() ?? {};
    expect(reply.status).toBe(status);
    expect(reply.headers).toMatchObject({
      'x-hook': 'false',
      'server-timing': `trace;desc=00-${traceId}-${spanId}-01`,
      'access-control-expose-headers': 'Server-Timing',
    });
    expect(span?.attributes).toMatchObject({
      'http.response.status_code': status,
      'http.response.header.x-hook': ['false'],
    });
    expect(span?.attributes['http.response.header.x-app']?.toString()).toBe(
      reply.headers['x-app']?.toString().replace(', ', ','),
    );
  });

  test('of an application is byte for byte what it is without us', async () => {
    const listener: Listener<IncomingMessage, ServerResponse> = (_, response) => {
      response.sendDate = false;
      response.setHeader('X-Set', ['1', '2']);
      response.setHeader('Set-Cookie', 'a=1');
      response.writeHead(299, 'Fine', { 'X-Head': ['a', 'b'], 'X-CASE': 'C' });
      response.end('body');
    };
    const plain = await send(await serve(createServer(listener)));
    for (const options of [
      {},
      { captureResponseHeaders: ['.*'] },
      { responseHook: () => {} },
      { optIn: ['http.response.body.size' as const] },
    ]) {
      const observed = await send(await serve(createServer(instrumented(listener, options))));
      expect({ ...observed }).toEqual({ ...plain });
    }
  });

  test('of an HTTP/2 response can be added to as well (life:h2)', async () => {
    const port = await serve(
      createHttp2Server(
        instrumented<Http2ServerRequest, Http2ServerResponse>((_, response) => response.end('x'), {
          captureResponseHeaders: ['.*'],
          responsePropagator: serverTimingPropagator,
          responseHook: (_span, _request, response) => response.setHeader('x-hook', 'set'),
        }),
      ),
    );
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({}).resume();
    const [headers] = await once(stream, 'response');
    await once(stream, 'close');
    session.close();
    const [span] = await endedSpans();
    expect(headers).toMatchObject({ ':status': 200, 'x-hook': 'set' });
    expect(headers['server-timing']).toContain(span?.spanContext().spanId);
    const captured = Object.keys(span?.attributes ?? {}).filter((name) =>
      name.startsWith('http.response.header.'),
    );
    expect(captured.sort()).toEqual([
      'http.response.header.access-control-expose-headers',
      'http.response.header.server-timing',
      'http.response.header.x-hook',
    ]);
  });

  test('that never comes has its hook at the end (error:before-head)', async () => {
    const heads: unknown[] = [];
    const port = await serve(
      createServer(
        instrumented((_, response) => response.destroy(), {
          responseHook: (_span, _request, response) => void heads.push(response.headersSent),
        }),
      ),
    );
    await send(port).catch(() => {});
    await endedSpans();
    expect(heads).toEqual([false]);
  });
});

describe('what is added to a response (life:once)', () => {
  test('is one listener, and nothing but what adds listeners is wrapped, until somebody listens or it was asked for', async () => {
    const seen: unknown[] = [];
    const port = await serve(
      createServer((request, response) => {
        const before = [response.listenerCount('close'), request.eventNames().length];
        instrumented((_, each: ServerResponse) => {
          const own = () =>
            ['write', 'end', 'writeHead', 'on', 'emit', 'setHeader'].filter((name) =>
              Object.hasOwn(each, name),
            );
          seen.push([
            each.listenerCount('close') - (before[0] ?? 0),
            request.eventNames().length - (before[1] ?? 0),
            own(),
          ]);
          each.on('finish', () => {});
          seen.push([request.eventNames().length - (before[1] ?? 0), own()]);
          each.end('x');
        })(request, response);
      }),
    );
    await send(port);
    expect(seen).toEqual([
      [1, 0, ['on']],
      [0, ['on', 'emit']],
    ]);
  });

  test('is undone with it: ten requests on one connection leave no listener on the socket', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const listeners: number[] = [];
    const port = await serve(
      createServer(
        instrumented((request, response) => {
          listeners.push(
            request.socket.eventNames().reduce((sum, name) => sum + request.socket.listenerCount(name), 0),
          );
          response.end('x');
        }),
      ),
    );
    for (let count = 0; count < 10; count++) {
      const request = httpRequest({ port, host: '127.0.0.1', agent }).end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      await delay(5);
    }
    agent.destroy();
    expect(listeners.slice(1)).toEqual(new Array(9).fill(listeners[1]));
  });
});

test('body sizes are on the span where they were opted in to (metric:size, attribute:opt-in)', async () => {
  const optIn = ['http.request.body.size' as const, 'http.response.body.size' as const];
  const port = await serve(
    createServer(
      instrumented((request, response) => request.resume().on('end', () => response.end('four')), { optIn }),
    ),
  );
  await send(port, '/', { method: 'POST', body: 'abc' });
  expect((await endedSpans())[0]?.attributes).toMatchObject({
    'http.request.body.size': 3,
    'http.response.body.size': 4,
  });
});

test('a registration within another one tells its route before the outer one ends the span (nested:twice)', async () => {
  const order: string[] = [];
  const inner = instrumented<IncomingMessage, ServerResponse>(
    (_, response) => {
      setHttpRoute('/inner');
      response.end('x');
    },
    { responseHook: () => void order.push('inner') },
  );
  const port = await serve(
    createServer(
      instrumented<IncomingMessage, ServerResponse>((...args) => inner(...args), {
        responseHook: () => void order.push('outer'),
      }),
    ),
  );
  await send(port);
  const spans = await endedSpans();
  await delay(20);
  expect(spans.map(({ name, kind }) => [name, kind])).toEqual([['GET /inner', SpanKind.SERVER]]);
  expect(order.sort()).toEqual(['inner', 'outer']);
});

describe('events of request and response (context:active, life:body)', () => {
  test('are in the span’s context, whatever emits them', async () => {
    const seen: Record<string, boolean> = {};
    const note = (name: string, id: string | undefined) => {
      seen[name] = (seen[name] ?? true) && trace.getActiveSpan()?.spanContext().spanId === id;
    };
    const port = await serve(
      createServer(
        instrumented((request, response) => {
          const id = serverSpan()?.spanContext().spanId;
          for (const event of ['data', 'end', 'close']) request.on(event, () => note(`request ${event}`, id));
          for (const event of ['finish', 'close', 'prefinish'])
            response.on(event, () => note(`response ${event}`, id));
          request.on('end', () => response.end('x'));
        }),
      ),
    );
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false });
    for (let chunk = 0; chunk < 3; chunk++) {
      request.write('chunk');
      await delay(15);
    }
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await endedSpans();
    await until(() => Object.keys(seen).length === 6);
    expect(seen).toEqual({
      'request data': true,
      'request end': true,
      'request close': true,
      'response prefinish': true,
      'response finish': true,
      'response close': true,
    });
  });

  test('keep a span that is active where something is emitted in the course of the request', async () => {
    let active: string | undefined;
    const port = await serve(
      createServer(
        instrumented((request, response) => {
          request.on('own', () => {
            active = (trace.getActiveSpan() as { name?: string } | undefined)?.name;
          });
          trace.getTracer('app').startActiveSpan('child', (child) => {
            request.emit('own');
            child.end();
          });
          response.end('x');
        }),
      ),
    );
    await send(port);
    expect(active).toBe('child');
  });

  test('of an excluded request are suppressed: nothing started in them is exported (exclude:effect)', async () => {
    const port = await serve(
      createServer(
        instrumented(
          (request, response) => {
            request.resume().on('end', () => {
              trace.getTracer('db').startSpan('query').end();
              response.end('x');
            });
            response.on('finish', () => trace.getTracer('db').startSpan('log').end());
          },
          { excludedUrls: 'healthz' },
        ),
      ),
    );
    await send(port, '/healthz', { method: 'POST', body: 'x' });
    await delay(30);
    expect(telemetry.spans().map(({ name }) => name)).toEqual([]);
  });

  test('of the response to an excluded request are suppressed, too, when the client leaves (exclude:effect)', async () => {
    let closed = false;
    const port = await serve(
      createServer(
        instrumented(
          (_request, response) => {
            response.on('close', () => {
              trace.getTracer('db').startSpan('log').end();
              closed = true;
            });
            response.write('x');
          },
          { excludedUrls: 'healthz' },
        ),
      ),
    );
    const client = httpRequest({ host: '127.0.0.1', port, path: '/healthz' }).end();
    await once(client, 'response');
    client.destroy();
    client.on('error', () => {});
    await until(() => closed);
    expect(telemetry.spans().map(({ name }) => name)).toEqual([]);
  });

  test('pipelined requests keep each to its own (context:isolation)', async () => {
    const seen: unknown[] = [];
    const port = await serve(
      createServer(
        instrumented((request, response) => {
          const own = serverSpan();
          request.resume().on('end', () =>
            setTimeout(() => {
              seen.push([request.url, serverSpan() === own]);
              response.end('x');
            }, 5),
          );
        }),
      ),
    );
    const post = (path: string, end = '') =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n${end}\r\nx`;
    await sendBytes(port, post('/1') + post('/2') + post('/3', 'Connection: close\r\n'));
    expect(seen).toEqual([
      ['/1', true],
      ['/2', true],
      ['/3', true],
    ]);
  });
});
