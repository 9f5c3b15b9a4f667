import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { clientTls, serverTls } from '@otel-middleware/conformance';
import { setHttpRoute } from '@otel-middleware/core';
import { closeServers, delay, send, serve, until } from '@otel-middleware/testbed/node-server';
import type { Telemetry } from '@otel-middleware/testbed/telemetry';
import { startTelemetry } from '@otel-middleware/testbed/telemetry';
import type { ListenerOptions } from '../src/index.js';
import { instrumentListener } from '../src/index.js';

let telemetry: Telemetry;
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterAll(() => {
  context.disable();
});
beforeEach(() => {
  telemetry = startTelemetry();
});
afterEach(closeServers);

type Options = ListenerOptions<IncomingMessage, ServerResponse>;

const own = (): Options => ({
  tracerProvider: telemetry.tracerProvider,
  meterProvider: telemetry.meterProvider,
});

async function endedSpan() {
  await until(() => telemetry.spans().length > 0);
  return telemetry.spans()[0];
}

describe('the listener', () => {
  test('is called with its own this, request and response, and what it returns comes back', async () => {
    const calls: unknown[] = [];
    const listener = instrumentListener(function (
      this: unknown,
      request: IncomingMessage,
      response: ServerResponse,
    ) {
      calls.push(this, request, response);
      response.end('x');
      return 'result';
    }, own());
    const received: unknown[] = [];
    const server = createServer(function (this: Server, request, response) {
      received.push(this, request, response, listener.call(this, request, response));
    });
    await send(await serve(server));
    expect(received[0]).toBe(server);
    expect(received[3]).toBe('result');
    for (const index of [0, 1, 2]) expect(calls[index]).toBe(received[index]);
  });

  test('is called with its own this where there is no SDK as well, and nothing is put on the response (no-sdk:no-sdk)', async () => {
    const server = createServer(
      instrumentListener(function (this: unknown, _request: IncomingMessage, response: ServerResponse) {
        response.end(
          JSON.stringify([this === server, Object.hasOwn(response, 'emit'), response.listenerCount('close')]),
        );
      }),
    );
    const plain: Server = createServer((_, response) => response.end(`${response.listenerCount('close')}`));
    const listeners = Number((await send(await serve(plain))).body);
    expect(JSON.parse((await send(await serve(server))).body)).toEqual([true, false, listeners]);
  });

  test('is shown by name in stack traces', () => {
    expect(instrumentListener(() => {}).name).toBe('opentelemetry');
  });

  test('names its span by the method, until it tells a route (span:name-no-route, route:user)', async () => {
    const port = await serve(
      createServer(
        instrumentListener<IncomingMessage, ServerResponse>((request, response) => {
          if (request.url !== '/unknown') setHttpRoute('/users/:id');
          response.end();
        }, own()),
      ),
    );
    await send(port, '/users/7');
    await send(port, '/unknown');
    await until(() => telemetry.spans().length === 2);
    expect(telemetry.spans().map(({ name, attributes }) => [name, attributes['http.route']])).toEqual([
      ['GET /users/:id', '/users/:id'],
      ['GET', undefined],
    ]);
  });

  test('has the package as the scope of its spans (span:scope)', async () => {
    const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    await send(
      await serve(
        createServer(
          instrumentListener((_: IncomingMessage, response: ServerResponse) => response.end(), own()),
        ),
      ),
    );
    const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0';
    expect((await endedSpan())?.instrumentationScope).toEqual({ name, version, schemaUrl });
  });

  test('never sees an upgrade, and so has no span for one (life:upgrade)', async () => {
    let called = false;
    const server = createServer(
      instrumentListener((_: IncomingMessage, response: ServerResponse) => {
        called = true;
        response.end();
      }, own()),
    );
    server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    const socket = connect(await serve(server), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    expect(await text(socket)).toContain('101');
    expect([called, telemetry.spans().length]).toEqual([false, 0]);
  });
});

describe('options (robust:options)', () => {
  test.each([null, 3, 'x', [], () => {}])('%p are none', (options) => {
    expect(() => instrumentListener(() => {}, options as unknown as Options)).toThrow(
      '@otel-middleware/node-http: options must be an object.',
    );
  });

  test.each([undefined, createServer(), {}])('are of a listener, which no %p is', (listener) => {
    expect(() => instrumentListener(listener as never)).toThrow(
      '@otel-middleware/node-http: the first argument must be a request listener, (request, response) => {…}.',
    );
  });

  test('that are unknown are named, and all that exist are listed', () => {
    expect(() => instrumentListener(() => {}, { trustproxy: true } as Options)).toThrow(
      /there is no option "trustproxy"\. Remove it, or use one of trustProxy, .*excludedUrls/,
    );
  });

  test('may be frozen, and are not changed', () => {
    const options = Object.freeze({
      trustProxy: Object.freeze(['10.0.0.1']),
      excludedUrls: Object.freeze(['healthz']),
    });
    instrumentListener(() => {}, options);
    expect(options).toEqual({ trustProxy: ['10.0.0.1'], excludedUrls: ['healthz'] });
  });

  test('may be undefined each', () => {
    expect(() =>
      instrumentListener(() => {}, { trustProxy: undefined, excludedUrls: undefined }),
    ).not.toThrow();
    expect(() => instrumentListener(() => {}, undefined)).not.toThrow();
  });

  test('of the environment are those of node-http (exclude:env)', async () => {
    process.env.OTEL_NODE_NODE_HTTP_EXCLUDED_URLS = 'healthz';
    const listener = instrumentListener(
      (_: IncomingMessage, response: ServerResponse) => response.end(),
      own(),
    );
    delete process.env.OTEL_NODE_NODE_HTTP_EXCLUDED_URLS;
    const port = await serve(createServer(listener));
    await send(port, '/healthz');
    await send(port, '/x');
    expect((await endedSpan())?.attributes['url.path']).toBe('/x');
  });
});

describe('what a listener throws or rejects with', () => {
  const error = new RangeError('broken');

  test('is thrown on at once, unchanged, and recorded once (error:thrown)', async () => {
    const caught: unknown[] = [];
    const listener = instrumentListener((): unknown => {
      throw error;
    }, own());
    const port = await serve(
      createServer((request, response) => {
        try {
          listener(request, response);
        } catch (thrown) {
          caught.push(thrown);
          response.writeHead(500).end();
        }
      }),
    );
    await send(port);
    const span = await endedSpan();
    expect(caught).toEqual([error]);
    expect(span?.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' });
    expect(span?.events.map(({ attributes }) => attributes?.['exception.type'])).toEqual(['RangeError']);
  });

  test('rejects the promise that comes back, unchanged, and is recorded once (error:thrown)', async () => {
    const caught: unknown[] = [];
    const listener = instrumentListener(async () => {
      await delay(5);
      throw error;
    }, own());
    const port = await serve(
      createServer((request, response) => {
        (listener(request, response) as Promise<unknown>).catch((reason) => {
          caught.push(reason);
          response.writeHead(500).end();
        });
      }),
    );
    await send(port);
    expect(caught).toEqual([error]);
    expect((await endedSpan())?.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual([
      'broken',
    ]);
  });

  test('a promise that resolves gives its value on, a thenable of any make too', async () => {
    const results: unknown[] = [];
    const thenable = Object.defineProperty({}, 'then', {
      value: (resolve: (value: unknown) => void) => Promise.resolve('thenable').then(resolve),
    });
    const insisting = Object.defineProperty({}, 'then', {
      value: (resolve: (value: unknown) => void) => resolve('insisting'),
    });
    for (const result of [Promise.resolve('promise'), thenable, insisting]) {
      const listener = instrumentListener((_: IncomingMessage, response: ServerResponse) => {
        response.end();
        return result;
      }, own());
      const port = await serve(
        createServer(async (request, response) => {
          results.push(await listener(request, response));
        }),
      );
      await send(port);
    }
    await until(() => results.length === 3);
    expect(results).toEqual(['promise', 'thenable', 'insisting']);
  });

  /** A server in a process of its own, whose listener fails; tells what the process hears of it. */
  function failing(listener: string, wrap: string): unknown {
    const program = `
      import { createServer, get } from 'node:http';
      import { trace } from '@opentelemetry/api';
      import { instrumentListener } from './dist/esm/index.js';
      const heard = { uncaughtException: [], unhandledRejection: [] };
      for (const event of Object.keys(heard)) process.on(event, (error) => heard[event].push(error.message));
      // Any provider that was given is used: there is an operation, though its span goes nowhere.
      const tracerProvider = { getTracer: (name) => trace.getTracer(name) };
      const listener = ${listener};
      const server = createServer(${wrap}).listen(0, () => {
        const request = get({ port: server.address().port, agent: false }).on('error', () => {});
        server.prependListener('request', () => setTimeout(() => request.destroy(), 50));
      });
      server.on('connection', (socket) => socket.on('close', () => setTimeout(() => {
        console.log(JSON.stringify(heard));
        process.exit();
      }, 50)));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }

  test.each([
    [
      'asynchronously, with nobody to catch it, is one unhandled rejection',
      "async () => { await null; throw new Error('broken'); }",
      { uncaughtException: [], unhandledRejection: ['broken'] },
    ],
    [
      'synchronously, with nobody to catch it, is one uncaught exception',
      "() => { throw new Error('broken'); }",
      { uncaughtException: ['broken'], unhandledRejection: [] },
    ],
  ])('%s, as without us (error:thrown)', (_name, listener, heard) => {
    expect(failing(listener, 'listener')).toEqual(heard);
    expect(failing(listener, 'instrumentListener(listener, { tracerProvider })')).toEqual(heard);
  });
});

describe('servers with TLS', () => {
  test('https: the scheme is https, the version 1.1 (attribute:start)', async () => {
    const listener = instrumentListener(
      (_: IncomingMessage, response: ServerResponse) => response.end('x'),
      own(),
    );
    const port = await serve(createHttpsServer(serverTls, listener));
    const request = httpsGet({
      port,
      host: '127.0.0.1',
      ...clientTls,
      agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await text(response)).toBe('x');
    const span = await endedSpan();
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/',
      'url.scheme': 'https',
      'server.address': '127.0.0.1',
      'server.port': port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
    });
  });

  test('http2: the scheme is https, the version 2 (life:h2)', async () => {
    const listener = instrumentListener(
      (_: Http2ServerRequest, response: Http2ServerResponse) => response.end('x'),
      {
        tracerProvider: telemetry.tracerProvider,
      },
    );
    const port = await serve(createSecureServer(serverTls, listener));
    const session = connectHttp2(`https://localhost:${port}`, { ...clientTls, host: '127.0.0.1' });
    const stream = session.request({ ':path': '/a?b=c' });
    expect(await text(stream)).toBe('x');
    session.close();
    expect((await endedSpan())?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/a',
      'url.query': 'b=c',
      'url.scheme': 'https',
      'server.address': 'localhost',
      'server.port': port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '2',
      'http.response.status_code': 200,
    });
  });

  test('http2 that falls back to HTTP/1: the version is 1.1 (attribute:protocol)', async () => {
    const listener = instrumentListener<
      IncomingMessage | Http2ServerRequest,
      ServerResponse | Http2ServerResponse
    >((_, response) => (response as ServerResponse).end('x'), { tracerProvider: telemetry.tracerProvider });
    const port = await serve(createSecureServer({ ...serverTls, allowHTTP1: true }, listener));
    const request = httpsGet({
      port,
      host: '127.0.0.1',
      ...clientTls,
      agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await text(response)).toBe('x');
    expect((await endedSpan())?.attributes).toMatchObject({
      'network.protocol.version': '1.1',
      'url.scheme': 'https',
    });
  });
});

test('a span that is active around the server is not its requests’ parent (propagation:ambient)', async () => {
  const outer = telemetry.tracerProvider.getTracer('app').startSpan('start-up');
  const port = await context.with(trace.setSpan(context.active(), outer), () =>
    serve(
      createServer(
        instrumentListener((_: IncomingMessage, response: ServerResponse) => response.end(), own()),
      ),
    ),
  );
  await send(port);
  expect((await endedSpan())?.parentSpanContext).toBeUndefined();
});
