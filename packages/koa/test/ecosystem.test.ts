import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import cors from '@koa/cors';
import Router from '@koa/router';
import { trace } from '@opentelemetry/api';
import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import compress from 'koa-compress';
import serveStatic from 'koa-static';
import { opentelemetry } from '../src/index.js';
import { endedSpans, serve, tracerProvider } from './traced-server.js';

const folder = mkdtempSync(join(tmpdir(), 'koa-static-'));
writeFileSync(join(folder, 'page.txt'), 'a page');
afterAll(() => rmSync(folder, { recursive: true }));

const active = () => trace.getActiveSpan()?.spanContext().spanId;

const application = () =>
  new Koa().use(opentelemetry({ tracerProvider, captureResponseHeaders: ['content-encoding'] }));

async function onlySpan() {
  const spans = await endedSpans(1);
  expect(spans).toHaveLength(1);
  const { name, attributes } = spans[0] as (typeof spans)[number];
  return { name, attributes, id: spans[0]?.spanContext().spanId };
}

test('koa-bodyparser: the handler runs in the context after a body in many chunks (life:body)', async () => {
  let seen: unknown;
  const router = new Router().post('/upload/:x', (ctx) => {
    seen = active();
    ctx.body = String((ctx.request.body as string[]).length);
  });
  const ask = await serve(
    application()
      .use(bodyParser({ jsonLimit: '5mb' }))
      .use(router.routes())
      .callback(),
  );
  const items = JSON.stringify(Array.from({ length: 20_000 }, () => 'item'));
  const chunks = [items.slice(0, 50_000), items.slice(50_000, 50_001), items.slice(50_001)];
  const { body } = await ask('POST /upload/1', { 'Content-Type': 'application/json' }, chunks);
  const span = await onlySpan();
  expect([body, span.name, seen]).toEqual(['20000', 'POST /upload/:x', span.id]);
});

test('koa-bodyparser: a body that cannot be parsed is a 400 and no error (error:4xx)', async () => {
  const app = application().use(bodyParser());
  app.silent = true;
  const ask = await serve(app.callback());
  expect((await ask('POST /', { 'Content-Type': 'application/json' }, ['{'])).status).toBe(400);
  const { attributes } = await onlySpan();
  expect([attributes['http.response.status_code'], attributes['error.type']]).toEqual([400, undefined]);
});

test('@koa/cors: a preflight request is answered before the routes', async () => {
  const router = new Router().put('/x/:y', () => {});
  const ask = await serve(application().use(cors()).use(router.routes()).callback());
  const preflight = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PUT' };
  expect((await ask('OPTIONS /x/1', preflight)).status).toBe(204);
  const { name, attributes } = await onlySpan();
  expect([name, attributes['http.route'], attributes['http.response.status_code']]).toEqual([
    'OPTIONS',
    undefined,
    204,
  ]);
});

test('koa-static: a file has no route, and one that is missing goes on to the routes', async () => {
  const ask = await serve(
    application()
      .use(serveStatic(folder))
      .use(
        new Router()
          .get('/:x', (ctx) => {
            ctx.body = 'routed';
          })
          .routes(),
      )
      .callback(),
  );
  expect((await ask('GET /page.txt')).body).toBe('a page');
  expect((await ask('GET /missing.txt')).body).toBe('routed');
  expect((await endedSpans(2)).map(({ name }) => name)).toEqual(['GET', 'GET /:x']);
});

test('koa-compress: the headers that were sent are captured, and the context stays', async () => {
  let seen: unknown;
  const app = application()
    .use(compress({ threshold: 1 }))
    .use(
      new Router()
        .get('/long', (ctx) => {
          seen = active();
          ctx.body = 'long '.repeat(1000);
        })
        .routes(),
    );
  const ask = await serve(app.callback());
  expect((await ask('GET /long', { 'Accept-Encoding': 'gzip' })).headers['content-encoding']).toBe('gzip');
  const span = await onlySpan();
  expect(span.attributes['http.response.header.content-encoding']).toEqual(['gzip']);
  expect([span.name, seen]).toEqual(['GET /long', span.id]);
});

test('[message:hooks] messages are what the connection carries: koa-bodyparser gets it after, koa-compress before', async () => {
  const order: string[] = [];
  let sent = 0;
  const app = new Koa()
    .use(
      opentelemetry({
        tracerProvider,
        receiveHook: (_span, { size }) => order.push(`received ${size}`),
        sendHook: (_span, { size }) => {
          sent += size;
        },
      }),
    )
    .use(compress({ threshold: 1 }))
    .use(bodyParser())
    .use((ctx) => {
      order.push(`parsed ${JSON.stringify(ctx.request.body)}`);
      ctx.body = 'long '.repeat(1000);
    });
  const ask = await serve(app.callback());
  const headers = { 'Accept-Encoding': 'gzip', 'Content-Type': 'application/json' };
  const answer = await ask('POST /long', headers, ['{"a"', ':1}']);
  expect(answer.headers['content-encoding']).toBe('gzip');
  await onlySpan();
  expect(order).toEqual(['received 4', 'received 3', 'parsed {"a":1}']);
  expect([sent > 0, sent < 1000]).toEqual([true, true]);
});
