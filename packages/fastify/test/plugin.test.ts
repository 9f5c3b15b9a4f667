import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DiagLogLevel, diag, SpanStatusCode } from '@opentelemetry/api';
import { serverTimingPropagator } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import fastify from 'fastify';
import type { FastifyOptions } from '../src/index.js';
import { opentelemetry } from '../src/index.js';
import { activeSpanId, endedSpans, listen, onlySpan, scope, tracerProvider } from './traced-app.js';

const diagnostics: string[] = [];
beforeEach(() => {
  diagnostics.length = 0;
  const note = (message: string) => void diagnostics.push(message);
  const ignore = () => {};
  const logger = { error: note, warn: note, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
});

function application(
  options: FastifyOptions = {},
  serverOptions: FastifyServerOptions = {},
): FastifyInstance {
  const app = fastify(serverOptions);
  app.register(opentelemetry, { tracerProvider, ...options });
  return app;
}

describe('errors', () => {
  test('an error that nobody handles is answered by Fastify and recorded once (error:thrown)', async () => {
    const app = application();
    app.get('/', async () => {
      throw new Error('broken');
    });
    const ask = await listen(app);
    expect(JSON.parse((await ask('GET /')).body)).toEqual({
      statusCode: 500,
      error: 'Internal Server Error',
      message: 'broken',
    });
    const span = await onlySpan();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.attributes['error.type']).toBe('500');
    expect(span.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['broken']);
  });

  test.each([
    [200, SpanStatusCode.UNSET, 0],
    [418, SpanStatusCode.UNSET, 0],
    [501, SpanStatusCode.ERROR, 1],
  ])('the error handler runs once, and its %i decides (error:handler)', async (status, code, events) => {
    const broken = new Error('broken');
    const handled: unknown[] = [];
    const app = application();
    app.setErrorHandler((error, _request, reply) => {
      handled.push(error === broken);
      return reply.code(status).send('handled');
    });
    app.get('/', async () => {
      throw broken;
    });
    const ask = await listen(app);
    expect(await ask('GET /')).toMatchObject({ status, body: 'handled' });
    const span = await onlySpan();
    expect([span.status.code, span.events.length, handled]).toEqual([code, events, [true]]);
  });

  test('of nested error handlers that pass an error on, the first error is recorded, once', async () => {
    const app = application();
    app.setErrorHandler(() => {
      throw new Error('outer');
    });
    app.register(
      scope((inner) => {
        inner.setErrorHandler(async () => {
          throw new Error('inner');
        });
        inner.get('/', async () => {
          throw new Error('first');
        });
      }),
    );
    const ask = await listen(app);
    expect((await ask('GET /')).status).toBe(500);
    expect((await onlySpan()).events.map(({ attributes }) => attributes?.['exception.message'])).toEqual([
      'first',
    ]);
  });

  test.each([
    'onRequest',
    'preParsing',
    'preValidation',
    'preHandler',
    'preSerialization',
    'onSend',
  ] as const)('what the hook %s throws is recorded, with the span that the hook finds', async (name) => {
    const app = application();
    app.addHook(name as 'onRequest', async () => {
      throw new Error(name);
    });
    app.get('/', async () => ({}));
    const ask = await listen(app);
    expect((await ask('GET /')).status).toBe(500);
    const span = await onlySpan();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual([name]);
  });

  test('validation and errors that stand for a 4xx are no errors (error:4xx)', async () => {
    const app = application();
    const schema = {
      querystring: { type: 'object', required: ['q'], properties: { q: { type: 'string' } } },
    };
    app.get('/validated', { schema }, async () => 'ok');
    app.get('/thrown', async () => {
      throw Object.assign(new Error('gone'), { statusCode: 410 });
    });
    const ask = await listen(app);
    expect([(await ask('GET /validated')).status, (await ask('GET /thrown')).status]).toEqual([400, 410]);
    for (const span of await endedSpans(2)) {
      expect([span.status.code, span.events, span.attributes['error.type']]).toEqual([
        SpanStatusCode.UNSET,
        [],
        undefined,
      ]);
    }
  });

  test.each([
    ['a string', 'text', 'text'],
    ['a frozen error', Object.freeze(new Error('frozen')), 'frozen'],
  ])('%s that is thrown is recorded as it is (error:non-error)', async (_what, thrown, message) => {
    const app = application();
    app.get('/', () => {
      throw thrown;
    });
    const ask = await listen(app);
    expect((await ask('GET /')).status).toBe(500);
    expect((await onlySpan()).events[0]?.attributes?.['exception.message']).toBe(message);
  });

  async function* brokenChunks() {
    yield 'first';
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw new RangeError('torn');
  }

  const bodies: [string, () => unknown][] = [
    ['a stream of Node', () => Readable.from(brokenChunks(), { objectMode: false })],
  ];
  // Fastify sends these since 4.26.
  if (!fastify().version.startsWith('4.23')) {
    bodies.push(
      ['a stream of the web', () => Readable.toWeb(Readable.from(brokenChunks(), { objectMode: false }))],
      ['a web response', () => new Response(Readable.toWeb(Readable.from(brokenChunks())) as ReadableStream)],
    );
  }
  test.each(bodies)(
    '%s that fails after the head keeps the status that was sent (error:mid-stream)',
    async (_what, body) => {
      const app = application();
      app.get('/', (_request, reply) => reply.send(body()));
      const ask = await listen(app);
      await expect(ask('GET /')).rejects.toThrow('aborted');
      const span = await onlySpan();
      expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'RangeError' });
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'torn' });
      expect(span.events).toHaveLength(1);
    },
  );
});

