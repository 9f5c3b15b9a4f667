import { setImmediate } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Attributes } from '@opentelemetry/api';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { serverTimingPropagator } from '@otel-middleware/core';
import { serve } from 'srvx';
import type { FetchHandlerOptions } from '../src/index.js';
import { instrumentHandler } from '../src/index.js';

const exporter = new InMemorySpanExporter();
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const defaults: FetchHandlerOptions = { tracerProvider, propagator: new W3CTraceContextPropagator() };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
beforeEach(() => exporter.reset());

function onlySpan(): ReadableSpan {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

/** The attributes of the one span that a request makes. */
function attributesOf(request: Request, options: FetchHandlerOptions = {}, ...rest: unknown[]): Attributes {
  const handler = instrumentHandler((_request: Request, ..._rest: unknown[]) => new Response('ok'), {
    ...defaults,
    ...options,
  });
  handler(request, ...rest);
  return onlySpan().attributes;
}

describe('[attribute:path] [attribute:query] [attribute:host] [span:method-other] what a Request tells', () => {
  test('all of it, and no address or protocol version', () => {
    const headers = {
      host: 'shop.example:8443',
      'user-agent': 'test/1.0',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    };
    const attributes = attributesOf(
      new Request('https://ignored.example//orders/%2F42?a=&sig=s&q=a%20b', { headers }),
    );
    expect(attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '//orders/%2F42',
      'url.query': 'a=&sig=REDACTED&q=a%20b',
      'url.scheme': 'https',
      'server.address': 'shop.example',
      'server.port': 8443,
      'user_agent.original': 'test/1.0',
      'http.response.status_code': 200,
    });
    const { name, kind, parentSpanContext } = onlySpan();
    expect([name, kind, parentSpanContext?.traceId]).toEqual(['GET', SpanKind.SERVER, 'a'.repeat(32)]);
  });

  test('the authority of the URL where no Host is, as in HTTP/2 on Deno', () => {
    expect(attributesOf(new Request('http://[2001:db8::7]:8080'))).toMatchObject({
      'server.address': '2001:db8::7',
      'server.port': 8080,
      'url.path': '/',
    });
  });

  test('a method that Request leaves in lower case', () => {
    expect(attributesOf(new Request('http://shop.example/', { method: 'patch' }))).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'patch',
    });
    expect(onlySpan().name).toBe('HTTP');
  });

  test('[attribute:proxy-trusted] trusted headers before it', () => {
    const headers = {
      'cf-connecting-ip': '203.0.113.9',
      forwarded: 'for=6.6.6.6;proto=https;host=shop.example',
    };
    const trustProxy = ['cf-connecting-ip', 'forwarded'];
    expect(attributesOf(new Request('http://10.0.0.7/', { headers }), { trustProxy })).toMatchObject({
      'client.address': '203.0.113.9',
      'url.scheme': 'https',
      'server.address': 'shop.example',
    });
  });
});

describe('[attribute:peer] what runtimes hand over beside it', () => {
  const request = new Request('http://shop.example/');

  test('Deno’s info', () => {
    const info = {
      remoteAddr: { transport: 'tcp', hostname: '::ffff:192.0.2.7', port: 4711 },
      completed: Promise.resolve(),
    };
    const handler = instrumentHandler((_request: Request, _info: unknown) => new Response('ok'), {
      ...defaults,
      optIn: ['client.port', 'network.transport'],
    });
    handler(new Request(request), info);
    return setImmediate().then(() =>
      expect(onlySpan().attributes).toMatchObject({
        'client.address': '192.0.2.7',
        'client.port': 4711,
        'network.peer.address': '192.0.2.7',
        'network.peer.port': 4711,
        'network.transport': 'tcp',
      }),
    );
  });

  test('[attribute:no-nullish] a unix socket’s has no address', async () => {
    const info = { remoteAddr: { transport: 'unix', path: '/run/shop' }, completed: Promise.resolve() };
    instrumentHandler((_request: Request, _info: unknown) => new Response('ok'), defaults)(
      new Request(request),
      info,
    );
    await setImmediate();
    const names = Object.keys(onlySpan().attributes);
    expect(names.filter((name) => /peer|client/.test(name))).toEqual([]);
  });

  test('bindings of a Worker that have the names of what is looked for', () => {
    // A service binding answers every property with something that can be called, and a call is a request to the service.
    const called: unknown[] = [];
    const stub: object = new Proxy(() => {}, { get: () => stub, apply: (...args) => called.push(args) });
    const bindings = { incoming: stub, outgoing: stub, server: stub, remoteAddr: stub, requestIP: stub };
    expect(attributesOf(new Request(request), {}, bindings)).not.toHaveProperty('client.address');
    expect(called).toEqual([]);
  });
});

