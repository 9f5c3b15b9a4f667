import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { BatchSpanProcessor, InMemorySpanExporter, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { serverTimingPropagator, setHttpRoute, traceTask } from '@otel-middleware/core';
import { instrumentHandler } from '@otel-middleware/fetch-handler';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { stream, streamSSE } from 'hono/streaming';
import type { HonoOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { asked, endedSpans, served, tracerProvider } from './traced-app.js';

const traced = (options: HonoOptions = {}): Hono =>
  new Hono().use(opentelemetry({ tracerProvider, ...options }));

describe('[error:4xx] [error:handler] [error:non-error] what handlers throw', () => {
  test.each([
    [404, SpanStatusCode.UNSET, 0],
    [503, SpanStatusCode.ERROR, 1],
  ] as const)('HTTPException with %i', async (code, status, exceptions) => {
    const app = traced().get('/', () => {
      throw new HTTPException(code, { message: 'no bread' });
    });
    const [span] = await served(app, (url) => fetch(url));
    expect([span?.status.code, span?.events.length, span?.attributes['error.type']]).toEqual([
      status,
      exceptions,
      code === 503 ? '503' : undefined,
    ]);
  });

  test('a handler that answers nothing', async () => {
    const app = traced().get('/', (() => undefined) as never);
    expect(
      await asked(
        app.onError((_error, c) => c.text('forgotten', 500)),
        '/',
      ),
    ).toEqual([['GET /', '/', 500]]);
  });

  test('in process nobody knows what a thrown non-error is answered with', async () => {
    endedSpans();
    const app = traced().get('/', () => {
      throw 'out of flour';
    });
    await expect(async () => app.request('/')).rejects.toBe('out of flour');
    const [span] = endedSpans();
    expect([
      span?.attributes['http.response.status_code'],
      span?.attributes['error.type'],
      span?.events.length,
    ]).toEqual([undefined, '_OTHER', 1]);
  });
});

describe('[life:streamed] [life:once] bodies', () => {
  test('no body is touched on Node, and none that is plain in process', async () => {
    const same: boolean[] = [];
    const build = (): Hono => {
      let answered: Response | undefined;
      const app = new Hono().use(async (c, next) => {
        await next();
        same.push(c.res === answered && !c.res.bodyUsed);
      });
      app.use(opentelemetry({ tracerProvider }));
      app.get('/:kind', (c) => {
        const body = c.req.param('kind') === 'text' ? 'text' : new Blob(['blob']).stream();
        answered = c.body(body, 200, { 'content-type': 'text/plain' });
        return answered;
      });
      return app;
    };
    await served(build(), async (url) => {
      for (const kind of ['text', 'stream']) await (await fetch(`${url}/${kind}`)).text();
    });
    const app = build();
    for (const kind of ['text', 'stream']) await (await app.request(`/${kind}`)).text();
    expect(same).toEqual([true, true, true, true]);
  });

  test.each(['stream', 'sse'])('%s in process: the span ends with the body', async (kind) => {
    endedSpans();
    const app = traced();
    app.get('/stream', (c) => {
      c.header('transfer-encoding', 'chunked');
      return stream(c, async (it) => void (await it.write('one')));
    });
    app.get('/sse', (c) => streamSSE(c, async (it) => void (await it.writeSSE({ data: 'one' }))));
    const response = await app.request(`/${kind}`);
    expect(endedSpans()).toEqual([]);
    expect(await response.text()).toMatch(/one/);
    expect(endedSpans()).toHaveLength(1);
  });

  test('@hono/node-server leaves a broken response errored, which counts more than whether it is finished', async () => {
    let outgoing: ServerResponse | undefined;
    const app = traced().get('/', (c) => {
      outgoing = (c.env as unknown as { outgoing: ServerResponse }).outgoing;
      const body = new ReadableStream({
        async pull(controller) {
          await sleep(1);
          controller.error(new RangeError('the oven is too hot'));
        },
      });
      return c.body(body);
    });
    const [span] = await served(app, (url) =>
      fetch(url)
        .then((response) => response.text())
        .catch(() => undefined),
    );
    expect(outgoing?.errored).toEqual(new RangeError('the oven is too hot'));
    expect(span?.attributes['error.type']).toBe('RangeError');
  });
});

describe('[nested:twice] registered more than once', () => {
  const inner = new Hono().use(opentelemetry({ tracerProvider }));
  inner.get('/things/:id', (c) => c.text('thing')).post('/things', async (c) => c.text(await c.req.text()));

  test.each([
    ['on Node', (app: Hono, path: string) => asked(app, path)],
    [
      'in process',
      async (app: Hono, path: string) => {
        endedSpans();
        await app.request(path);
        return endedSpans().map(({ name, attributes }) => [
          name,
          attributes['http.route'],
          attributes['http.response.status_code'],
        ]);
      },
    ],
  ] as const)('%s: through route(), mount(), and around the handler', async (_where, ask) => {
    const app = traced();
    app.use(opentelemetry({ tracerProvider }));
    app
      .route('/routed', inner)
      .mount('/mounted', inner.fetch)
      .mount(
        '/root',
        new Hono().use(opentelemetry({ tracerProvider })).get('/', (c) => c.text('root')).fetch,
      );
    const handler = instrumentHandler(app.fetch, { tracerProvider });
    const around = {
      fetch: handler,
      request: (path: string) => handler(new Request(`http://localhost${path}`)),
    } as unknown as Hono;
    for (const outermost of [app, around]) {
      expect(await ask(outermost, '/routed/things/7?x=1')).toEqual([
        ['GET /routed/things/:id', '/routed/things/:id', 200],
      ]);
      expect(await ask(outermost, '/mounted/things/7?x=1')).toEqual([['GET /mounted/*', '/mounted/*', 200]]);
      expect(await ask(outermost, '/root?x=1')).toEqual([['GET /root/*', '/root/*', 200]]);
    }
  });

  test('within a handler that hands nothing on', async () => {
    const app = traced().get('/orders/:id', (c) => c.text('order'));
    const fetch = instrumentHandler((request: Request, ..._rest: unknown[]) => app.fetch(request), {
      tracerProvider,
    });
    expect(await asked({ fetch } as Hono, '/orders/7')).toEqual([['GET /orders/:id', '/orders/:id', 200]]);
    const bound = instrumentHandler(
      (request: Request, ..._rest: unknown[]) => app.fetch(request, { DB: {} }),
      { tracerProvider },
    );
    expect(await asked({ fetch: bound } as Hono, '/orders/7')).toEqual([
      ['GET /orders/:id', '/orders/:id', 200],
    ]);
  });

  test('middleware that makes the request anew', async () => {
    const app = traced()
      .use(bodyLimit({ maxSize: 1000 }))
      .route('/', inner);
    endedSpans();
    const body = new Blob(['bread']).stream();
    const response = await app.request('/things', { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(await response.text()).toBe('bread');
    expect(endedSpans().map(({ name }) => name)).toEqual(['POST /things']);
  });

  test('[nested:internal-fetch] a request that a handler makes is not taken for its own', async () => {
    endedSpans();
    const app = traced().get('/orders/:id', (c) => c.text('order'));
    app.get('/inside', async (c) => c.text(await (await app.request('/orders/7')).text()));
    await app.request('/inside');
    expect(endedSpans().map(({ name }) => name)).toEqual(['GET /orders/:id', 'GET /inside']);
  });
});

describe('[hook:request] [hook:response] [propagation:response] hooks and headers', () => {
  test('hooks are given Hono’s context, and can set headers', async () => {
    const seen: unknown[] = [];
    const app = traced({
      requestHook: (span, c) => span.setAttribute('app.tenant', c.req.header('x-tenant-id') ?? ''),
      responseHook: (span, c, response) => {
        c.header('x-from-hook', 'yes');
        seen.push(c === response, trace.getActiveSpan() === span);
      },
      captureResponseHeaders: ['x-from-hook', 'set-cookie'],
      sanitizeHeaders: { replaceDefaults: true, names: [] },
    });
    app.get('/', (c) => {
      c.header('set-cookie', 'a=1');
      c.header('set-cookie', 'b=2', { append: true });
      return c.text('ok');
    });
    const [span] = await served(app, async (url) => {
      const response = await fetch(url, { headers: { 'x-tenant-id': 'acme' } });
      expect(response.headers.get('x-from-hook')).toBe('yes');
    });
    expect(seen).toEqual([true, true]);
    expect(span?.attributes).toMatchObject({
      'app.tenant': 'acme',
      'http.response.header.x-from-hook': ['yes'],
      'http.response.header.set-cookie': ['a=1', 'b=2'],
    });
  });

  test('headers of what fetch() returned can be added to', async () => {
    const upstream = createServer((_request, response) =>
      response.setHeader('x-shelf', 'top').end('bread'),
    ).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const app = traced({ responsePropagator: serverTimingPropagator });
    app.get('/', () => fetch(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`));
    await served(app, async (url) => {
      const response = await fetch(url);
      expect([await response.text(), response.headers.get('x-shelf')]).toEqual(['bread', 'top']);
      expect(response.headers.get('server-timing')).toMatch(/^trace;desc=00-/);
    });
    upstream.close();
  });

  test('[route:user] a route of the user’s wins', async () => {
    const app = traced().post('/rpc', (c) => {
      setHttpRoute('/rpc/{method}');
      return c.text('rpc');
    });
    expect(await asked(app, 'POST /rpc')).toEqual([['POST /rpc/{method}', '/rpc/{method}', 200]]);
  });
});

describe('[life:after-response] execution contexts', () => {
  test('spans are exported before waitUntil() is done, and later work is not in the duration', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
    const waiting: Promise<unknown>[] = [];
    const execution = {
      waitUntil: (promise: Promise<unknown>) => void waiting.push(promise),
      passThroughOnException() {},
      props: {},
    };
    const app = new Hono().use(opentelemetry({ tracerProvider: provider }));
    app.get('/', (c) => {
      c.executionCtx.waitUntil(traceTask('bake', () => sleep(60)));
      return c.text('ok');
    });
    app.get('/live', (c) => streamSSE(c, async (it) => void (await it.writeSSE({ data: 'one' }))));
    await app.request('/', undefined, {}, execution);
    await waiting[0];
    const [span] = exporter.getFinishedSpans();
    expect([waiting.length, span?.name, span?.ended]).toEqual([2, 'GET /', true]);
    await waiting[1];
    await provider.forceFlush();
    const task = exporter.getFinishedSpans()[1];
    expect([task?.name, task?.links[0]?.context.spanId]).toEqual(['bake', span?.spanContext().spanId]);
    expect(span?.duration[1]).toBeLessThan(50e6);

    const response = await app.request('/live', undefined, {}, execution);
    expect(exporter.getFinishedSpans()).toHaveLength(2);
    await response.text();
    await waiting[2];
    expect(exporter.getFinishedSpans()[2]?.name).toBe('GET /live');
  });

  test('an exporter that fails harms nothing', async () => {
    const waiting: Promise<unknown>[] = [];
    const provider = Object.assign(new NodeTracerProvider(), {
      forceFlush: () => Promise.reject(new Error('no network')),
    });
    const app = new Hono().use(opentelemetry({ tracerProvider: provider })).get('/', (c) => c.text('ok'));
    const execution = {
      waitUntil: (promise: Promise<unknown>) => void waiting.push(promise),
      passThroughOnException() {},
      props: {},
    };
    expect((await app.request('/', undefined, {}, execution)).status).toBe(200);
    expect(await Promise.all(waiting)).toEqual([undefined]);
  });
});

test('[robust:options] the cure is named with the option', () => {
  const make = (options: object) => () => opentelemetry(options as HonoOptions);
  expect(make({ trustProxy: true })).toThrow(
    /^@otel-middleware\/hono: option "trustProxy" must be an array of header names, not true/,
  );
  expect(make({ trustProxies: [] })).toThrow(/there is no option "trustProxies".*trustProxy/);
  expect(opentelemetry().name).toBe('opentelemetry');
});

test('[no-sdk:no-sdk] without an SDK the response is the handler’s own', async () => {
  const responses: Response[] = [];
  const app = new Hono().use(async (c: Context, next) => {
    await next();
    responses.push(c.res);
  });
  app.use(opentelemetry({ propagator: undefined }));
  app.get('/', () => {
    const response = new Response('ok');
    responses.push(response);
    return response;
  });
  await app.request('/');
  expect(responses[0]).toBe(responses[1]);
});