describe('the end of the response', () => {
  test('a client that goes away before the head (error:abort)', async () => {
    const app = application();
    app.get('/hang/:x', () => new Promise(() => {}));
    await listen(app);
    const socket = connectSocket((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /hang/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    setTimeout(() => socket.destroy(), 30);
    const { attributes } = await onlySpan();
    expect(attributes).toMatchObject({ 'http.route': '/hang/:x', 'error.type': 'client_disconnected' });
    expect(attributes).not.toHaveProperty('http.response.status_code');
  });

  test('a client that goes away in the body: the code that was sent, and that it was the client (error:abort)', async () => {
    const app = application();
    app.get('/', (_request, reply) =>
      reply.send(
        new Readable({
          read() {
            setTimeout(() => this.push('x'.repeat(1000)), 5);
          },
        }),
      ),
    );
    await listen(app);
    const socket = connectSocket((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    const { attributes, events } = await onlySpan();
    expect(attributes).toMatchObject({
      'http.response.status_code': 200,
      'error.type': 'client_disconnected',
    });
    expect(events).toEqual([]);
  });

  test('reply.hijack and writes to the raw response (life:hijack)', async () => {
    const app = application({ captureResponseHeaders: ['x-own'] });
    app.get('/hijacked', (_request, reply) => {
      reply.header('X-Own', 'never sent').hijack();
      setTimeout(() => reply.raw.writeHead(202, { 'X-Own': 'raw' }).end('hijacked'), 20);
    });
    app.get('/raw', (_request, reply) => {
      reply.raw.setHeader('X-Own', 'raw');
      reply.raw.end('raw');
    });
    const ask = await listen(app);
    expect((await ask('GET /hijacked')).body).toBe('hijacked');
    expect((await ask('GET /raw')).body).toBe('raw');
    const spans = await endedSpans(2);
    expect(
      spans.map(({ name, attributes }) => [
        name,
        attributes['http.response.status_code'],
        attributes['http.response.header.x-own'],
      ]),
    ).toEqual([
      ['GET /hijacked', 202, ['raw']],
      ['GET /raw', 200, ['raw']],
    ]);
  });

  test('a stream ends the span when it ends (life:streamed)', async () => {
    const app = application();
    app.get('/', (_request, reply) => {
      const stream = new Readable({ read() {} });
      stream.push('a');
      setTimeout(() => {
        stream.push('b');
        stream.push(null);
      }, 100);
      return reply.send(stream);
    });
    expect((await (await listen(app))('GET /')).body).toBe('ab');
    expect((await onlySpan()).duration[1]).toBeGreaterThan(95e6);
  });

  test('HTTP/2 (life:h2)', async () => {
    const app = fastify({ http2: true });
    app.register(opentelemetry, { tracerProvider, captureResponseHeaders: ['x-own'] });
    app.get('/h2/:x', (_request, reply) => reply.header('X-Own', 'mine').send('h2'));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const session = connect(`http://127.0.0.1:${port}`);
    for (const path of ['/h2/1', '/h2/%zz']) await once(session.request({ ':path': path }).resume(), 'close');
    session.close();
    const spans = await endedSpans(2);
    await app.close();
    expect(spans.map(({ name }) => name)).toEqual(['GET /h2/:x', 'GET']);
    expect(spans[0]?.attributes).toMatchObject({
      'network.protocol.version': '2',
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.header.x-own': ['mine'],
    });
  });
});

describe('what proxies tell', () => {
  const forwarded = {
    Host: 'inner.example:8080',
    'X-Forwarded-For': '203.0.113.9, 198.51.100.2',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'shop.example:8443',
  };
  const told = async (
    trustProxy: FastifyServerOptions['trustProxy'],
    headers: Record<string, string> = forwarded,
  ) => {
    const app = application({}, { trustProxy: trustProxy as boolean });
    app.get('/', async ({ ip, protocol, host = undefined, hostname }) => [ip, protocol, host ?? hostname]);
    const { body } = await (await listen(app))('GET /', headers);
    const { attributes } = await onlySpan();
    const [client, scheme, address, port, peer] = [
      'client.address',
      'url.scheme',
      'server.address',
      'server.port',
      'network.peer.address',
    ].map((name) => attributes[name]);
    if (headers === forwarded) expect([client, scheme, `${address}:${port}`]).toEqual(JSON.parse(body));
    return [client, scheme, address, port, peer];
  };
  const own = ['127.0.0.1', 'http', 'inner.example', 8080, '127.0.0.1'];

  test('is not believed by default (attribute:proxy-untrusted)', async () => {
    expect(await told(undefined as never)).toEqual(own);
  });

  test('is believed as trustProxy says (attribute:proxy-trusted)', async () => {
    expect(await told(true)).toEqual(['203.0.113.9', 'https', 'shop.example', 8443, '127.0.0.1']);
  });

  test('is believed of the proxies that are trusted alone', async () => {
    expect(await told('127.0.0.1')).toEqual(['198.51.100.2', 'https', 'shop.example', 8443, '127.0.0.1']);
  });

  test('is not believed of others, as far as Fastify itself does not', async () => {
    const [client] = await told('10.0.0.0/8');
    expect(client).toBe('127.0.0.1');
  });

  test('is left out where it is not valid', async () => {
    const attributes = await told(true, {
      Host: 'inner.example:8080',
      'X-Forwarded-For': 'unknown',
      'X-Forwarded-Proto': 'gopher',
      'X-Forwarded-Host': 'not a host',
    });
    expect(attributes).toEqual(own);
  });

  test('is the connection’s own where proxies tell nothing', async () => {
    expect(await told(true, { Host: 'inner.example:8080' })).toEqual(own);
  });
});

describe('registration', () => {
  const routes = (app: FastifyInstance) => app.get('/:x', async () => activeSpanId());

  test('works awaited or not, before or after routes and other plugins, and on the root from within (robust:late)', async () => {
    const register = (app: FastifyInstance) => app.register(opentelemetry, { tracerProvider });
    const before = fastify();
    register(before);
    before.register(scope((inner) => void routes(inner)));
    const awaited = fastify();
    await register(awaited);
    routes(awaited);
    const after = fastify();
    after.register(
      scope((outer) => {
        outer.register(
          scope((inner) => void routes(inner)),
          { prefix: '/inner' },
        );
        routes(outer);
      }),
    );
    register(after);
    const afterLoading = fastify();
    await afterLoading.register(scope((inner) => void routes(inner)));
    await register(afterLoading);
    let expected = 0;
    for (const [app, path, name] of [
      [before, '/x', 'GET /:x'],
      [awaited, '/x', 'GET /:x'],
      [after, '/inner/x', 'GET /inner/:x'],
      [afterLoading, '/x', 'GET /:x'],
    ] as const) {
      const { body } = await (await listen(app))(`GET ${path}`);
      const spans = await endedSpans(++expected);
      expect(spans.map((span) => span.name)).toHaveLength(expected);
      expect([spans.at(-1)?.name, spans.at(-1)?.spanContext().spanId]).toEqual([name, body]);
    }
    expect(diagnostics).toEqual([]);
  });

  test('when the application has started, Fastify refuses it (robust:late)', async () => {
    const app = fastify();
    await app.ready();
    expect(() => app.register(opentelemetry, {})).toThrow(/booted|started/);
  });

  test('inside a plugin it is for that plugin’s routes alone', async () => {
    const app = fastify();
    app.register(
      scope((inner) => {
        inner.register(opentelemetry, { tracerProvider });
        inner.get('/inner/:x', async () => 'ok');
      }),
    );
    app.get('/outer/:x', (_request, reply) => reply.send('ok'));
    const ask = await listen(app);
    await ask('GET /outer/1');
    await ask('GET /outer/%zz');
    await ask('GET /inner/1');
    expect((await onlySpan()).name).toBe('GET /inner/:x');
  });

  test('twice, in a plugin again, and around the server: one span, every hook once (nested:twice)', async () => {
    const called: string[] = [];
    const options = (name: string): FastifyOptions => ({
      tracerProvider,
      requestHook: () => void called.push(`request ${name}`),
      responseHook: (_span, _request, reply) => {
        called.push(`response ${name}`);
        reply.header(`x-${name}`, 'added');
      },
    });
    const app = fastify({
      serverFactory: (handler) => createServer(instrumentListener(handler, { tracerProvider })),
    });
    app.register(opentelemetry, options('first'));
    app.register(opentelemetry, options('second'));
    app.register(
      scope((inner) => {
        inner.register(opentelemetry, options('inner'));
        routes(inner);
      }),
    );
    const { headers } = await (await listen(app))('GET /x');
    expect((await onlySpan()).name).toBe('GET /:x');
    expect(called.sort()).toEqual(
      ['first', 'inner', 'second'].flatMap((name) => [`request ${name}`, `response ${name}`]).sort(),
    );
    expect(headers).toMatchObject({ 'x-first': 'added', 'x-second': 'added', 'x-inner': 'added' });
  });

  test('a plugin that was called instead of registered says so (robust:options)', async () => {
    const app = fastify();
    app.register((opentelemetry as () => Promise<never>)());
    await expect(app.ready()).rejects.toThrow('Do not call it: app.register(opentelemetry, options).');
  });

  test('an unknown option is named (robust:options)', async () => {
    const app = fastify();
    app.register(opentelemetry, { nope: true } as FastifyOptions);
    await expect(app.ready()).rejects.toThrow('@otel-middleware/fastify: there is no option "nope"');
  });

  test('the plugin and its function have names', async () => {
    const app = application();
    app.register(
      scope((later) => {
        expect(later.hasPlugin('@otel-middleware/fastify')).toBe(true);
      }),
    );
    await app.ready();
    expect(opentelemetry.name).toBe('opentelemetry');
  });
});

describe('what comes before all hooks', () => {
  test('a request to a server that is closing is one span', async () => {
    let enter = () => {};
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    let leave: (answer: string) => void = () => {};
    const app = application();
    app.get('/slow', () => {
      enter();
      return new Promise((resolve) => {
        leave = resolve;
      });
    });
    await listen(app);
    const socket = connectSocket((app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await entered;
    const closing = app.close();
    // Pipelined, so that it is read by a server that closes already.
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    setTimeout(() => leave('slow'), 100);
    socket.resume();
    const spans = await endedSpans(2);
    await closing;
    expect(spans.map(({ attributes }) => attributes['http.response.status_code']).sort()).toEqual([200, 503]);
  });

  test('no hook and no predicate is called there, and callers are taken for strangers', async () => {
    const called: string[] = [];
    const app = application({
      requestHook: () => void called.push('requestHook'),
      responseHook: () => void called.push('responseHook'),
      excludedUrls: ['^/out', () => called.push('predicate') > 0],
      publicEndpoint: () => called.push('publicEndpoint') < 0,
    });
    app.get('/*', async () => 'never');
    const ask = await listen(app);
    expect((await ask('GET /%zz')).status).toBe(400);
    expect((await ask('GET /out/%zz')).status).toBe(400);
    await onlySpan();
    expect(called).toEqual([]);
  });

  test('a hook of an earlier plugin that answers at once does not hide the request', async () => {
    const app = fastify();
    app.addHook('onRequest', (_request, reply) => void reply.code(429).send('slow down'));
    app.register(opentelemetry, { tracerProvider });
    app.get('/:x', async () => 'ok');
    expect((await (await listen(app))('GET /x')).status).toBe(429);
    expect((await onlySpan()).attributes['http.response.status_code']).toBe(429);
  });
});

describe('exclusion', () => {
  test('a route says so in its config (exclude:effect)', async () => {
    const called: string[] = [];
    const app = application({ requestHook: () => void called.push('requestHook') });
    const handler = async () => {
      tracerProvider.getTracer('app').startSpan('child').end();
      return 'ok';
    };
    app.get('/health', { config: { opentelemetry: false } }, handler);
    app.post('/health', { config: { opentelemetry: false } }, handler);
    app.get('/traced', { config: { opentelemetry: true } }, async () => 'ok');
    const ask = await listen(app);
    await ask('GET /health');
    await ask('POST /health', { 'Content-Type': 'application/json' }, ['["a"', ',"b"]']);
    await ask('GET /traced');
    expect((await onlySpan()).name).toBe('GET /traced');
    expect(called).toEqual(['requestHook']);
  });

  test('predicates read Fastify’s request (exclude:forms)', async () => {
    const app = application({ excludedUrls: [(request) => request.routeOptions.url === '/in/:x'] });
    app.get('/in/:x', async () => 'ok');
    app.get('/out/:x', async () => 'ok');
    const ask = await listen(app);
    await ask('GET /in/1');
    await ask('GET /out/1');
    expect((await onlySpan()).name).toBe('GET /out/:x');
  });
});

describe('hooks', () => {
  test.each(['sent in full', 'broken off'])(
    'may return the reply, a thenable, of a response that is %s (hook:guard)',
    async (kind) => {
      const app = application({
        requestHook: (_span, request) => request,
        responseHook: (span, _request, reply) => reply.header('x-trace-id', span.spanContext().traceId),
      });
      app.get('/', (_request, reply) => {
        const body = async function* () {
          yield 'half';
          if (kind === 'broken off') throw new Error('the tap ran dry');
        };
        return reply.send(Readable.from(body()));
      });
      const answered = await (await listen(app))('GET /').catch(() => undefined);
      const { traceId } = (await onlySpan()).spanContext();
      if (kind === 'sent in full') expect(answered?.headers['x-trace-id']).toBe(traceId);
      expect(diagnostics).toEqual([]);
    },
  );

  test.each(['text', 'stream', 'json'])(
    'may add headers in Fastify’s way to %s (hook:response, propagation:response)',
    async (kind) => {
      const called: unknown[] = [];
      const app = application({
        requestHook: (span, request) =>
          void called.push([request.routeOptions.url, activeSpanId() === span.spanContext().spanId]),
        responseHook: (span, request, reply) => {
          called.push([
            reply.request === request,
            reply.statusCode,
            activeSpanId() === span.spanContext().spanId,
          ]);
          reply.header('X-Trace', span.spanContext().traceId);
        },
        responsePropagator: serverTimingPropagator,
        captureResponseHeaders: [
          'x-trace',
          'x-own',
          'x-late',
          'server-timing',
          'set-cookie',
          'content-length',
        ],
        sanitizeHeaders: { replaceDefaults: true, names: [] },
      });
      app.addHook('onSend', async (_request, reply) => void reply.header('X-Late', 'late'));
      app.get('/', (_request, reply) => {
        reply
          .header('X-Own', 'mine')
          .header('Server-Timing', 'db;dur=5')
          .header('Set-Cookie', ['a=1', 'b=2']);
        reply.header('Access-Control-Expose-Headers', 'X-Own');
        return reply.send({ text: 'ok', json: { ok: true }, stream: Readable.from(['ok']) }[kind]);
      });
      const { headers } = await (await listen(app))('GET /');
      const span = await onlySpan();
      const { traceId, spanId } = span.spanContext();
      const timing = `db;dur=5, trace;desc=00-${traceId}-${spanId}-01`;
      expect(called).toEqual([
        ['/', true],
        [true, 200, true],
      ]);
      expect(headers).toMatchObject({
        'x-trace': traceId,
        'server-timing': timing,
        'access-control-expose-headers': 'X-Own, Server-Timing',
      });
      const captured = Object.entries(span.attributes).filter(([name]) =>
        name.startsWith('http.response.header.'),
      );
      expect(Object.fromEntries(captured)).toEqual({
        'http.response.header.x-trace': [traceId],
        'http.response.header.x-own': ['mine'],
        'http.response.header.x-late': ['late'],
        'http.response.header.server-timing': [timing],
        'http.response.header.set-cookie': ['a=1', 'b=2'],
        ...(kind === 'stream' ? {} : { 'http.response.header.content-length': [headers['content-length']] }),
      });
    },
  );

  test('headers are added to a hijacked response too (propagation:response)', async () => {
    const app = application({ responsePropagator: serverTimingPropagator });
    app.get('/', (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'Server-Timing': 'db;dur=5' }).end();
    });
    const { headers } = await (await listen(app))('GET /');
    expect(headers['server-timing']).toMatch(/^db;dur=5, trace;desc=/);
  });
});

test('without an SDK the application answers as without us (no-sdk:no-sdk)', async () => {
  const app = fastify();
  app.register(opentelemetry);
  app.get('/', async (request) => ({ telemetry: request.opentelemetry }));
  const ask = await listen(app);
  expect((await ask('GET /')).body).toBe('{"telemetry":null}');
  expect((await ask('GET /%zz')).status).toBe(400);
  expect(await endedSpans(0)).toEqual([]);
});