describe('[error:thrown] [context:active] the handler', () => {
  test('stays synchronous, keeps this, its arguments and its response', () => {
    const response = new Response('ok');
    const worker = {
      name: 'worker',
      fetch: instrumentHandler(function (this: unknown, request: Request, ...rest: unknown[]) {
        expect([this, request.url, rest, trace.getActiveSpan() !== undefined]).toEqual([
          worker,
          'http://shop.example/',
          [{ a: 1 }, 2],
          true,
        ]);
        return response;
      }, defaults),
    };
    expect(worker.fetch(new Request('http://shop.example/'), { a: 1 }, 2)).toBe(response);
    expect(worker.fetch.name).toBe('opentelemetry');
    onlySpan();
  });

  test.each([
    [
      'throws',
      (error: unknown) => {
        throw error;
      },
    ],
    ['rejects', (error: unknown) => Promise.reject(error)],
  ])('%s: the same error goes on', async (_how, fail) => {
    const error = new RangeError('the oven is too hot');
    const handler = instrumentHandler((_request: Request) => fail(error) as Promise<Response>, defaults);
    await expect((async () => handler(new Request('http://shop.example/')))()).rejects.toBe(error);
    const { attributes, events, status } = onlySpan();
    expect([
      attributes['error.type'],
      attributes['http.response.status_code'],
      events.length,
      status.message,
    ]).toEqual(['RangeError', undefined, 1, 'the oven is too hot']);
  });

  test('[ws:handshake] that answers an upgrade with nothing has switched protocols', () => {
    const handler = instrumentHandler((_request: Request): Response | undefined => undefined, defaults);
    const headers = { upgrade: 'websocket', connection: 'Upgrade' };
    expect(handler(new Request('http://shop.example/ws', { headers }))).toBeUndefined();
    expect(onlySpan().attributes['http.response.status_code']).toBe(101);
  });

  test('[ws:handshake] that answers the offer of another protocol with an empty body has not switched', () => {
    const handler = instrumentHandler((_request: Request) => new Response(null), defaults);
    // As `curl --http2` asks.
    const headers = { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABk' };
    handler(new Request('http://shop.example/', { headers }));
    expect(onlySpan().attributes['http.response.status_code']).toBe(200);
  });

  test('that answers what is no response leaves that to the runtime', () => {
    const handler = instrumentHandler((() => 'bread') as never as (request: Request) => Response, defaults);
    expect(handler(new Request('http://shop.example/'))).toBe('bread');
    expect(onlySpan().attributes['error.type']).toBe('_OTHER');
  });

  test('[error:abort] that answers when the client has left', async () => {
    const client = new AbortController();
    const handler = instrumentHandler(async (_request: Request) => new Response('late'), defaults);
    const answer = handler(new Request('http://shop.example/', { signal: client.signal }));
    client.abort();
    await answer;
    expect(onlySpan().attributes).toMatchObject({ 'error.type': 'client_disconnected' });
    expect(onlySpan().attributes).not.toHaveProperty('http.response.status_code');
  });

  test('[propagation:response] whose response cannot be changed gets another with the same body', async () => {
    const handler = instrumentHandler(
      (_request: Request) => Response.redirect('http://shop.example/orders', 302),
      {
        ...defaults,
        responsePropagator: serverTimingPropagator,
      },
    );
    const response = handler(new Request('http://shop.example/'));
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://shop.example/orders']);
    expect(response.headers.get('server-timing')).toMatch(/^trace;desc=00-/);
  });

  test('[metric:size] whose sizes are wanted has its body counted', async () => {
    const handler = instrumentHandler(
      async (request: Request) => new Response(`${await request.text()} bread`),
      {
        ...defaults,
        optIn: ['http.request.body.size', 'http.response.body.size'],
      },
    );
    const headers = { 'content-length': '3' };
    const response = await handler(
      new Request('http://shop.example/', { method: 'POST', body: 'rye', headers }),
    );
    expect(await response.text()).toBe('rye bread');
    expect(onlySpan().attributes).toMatchObject({
      'http.request.body.size': 3,
      'http.response.body.size': 9,
    });
  });
});

describe('[life:streamed] on a server that shows nothing of Node', () => {
  test.each([
    ['/text', false],
    ['/live', true],
  ])('%s', async (path, live) => {
    const handler = instrumentHandler((request: Request) => {
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 60));
          controller.enqueue(new TextEncoder().encode('bread'));
          controller.close();
        },
      });
      return request.url.endsWith('live') ? new Response(body) : new Response('text');
    }, defaults);
    const server = serve({ fetch: handler, hostname: '127.0.0.1', port: 0, silent: true });
    await server.ready();
    expect(await (await fetch(new URL(path, server.url))).text()).toBe(live ? 'bread' : 'text');
    await server.close(true);
    const { duration, attributes } = onlySpan();
    expect([duration[1] > 55e6, attributes['url.path']]).toEqual([live, path]);
  });
});

test('[robust:options] the cure is named with the option', () => {
  const make = (options: object) => () =>
    instrumentHandler(() => new Response(), options as FetchHandlerOptions);
  expect(make({ trustProxy: 1 })).toThrow(
    /^@otel-middleware\/fetch-handler: option "trustProxy" must be an array of header names, not 1/,
  );
  expect(make({ excludedUrl: 'healthz' })).toThrow(
    /there is no option "excludedUrl".*trustProxy, excludedUrls/,
  );
  expect(make(null as never)).toThrow(/options must be an object/);
  for (const handler of [undefined, { fetch: () => new Response() }])
    expect(() => instrumentHandler(handler as never)).toThrow(
      '@otel-middleware/fetch-handler: the first argument must be a handler, (request) => Response',
    );
});

test('[no-sdk:no-sdk] without an SDK the response is the handler’s own', () => {
  const response = new Response('ok');
  expect(instrumentHandler(() => response)(new Request('http://shop.example/'))).toBe(response);
});
