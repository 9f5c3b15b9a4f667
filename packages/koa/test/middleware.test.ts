import { once } from 'node:events';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { beforeEach, describe, expect, test } from '@jest/globals';
import Router from '@koa/router';
import { DiagLogLevel, diag, SpanStatusCode, trace } from '@opentelemetry/api';
import { serverTimingPropagator } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';
import type { Context } from 'koa';
import Koa from 'koa';
import mount from 'koa-mount';
import type { KoaOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { endedSpans, serve, tracerProvider } from './traced-server.js';

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  const note = (message: string) => void warnings.push(message);
  const ignore = () => {};
  const logger = { error: note, warn: note, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
});

function application(options: KoaOptions = {}): Koa {
  const app = new Koa();
  app.silent = true;
  return app.use(opentelemetry({ tracerProvider, ...options }));
}

const active = () => trace.getActiveSpan()?.spanContext().spanId;

async function onlySpan() {
  const spans = await endedSpans(1);
  expect(spans).toHaveLength(1);
  return spans[0] as (typeof spans)[number];
}

describe('errors', () => {
  const broken = new Error('broken');
  const fail = () => {
    throw broken;
  };

  test('an error that nobody handles is answered by Koa and recorded once; its event finds the span (error:thrown, error:handler)', async () => {
    const heard: unknown[] = [];
    const app = application().use(() => {
      throw broken;
    });
    app.on('error', (error, ctx: Context) => heard.push([error === broken, ctx.path, active()]));
    const ask = await serve(app.callback());
    expect(await ask('GET /x')).toMatchObject({ status: 500, body: 'Internal Server Error' });
    const span = await onlySpan();
    expect(heard).toEqual([[true, '/x', span.spanContext().spanId]]);
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.attributes['error.type']).toBe('500');
    expect(span.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['broken']);
  });

  test.each([
    [200, SpanStatusCode.UNSET, 0],
    [418, SpanStatusCode.UNSET, 0],
    [503, SpanStatusCode.ERROR, 1],
  ])(
    'middleware before ours that answers an error with %i decides the status (error:swallowed)',
    async (status, code, events) => {
      const app = new Koa();
      app.use(async (ctx, next) => {
        await next().catch((error: Error) => {
          ctx.status = status;
          ctx.body = error.message;
        });
      });
      app.use(opentelemetry({ tracerProvider }));
      app.use(async () => {
        throw broken;
      });
      const ask = await serve(app.callback());
      expect(await ask('GET /')).toMatchObject({ status, body: 'broken' });
      const span = await onlySpan();
      expect([span.status.code, span.events.length]).toEqual([code, events]);
    },
  );

  test.each<[string, (app: Koa) => ReturnType<Koa['callback']>]>([
    [
      'a handler of the context’s own',
      (app) => {
        app.use((ctx, next) => {
          // Koa calls it at the end of every response, too.
          ctx.onerror = (error) => void (error && ctx.res.writeHead(500).end());
          return next();
        });
        return app.use(fail).callback();
      },
    ],
    [
      'an application of one’s own',
      (app) => {
        const handleRequest = (ctx: Context, middleware: (of: Context) => Promise<unknown>) =>
          middleware(ctx).catch(() => ctx.res.writeHead(500).end());
        return Object.assign(app.use(fail), { handleRequest }).callback();
      },
    ],
  ])('an error that %s answers is recorded (error:handler)', async (_, callback) => {
    const ask = await serve(callback(application()));
    expect((await ask('GET /')).status).toBe(500);
    const span = await onlySpan();
    expect(span.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['broken']);
  });

  test('an error of middleware before ours is recorded too', async () => {
    const app = new Koa();
    app.silent = true;
    app.use(async (_ctx, next) => {
      await next();
      throw broken;
    });
    app.use(opentelemetry({ tracerProvider })).use((ctx) => {
      ctx.body = 'ok';
    });
    const ask = await serve(app.callback());
    expect((await ask('GET /')).status).toBe(500);
    expect((await onlySpan()).events).toHaveLength(1);
  });

  test('ctx.throw with a 4xx is no error (error:4xx)', async () => {
    const ask = await serve(
      application()
        .use((ctx) => ctx.throw(403, 'no'))
        .callback(),
    );
    expect(await ask('GET /')).toMatchObject({ status: 403, body: 'no' });
    const span = await onlySpan();
    expect([span.status.code, span.events, span.attributes['error.type']]).toEqual([
      SpanStatusCode.UNSET,
      [],
      undefined,
    ]);
  });

  test('a string is wrapped by Koa and recorded as it was thrown (error:non-error)', async () => {
    const heard: unknown[] = [];
    const app = application().use(() => Promise.reject('text'));
    app.on('error', (error: Error) => heard.push(error.message));
    const ask = await serve(app.callback());
    expect((await ask('GET /')).status).toBe(500);
    expect((await onlySpan()).events[0]?.attributes).toEqual({
      'exception.type': 'string',
      'exception.message': 'text',
    });
    expect(heard).toEqual(['non-error thrown: "text"']);
  });

  test('a body that fails after the head keeps the status that was sent (error:mid-stream)', async () => {
    const heard: unknown[] = [];
    async function* chunks() {
      yield 'first';
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new RangeError('torn');
    }
    const app = application().use((ctx) => {
      ctx.body = Readable.from(chunks(), { objectMode: false }).on('error', () => {
        // Koa 2 leaves the response open.
        setTimeout(() => ctx.res.destroy(), 10);
      });
    });
    app.on('error', (error: Error) => heard.push([error.message, active()]));
    const ask = await serve(app.callback());
    await expect(ask('GET /')).rejects.toThrow('aborted');
    const span = await onlySpan();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'RangeError' });
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'torn' });
    expect(span.events).toHaveLength(1);
    expect(heard.length).toBeGreaterThan(0);
    for (const one of heard) expect(one).toEqual(['torn', span.spanContext().spanId]);
  });
});

