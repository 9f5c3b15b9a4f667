import { expect, test } from '@jest/globals';
import { context, createContextKey, trace } from '@opentelemetry/api';
import type { FastifyServerOptions } from 'fastify';
import fastify from 'fastify';
import { opentelemetry } from '../src/index.js';
import { activeSpanId, endedSpans, listen, onlySpan, tracerProvider } from './traced-app.js';

/** A JSON array that arrives in four packets. */
const CHUNKS = ['["', 'x'.repeat(100_000), 'y'.repeat(100_000), '"]'];
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** An application that notes which span each of its hooks, handlers and parsers finds active. */
function noting(options: FastifyServerOptions = {}) {
  const found: [string, string | undefined][] = [];
  const note = (where: string) => void found.push([where, activeSpanId()]);
  const app = fastify(options);
  app.register(opentelemetry, { tracerProvider });
  app.addHook('onRequest', async () => note('onRequest'));
  app.addHook('preParsing', async () => note('preParsing'));
  app.addHook('preValidation', async () => note('preValidation'));
  app.addHook('preHandler', async () => note('preHandler'));
  app.addHook('preSerialization', async () => note('preSerialization'));
  app.addHook('onSend', async () => note('onSend'));
  app.addHook('onError', async () => note('onError'));
  app.addHook('onResponse', async () => note('onResponse'));
  return { app, found, note };
}

async function expectEverywhere(found: [string, string | undefined][], ...where: string[]) {
  const { spanId } = (await onlySpan()).spanContext();
  expect(found).toEqual(where.map((one) => [one, spanId]));
}

const BEFORE = ['onRequest', 'preParsing'];
const AFTER = ['onSend', 'onResponse'];

test('every hook and the handler find the span, after a body in many packets too (context:active, life:body)', async () => {
  const { app, found, note } = noting();
  app.post('/', async (request) => {
    note('handler');
    await new Promise((resolve) => setTimeout(resolve, 2));
    note('handler, later');
    return { length: (request.body as string[])[0]?.length };
  });
  const ask = await listen(app);
  expect((await ask('POST /', JSON_TYPE, CHUNKS)).body).toBe('{"length":200000}');
  await expectEverywhere(
    found,
    ...BEFORE,
    'preValidation',
    'preHandler',
    'handler',
    'handler, later',
    'preSerialization',
    ...AFTER,
  );
});

test('so do those of a handler that throws, and the error handler (error:handler)', async () => {
  const { app, found, note } = noting();
  app.setErrorHandler((_error, _request, reply) => {
    note('errorHandler');
    return reply.code(501).send('handled');
  });
  app.post('/', async () => {
    throw new Error('broken');
  });
  const ask = await listen(app);
  expect((await ask('POST /', JSON_TYPE, CHUNKS)).status).toBe(501);
  await expectEverywhere(
    found,
    ...BEFORE,
    'preValidation',
    'preHandler',
    'onError',
    'errorHandler',
    ...AFTER,
  );
});

test.each([
  ['cannot be parsed', {}, 400],
  ['is too large', { bodyLimit: 1000 }, 413],
])('so do error handling and responses to a body that %s', async (_what, options, status) => {
  const { app, found, note } = noting(options);
  app.setErrorHandler((error, _request, reply) => {
    note('errorHandler');
    return reply.send(error);
  });
  app.post('/', async () => 'never');
  const ask = await listen(app);
  expect(
    (await ask('POST /', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }, ['["', 'x'.repeat(3000)])).status,
  ).toBe(status);
  await expectEverywhere(found, ...BEFORE, 'onError', 'errorHandler', ...AFTER);
});

test('so do those of a 404', async () => {
  const { app, found, note } = noting();
  app.setNotFoundHandler(async (_request, reply) => {
    note('notFound');
    return reply.code(404).send({});
  });
  const ask = await listen(app);
  await ask('POST /nowhere', JSON_TYPE, CHUNKS);
  await expectEverywhere(
    found,
    ...BEFORE,
    'preValidation',
    'preHandler',
    'notFound',
    'preSerialization',
    ...AFTER,
  );
});

test('a context that a hook has made on top of the span’s stays active', async () => {
  const KEY = createContextKey('test');
  let seen: unknown;
  const app = fastify();
  app.register(opentelemetry, { tracerProvider });
  app.addHook('onRequest', (_request, _reply, done) =>
    context.with(context.active().setValue(KEY, 'kept'), done),
  );
  app.get('/', async () => {
    seen = [context.active().getValue(KEY), activeSpanId()];
    return 'ok';
  });
  await (await listen(app))('GET /');
  expect(seen).toEqual(['kept', (await onlySpan()).spanContext().spanId]);
});

test('request.opentelemetry holds span and context for code that has lost them', async () => {
  const app = fastify();
  app.register(opentelemetry, { tracerProvider });
  app.get('/', async (request) => {
    const { span, context: own } = request.opentelemetry ?? {};
    return [span?.spanContext().spanId, own && trace.getSpan(own)?.spanContext().spanId, activeSpanId()];
  });
  const { body } = await (await listen(app))('GET /');
  const { spanId } = (await onlySpan()).spanContext();
  expect(JSON.parse(body)).toEqual([spanId, spanId, spanId]);
});

test('slow and fast requests do not see each other (context:isolation)', async () => {
  const app = fastify();
  app.register(opentelemetry, { tracerProvider });
  app.post('/:ms', async (request) => {
    const before = activeSpanId();
    await new Promise((resolve) => setTimeout(resolve, Number((request.params as { ms: string }).ms)));
    return { path: request.url, same: before === activeSpanId(), span: before };
  });
  const ask = await listen(app);
  const answers = await Promise.all([40, 5, 20, 1, 30].map((ms) => ask(`POST /${ms}`, JSON_TYPE, CHUNKS)));
  const spans = await endedSpans(5);
  const expected = spans.map((span) => ({
    path: span.attributes['url.path'],
    same: true,
    span: span.spanContext().spanId,
  }));
  const byPath = (a: { path: unknown }, b: { path: unknown }) => String(a.path).localeCompare(String(b.path));
  expect(answers.map(({ body }) => JSON.parse(body)).sort(byPath)).toEqual(expected.sort(byPath));
});

test('a response that is closed by a server on its way down is not lost (life:server-close)', async () => {
  const app = fastify();
  app.register(opentelemetry, { tracerProvider });
  let entered = () => {};
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  app.get('/slow', async () => {
    entered();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'slow';
  });
  const ask = await listen(app);
  const answer = ask('GET /slow');
  await inside;
  const closed = app.close();
  expect((await answer).body).toBe('slow');
  await closed;
  expect((await onlySpan()).attributes['http.response.status_code']).toBe(200);
});
