import { expect, test } from '@jest/globals';
import type { Tracer } from '@opentelemetry/api';
import { setHttpRoute } from '@otel-middleware/core';
import type { FastifyInstance, FastifyReply, FastifyServerOptions } from 'fastify';
import fastify from 'fastify';
import { opentelemetry } from '../src/index.js';
import { endedSpans, listen, scope, tracerProvider } from './traced-app.js';

const answer = async () => 'ok';

/** Serves an application and gives the status and route of each request line. */
async function routing(build: (app: FastifyInstance) => void, options: FastifyServerOptions = {}) {
  const app = fastify(options);
  app.register(opentelemetry, { tracerProvider });
  build(app);
  const ask = await listen(app);
  let asked = 0;
  return async (line: string, headers = {}) => {
    const { status } = await ask(line, headers);
    const spans = await endedSpans(++asked);
    expect(spans).toHaveLength(asked);
    const { name, attributes } = spans[asked - 1] as (typeof spans)[number];
    const route = attributes['http.route'];
    expect(name).toBe([line.split(' ')[0], route].filter(Boolean).join(' '));
    return [status, route];
  };
}

test('prefixes of nested plugins are part of the route (route:prefix, route:param-mount, route:same-router-twice)', async () => {
  const items = scope((app) => {
    app.get('/', answer);
    app.get('/items/:id', answer);
  });
  const route = await routing((app) => {
    app.get('/', answer);
    app.register(items, { prefix: '/left' });
    app.register(items, { prefix: '/right' });
    app.register(
      scope((v1) => {
        v1.register(
          scope((tenants) => {
            tenants.register(items, { prefix: '/repos/:repo' });
          }),
          { prefix: '/:org' },
        );
      }),
      { prefix: '/v1' },
    );
  });
  expect(await route('GET /')).toEqual([200, '/']);
  expect(await route('GET /left/items/7')).toEqual([200, '/left/items/:id']);
  expect(await route('GET /right/items/7?x=/left')).toEqual([200, '/right/items/:id']);
  expect(await route('GET /right')).toEqual([200, '/right']);
  expect(await route('GET /v1/acme/repos/9/items/3')).toEqual([200, '/v1/:org/repos/:repo/items/:id']);
  expect(await route('HEAD /left/items/7')).toEqual([200, '/left/items/:id']);
});

test('the route stands as it was given (route:wildcard, route:optional, route:regex)', async () => {
  const route = await routing((app) => {
    app.get('/files/*', answer);
    app.get('/near/:lat-:lng/radius/:r', answer);
    app.get('/at/:hour(^\\d{2})h:minute(^\\d{2})m', answer);
    app.get('/maybe/:x?', answer);
    app.route({ method: ['GET', 'DELETE'], url: '/many/:x', handler: answer });
    app.all('/all/:x', answer);
  });
  expect(await route('GET /files/a/b.txt')).toEqual([200, '/files/*']);
  expect(await route('GET /near/15-18/radius/20')).toEqual([200, '/near/:lat-:lng/radius/:r']);
  expect(await route('GET /at/11h05m')).toEqual([200, '/at/:hour(^\\d{2})h:minute(^\\d{2})m']);
  expect(await route('GET /maybe')).toEqual([200, '/maybe/:x?']);
  expect(await route('GET /maybe/1')).toEqual([200, '/maybe/:x?']);
  expect(await route('DELETE /many/1')).toEqual([200, '/many/:x']);
  expect(await route('PUT /all/1')).toEqual([200, '/all/:x']);
});

test('constraints choose the route', async () => {
  const route = await routing((app) => {
    app.get('/versioned/:x', { constraints: { version: '1.2.0' } }, answer);
    app.get('/hosted/:x', { constraints: { host: 'inner.example' } }, answer);
  });
  expect(await route('GET /versioned/1', { 'Accept-Version': '1.x' })).toEqual([200, '/versioned/:x']);
  expect(await route('GET /versioned/1', { 'Accept-Version': '2.x' })).toEqual([404, undefined]);
  expect(await route('GET /hosted/1', { Host: 'inner.example' })).toEqual([200, '/hosted/:x']);
  expect(await route('GET /hosted/1', { Host: 'other.example' })).toEqual([404, undefined]);
});

