import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import fastifyStatic from '@fastify/static';
import websocket from '@fastify/websocket';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import { WebSocket } from 'ws';
import { opentelemetry } from '../src/index.js';
import { activeSpanId, endedSpans, listen, onlySpan, scope, tracerProvider } from './traced-app.js';

const folder = mkdtempSync(join(tmpdir(), 'fastify-static-'));
writeFileSync(join(folder, 'page.txt'), 'a page');
afterAll(() => rmSync(folder, { recursive: true }));

function application(): FastifyInstance {
  const app = fastify();
  app.register(opentelemetry, { tracerProvider, captureResponseHeaders: ['content-encoding'] });
  return app;
}

describe('@fastify/compress', () => {
  test.each(['before', 'after'])(
    'the header that was sent is captured, and the context stays: registered %s',
    async (when) => {
      let seen: unknown;
      const app = fastify();
      const ours = () =>
        app.register(opentelemetry, { tracerProvider, captureResponseHeaders: ['content-encoding'] });
      if (when === 'after') ours();
      app.register(compress, { threshold: 1 });
      if (when === 'before') ours();
      app.register(
        scope((inner) => {
          inner.get('/long/:x', async () => {
            seen = activeSpanId();
            return { text: 'long '.repeat(1000) };
          });
        }),
      );
      const { headers } = await (await listen(app))('GET /long/1', { 'Accept-Encoding': 'gzip' });
      const span = await onlySpan();
      expect(headers['content-encoding']).toBe('gzip');
      expect([span.name, seen]).toEqual(['GET /long/:x', span.spanContext().spanId]);
      expect(span.attributes['http.response.header.content-encoding']).toEqual(['gzip']);
    },
  );

  test('[message:hooks] messages are what the connection carries: the body parser gets it after, compression before', async () => {
    const order: string[] = [];
    let sent = 0;
    const app = fastify();
    app.register(opentelemetry, {
      tracerProvider,
      receiveHook: (_span, { size }) => order.push(`received ${size}`),
      sendHook: (_span, { size }) => {
        sent += size;
      },
    });
    app.register(compress, { threshold: 1 });
    app.register(
      scope((inner) => {
        inner.post('/long', async (request) => {
          order.push(`parsed ${JSON.stringify(request.body)}`);
          return { text: 'long '.repeat(1000) };
        });
      }),
    );
    const headers = { 'Accept-Encoding': 'gzip', 'Content-Type': 'application/json' };
    const answer = await (await listen(app))('POST /long', headers, ['{"a"', ':1}']);
    expect(answer.headers['content-encoding']).toBe('gzip');
    await onlySpan();
    expect(order).toEqual(['received 4', 'received 3', 'parsed {"a":1}']);
    expect([sent > 0, sent < 1000]).toEqual([true, true]);
  });

  test('a stream that fails behind it is recorded as what it failed with', async () => {
    async function* torn() {
      yield 'first '.repeat(10_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new RangeError('torn');
    }
    const app = application();
    app.register(compress, { threshold: 1 });
    app.register(
      scope((inner) => {
        inner.get('/', (_request, reply) =>
          reply.type('text/plain').send(Readable.from(torn(), { objectMode: false })),
        );
      }),
    );
    const ask = await listen(app);
    await expect(ask('GET /', { 'Accept-Encoding': 'gzip' })).rejects.toThrow('aborted');
    const { attributes } = await onlySpan();
    expect([attributes['http.response.status_code'], attributes['error.type']]).toEqual([200, 'RangeError']);
  });
});

test('@fastify/cors answers a preflight request, registered before or after', async () => {
  for (const order of [
    [opentelemetry, cors],
    [cors, opentelemetry],
  ]) {
    const app = fastify();
    for (const plugin of order)
      app.register(plugin as typeof opentelemetry, plugin === cors ? {} : { tracerProvider });
    app.put('/x/:y', async () => 'ok');
    const preflight = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PUT' };
    expect((await (await listen(app))('OPTIONS /x/1', preflight)).status).toBe(204);
  }
  const spans = await endedSpans(2);
  expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([204, 204]);
  expect(spans).toHaveLength(2);
});

test('@fastify/multipart: the span is found between and after the parts', async () => {
  const seen: unknown[] = [];
  const app = application();
  app.register(multipart);
  app.post('/upload/:x', async (request) => {
    for await (const part of request.parts()) {
      seen.push(activeSpanId());
      if (part.type === 'file') await part.toBuffer();
      seen.push(activeSpanId());
    }
    return 'ok';
  });
  const part = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\nContent-Type: text/plain\r\n\r\n${value}\r\n`;
  const chunks = [part('a', 'x'.repeat(70_000)), part('b', 'y'.repeat(70_000)), '--b--\r\n'];
  const { body } = await (await listen(app))(
    'POST /upload/1',
    { 'Content-Type': 'multipart/form-data; boundary=b' },
    chunks,
  );
  expect(body).toBe('ok');
  const span = await onlySpan();
  expect([span.name, seen]).toEqual(['POST /upload/:x', new Array(4).fill(span.spanContext().spanId)]);
});

test('@fastify/static: a file has the wildcard route, and so has one that is missing, which its handler looked for', async () => {
  const app = application();
  app.register(fastifyStatic, { root: folder, prefix: '/public/' });
  const ask = await listen(app);
  expect((await ask('GET /public/page.txt')).body).toBe('a page');
  expect((await ask('GET /public/missing.txt')).status).toBe(404);
  const spans = await endedSpans(2);
  expect(spans.map(({ name, attributes }) => [name, attributes['http.response.status_code']])).toEqual([
    ['GET /public/*', 200],
    ['GET /public/*', 404],
  ]);
});

describe('@fastify/websocket', () => {
  async function serving(build: (app: FastifyInstance) => void = () => {}) {
    const app = application();
    app.register(websocket);
    build(app);
    const active: unknown[] = [];
    app.register(
      scope((inner) => {
        inner.get('/ws/:id', { websocket: true }, (socket) => {
          active.push(activeSpanId());
          socket.on('message', (message) => socket.send(`got ${message}`));
        });
      }),
    );
    await listen(app);
    const { port } = app.server.address() as AddressInfo;
    return { port, active, app };
  }

  test('the handshake is the request: it ends the span, with 101 (ws:handshake)', async () => {
    const { port, active } = await serving();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/7`);
    await once(socket, 'open');
    const span = await onlySpan();
    expect([span.name, span.status.code, active]).toEqual(['GET /ws/:id', 0, [span.spanContext().spanId]]);
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 101, 'http.route': '/ws/:id' });
    expect(span.attributes).not.toHaveProperty('error.type');
    for (const message of ['one', 'two']) {
      socket.send(message);
      expect(String((await once(socket, 'message'))[0])).toBe(`got ${message}`);
    }
    socket.close();
    await once(socket, 'close');
    expect(await endedSpans(1)).toHaveLength(1);
  });

  test('a hook that refuses has its own status (ws:handshake)', async () => {
    const { port } = await serving((app) => {
      app.addHook('preValidation', async (_request, reply) => reply.code(401).send('no'));
    });
    const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}/ws/7`), 'error');
    expect(error.message).toBe('Unexpected server response: 401');
    expect((await onlySpan()).attributes).toMatchObject({
      'http.response.status_code': 401,
      'http.route': '/ws/:id',
    });
  });

  test('so has the WebSocket library that refuses (ws:handshake)', async () => {
    const { port } = await serving();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'GET /ws/7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1\.1 400 /);
    const { attributes } = await onlySpan();
    expect([attributes['http.response.status_code'], attributes['error.type']]).toEqual([400, undefined]);
  });

  test('an upgrade to nowhere is a 404 (ws:handshake)', async () => {
    const { port } = await serving();
    const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}/nowhere`), 'error');
    expect(error.message).toBe('Unexpected server response: 404');
    expect((await onlySpan()).attributes['http.response.status_code']).toBe(404);
  });

  test('a client that is gone before the handshake leaves no span open (ws:handshake)', async () => {
    // Nobody reads the socket before, so the server finds out at the handshake.
    const { port } = await serving((app) => {
      app.addHook('preHandler', () => new Promise((resolve) => setTimeout(resolve, 100)));
    });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/7`).on('error', () => {});
    setTimeout(() => socket.terminate(), 30);
    const { attributes } = await onlySpan();
    expect([attributes['http.response.status_code'], attributes['error.type']]).toEqual([
      undefined,
      'client_disconnected',
    ]);
  });

  test('its own way of testing, without a connection, still works', async () => {
    const { app } = await serving();
    const socket = await (app as unknown as { injectWS(path: string): Promise<WebSocket> }).injectWS('/ws/7');
    socket.send('inside');
    expect(String((await once(socket, 'message'))[0])).toBe('got inside');
    socket.terminate();
  });
});