test('a URL that Koa cannot read does not get in the way, even in the first request (robust:fuzz)', async () => {
  const app = application();
  app.use((ctx) => {
    ctx.body = 'never read';
  });
  const ask = await serve(app.callback());
  expect((await ask('GET http://[::1')).status).toBe(200);
  expect((await onlySpan()).attributes['http.response.status_code']).toBe(200);
});

describe('the end of the response', () => {
  test('a client that goes away before the head is never a 404 (error:abort)', async () => {
    const release = new PassThrough();
    const app = application().use(new Router().get('/hang/:x', () => once(release, 'end')).routes());
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /hang/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    setTimeout(() => socket.destroy(), 30);
    const span = await onlySpan();
    expect(span.attributes).toMatchObject({ 'http.route': '/hang/:x', 'error.type': 'client_disconnected' });
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    release.end().resume();
    server.close();
  });

  test('ctx.respond = false leaves the end to whoever responds (life:hijack)', async () => {
    const app = application().use((ctx) => {
      ctx.respond = false;
      setTimeout(() => ctx.res.writeHead(202).end('raw'), 30);
    });
    const ask = await serve(app.callback());
    expect(await ask('GET /')).toMatchObject({ status: 202, body: 'raw' });
    const span = await onlySpan();
    expect(span.attributes['http.response.status_code']).toBe(202);
    expect(span.duration[1]).toBeGreaterThan(25e6);
  });

  test('a stream ends the span when it ends (life:streamed)', async () => {
    const app = application().use((ctx) => {
      const stream = new PassThrough();
      stream.write('a');
      setTimeout(() => stream.end('b'), 100);
      ctx.body = stream;
    });
    const ask = await serve(app.callback());
    expect((await ask('GET /')).body).toBe('ab');
    const { duration } = await onlySpan();
    expect(duration[1]).toBeGreaterThan(95e6);
  });

  test('HTTP/2 (life:h2)', async () => {
    const app = application().use(
      new Router()
        .get('/h2/:x', (ctx) => {
          ctx.body = 'h2';
        })
        .routes(),
    );
    const server = createHttp2Server(app.callback() as never).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session.request({ ':path': '/h2/1' }).resume(), 'close');
    session.close();
    server.close();
    expect((await onlySpan()).attributes).toMatchObject({
      'http.route': '/h2/:x',
      'network.protocol.version': '2',
      'server.address': '127.0.0.1',
      'server.port': port,
    });
  });
});

describe('what proxies tell', () => {
  const forwarded = {
    'X-Forwarded-For': '203.0.113.9, 198.51.100.2',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'shop.example:8443',
    'X-Real-IP': '192.0.2.7',
  };
  const told = async (configure: (app: Koa) => void, headers: Record<string, string> = forwarded) => {
    const app = application();
    configure(app);
    const ask = await serve(app.callback());
    await ask('GET /', { Host: 'inner.example', ...headers });
    const { attributes } = await onlySpan();
    return ['client.address', 'url.scheme', 'server.address', 'server.port', 'network.peer.address'].map(
      (name) => attributes[name],
    );
  };

  test('is not believed by default (attribute:proxy-untrusted)', async () => {
    expect(await told(() => {})).toEqual(['127.0.0.1', 'http', 'inner.example', undefined, '127.0.0.1']);
  });

  test('is believed as app.proxy, proxyIpHeader and maxIpsCount say (attribute:proxy-trusted)', async () => {
    const trusting = (more: Partial<Koa> = {}) => told((app) => Object.assign(app, { proxy: true }, more));
    expect(await trusting()).toEqual(['203.0.113.9', 'https', 'shop.example', 8443, '127.0.0.1']);
  });

  test('counts from the proxy on with maxIpsCount', async () => {
    const [client] = await told((app) => Object.assign(app, { proxy: true, maxIpsCount: 1 }));
    expect(client).toBe('198.51.100.2');
  });

  test('may stand in another header', async () => {
    const [client] = await told((app) => Object.assign(app, { proxy: true, proxyIpHeader: 'X-Real-IP' }));
    expect(client).toBe('192.0.2.7');
  });

  test('is left out where it is not valid', async () => {
    const attributes = await told((app) => Object.assign(app, { proxy: true }), {
      'X-Forwarded-For': 'unknown',
      'X-Forwarded-Proto': 'gopher',
      'X-Forwarded-Host': 'not a host',
    });
    expect(attributes).toEqual(['127.0.0.1', 'http', 'inner.example', undefined, '127.0.0.1']);
  });

  test('is the connection’s own where proxies tell nothing', async () => {
    const attributes = await told((app) => Object.assign(app, { proxy: true }), {});
    expect(attributes).toEqual(['127.0.0.1', 'http', 'inner.example', undefined, '127.0.0.1']);
  });
});