test('where nothing matches there is no route, whichever handler answers (span:name-no-route, route:405)', async () => {
  const route = await routing((app) => {
    app.setNotFoundHandler((_request, reply) => reply.code(404).send('outer'));
    app.register(
      scope((inner) => {
        inner.setNotFoundHandler({ preHandler: async () => {} }, (_request, reply) =>
          reply.code(410).send('inner'),
        );
        inner.get('/orders/:id', answer);
        inner.get('/gone/:id', (_request, reply) => reply.callNotFound());
      }),
      { prefix: '/api' },
    );
  });
  expect(await route('GET /nowhere/42')).toEqual([404, undefined]);
  expect(await route('GET /api/nowhere/42')).toEqual([410, undefined]);
  expect(await route('DELETE /api/orders/42')).toEqual([410, undefined]);
  expect(await route('OPTIONS /api/orders/42')).toEqual([410, undefined]);
  expect(await route('GET /api/gone/42')).toEqual([410, '/api/gone/:id']);
});

test('what a hook answers has the route that the router has found (route:early-answer)', async () => {
  const route = await routing((app) => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization === undefined) await reply.code(401).send();
    });
    app.get('/guarded/:id', answer);
  });
  expect(await route('GET /guarded/7')).toEqual([401, '/guarded/:id']);
  expect(await route('GET /nowhere')).toEqual([401, undefined]);
});

test.each(['thrown', 'rejected'])('an error keeps the route: %s (route:thrown)', async (how) => {
  const route = await routing((app) => {
    app.register(
      scope((api) => {
        api.get('/:x', () => {
          if (how === 'thrown') throw new Error('broken');
          return Promise.reject(new Error('broken'));
        });
      }),
      { prefix: '/api' },
    );
  });
  expect(await route('GET /api/7')).toEqual([500, '/api/:x']);
});

test('the route of the user wins (route:user)', async () => {
  const route = await routing((app) => {
    app.get('/rpc/:method', async () => {
      setHttpRoute('/rpc/users.{method}');
      return 'ok';
    });
  });
  expect(await route('GET /rpc/list')).toEqual([200, '/rpc/users.{method}']);
});

test('samplers see the route (attribute:start)', async () => {
  const seen: unknown[] = [];
  const noting: Tracer = {
    startSpan: (name, options) => {
      seen.push(name, options?.attributes);
      return tracerProvider.getTracer('real').startSpan(name, options);
    },
    startActiveSpan: () => undefined as never,
  };
  const app = fastify();
  app.register(opentelemetry, { tracerProvider: { getTracer: () => noting } });
  app.get('/orders/:id', answer);
  await (await listen(app))('GET /orders/42');
  expect(seen).toEqual([
    'GET /orders/:id',
    expect.objectContaining({ 'http.route': '/orders/:id', 'url.path': '/orders/42' }),
  ]);
});

test('URLs that no hook ever sees are one span, without a route (route:malformed)', async () => {
  const route = await routing((app) => app.get('/users/:id', answer));
  expect(await route('GET /users/%zz')).toEqual([400, undefined]);
  const [status] = await route(`GET /users/${'x'.repeat(200)}`);
  expect([404, 414]).toContain(status);
});

test('so are they when frameworkErrors answers them', async () => {
  const route = await routing((app) => app.get('/users/:id', answer), {
    frameworkErrors: (error, _request, reply) => (reply as FastifyReply).code(422).send({ code: error.code }),
  });
  expect(await route('GET /users/%zz')).toEqual([422, undefined]);
});