describe('registration', () => {
  const ok = (ctx: Context) => {
    ctx.body = 'ok';
  };

  test('the middleware has a name', () => {
    expect(opentelemetry().name).toBe('opentelemetry');
  });

  test('on an application and a mounted one, and around the server: one span (nested:twice)', async () => {
    const inner = new Koa()
      .use(opentelemetry({ tracerProvider }))
      .use(new Router().get('/x/:y', ok).routes());
    const again = opentelemetry({ tracerProvider });
    const app = application().use(again).use(again).use(mount('/inner', inner));
    const ask = await serve(instrumentListener(app.callback(), { tracerProvider }));
    await ask('GET /inner/x/1');
    expect((await onlySpan()).name).toBe('GET /inner/x/:y');
  });

  test('on a mounted application alone, the path is the one that was asked for (attribute:path)', async () => {
    const app = new Koa().use(mount('/inner', new Koa().use(opentelemetry({ tracerProvider })).use(ok)));
    const ask = await serve(app.callback());
    await ask('GET /inner/x?q=1');
    expect((await onlySpan()).attributes).toMatchObject({ 'url.path': '/inner/x', 'url.query': 'q=1' });
  });

  test('after a router it warns once and says what to move (robust:late)', async () => {
    const app = new Koa().use(new Router().get('/x', ok).routes()).use(opentelemetry({ tracerProvider }));
    const ask = await serve(app.callback());
    expect([
      (await ask('GET /x')).status,
      (await ask('GET /y')).status,
      (await ask('GET /z')).status,
    ]).toEqual([200, 404, 404]);
    expect(await endedSpans(2)).toHaveLength(2);
    expect(warnings).toEqual([
      expect.stringContaining('Call app.use(opentelemetry()) before app.use(router.routes())'),
    ]);
  });

  test('in front of routers it does not warn', async () => {
    const app = application()
      .use(new Router().get('/x', ok).routes())
      .use(new Router().get('/y', ok).routes());
    const ask = await serve(app.callback());
    await ask('GET /y');
    await ask('GET /z');
    expect(warnings).toEqual([]);
  });

  test('an unknown option is named (robust:options)', () => {
    expect(() => opentelemetry({ nope: true } as KoaOptions)).toThrow(
      '@otel-middleware/koa: there is no option "nope"',
    );
  });
});

describe('hooks', () => {
  test('receive Koa’s context and response, and may add headers (hook:request, hook:response, propagation:response)', async () => {
    const called: unknown[] = [];
    const app = application({
      requestHook: (span, ctx) => {
        called.push(['request', ctx.path, active() === span.spanContext().spanId]);
      },
      responseHook: (span, ctx, response) => {
        called.push([
          'response',
          ctx.response === response,
          response.status,
          active() === span.spanContext().spanId,
        ]);
        response.set('X-Trace', span.spanContext().traceId);
      },
      responsePropagator: serverTimingPropagator,
      captureResponseHeaders: ['x-trace', 'x-own', 'server-timing'],
    });
    app.use((ctx) => {
      ctx.set('X-Own', 'mine');
      ctx.set('Server-Timing', 'db;dur=5');
      ctx.body = 'ok';
    });
    const ask = await serve(app.callback());
    const { headers } = await ask('GET /hook');
    const span = await onlySpan();
    const { traceId, spanId } = span.spanContext();
    expect(called).toEqual([
      ['request', '/hook', true],
      ['response', true, 200, true],
    ]);
    expect(headers).toMatchObject({
      'x-trace': traceId,
      'server-timing': `db;dur=5, trace;desc=00-${traceId}-${spanId}-01`,
    });
    expect(span.attributes).toMatchObject({
      'http.response.header.x-trace': [traceId],
      'http.response.header.x-own': ['mine'],
      'http.response.header.server-timing': [headers['server-timing']],
    });
  });

  test('are not called for excluded requests, and nothing in those is traced (exclude:effect)', async () => {
    const called: unknown[] = [];
    const app = application({ excludedUrls: 'healthz', requestHook: () => void called.push('request') }).use(
      (ctx) => {
        tracerProvider.getTracer('app').startSpan('child').end();
        ctx.body = 'ok';
      },
    );
    const ask = await serve(app.callback());
    expect((await ask('GET /healthz')).status).toBe(200);
    expect([called, await endedSpans(0)]).toEqual([[], []]);
  });
});

test('without an SDK the application answers as without us (no-sdk:no-sdk)', async () => {
  const app = new Koa().use(opentelemetry()).use((ctx) => {
    ctx.body = 'ok';
  });
  const ask = await serve(app.callback());
  expect((await ask('GET /')).body).toBe('ok');
  expect(await endedSpans(0)).toEqual([]);
});
