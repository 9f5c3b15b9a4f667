import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import type { MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { every, some } from 'hono/combine';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { mount } from 'hono/mount';
import { LinearRouter } from 'hono/router/linear-router';
import { PatternRouter } from 'hono/router/pattern-router';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { TrieRouter } from 'hono/router/trie-router';
import { opentelemetry } from '../src/index.js';
import { asked, tracerProvider } from './traced-app.js';

const pass: MiddlewareHandler = (_c, next) => next();

function traced(options = {}): Hono {
  return new Hono(options).use(opentelemetry({ tracerProvider }));
}

describe('[route:array] [route:optional] [route:regex] patterns as they were registered', () => {
  test('on() reports the method and the path that matched', async () => {
    const app = traced().on(['GET', 'PURGE'], ['/a/:x', '/b/:y'], (c) => c.text('on'));
    expect(await asked(app, '/b/2', 'PURGE /a/1')).toEqual([
      ['GET /b/:y', '/b/:y', 200],
      ['HTTP /a/:x', '/a/:x', 200],
    ]);
  });

  test('optional, constrained and wildcard segments', async () => {
    const app = traced();
    for (const path of ['/maybe/:x?', '/rx/:d{[0-9]+}', '/files/*', '/:lang{en|de}/about'])
      app.get(path, (c) => c.text('ok'));
    expect(await asked(app, '/maybe', '/maybe/1', '/rx/1', '/files/a/b', '/files', '/en/about')).toEqual([
      ['GET /maybe/:x?', '/maybe/:x?', 200],
      ['GET /maybe/:x?', '/maybe/:x?', 200],
      ['GET /rx/:d{[0-9]+}', '/rx/:d{[0-9]+}', 200],
      ['GET /files/*', '/files/*', 200],
      ['GET /files/*', '/files/*', 200],
      ['GET /:lang{en|de}/about', '/:lang{en|de}/about', 200],
    ]);
  });

  test('all() is a route', async () => {
    const app = traced().all('/any/:id', (c) => c.text('any'));
    expect(await asked(app, '/any/1', 'DELETE /any/1')).toEqual([
      ['GET /any/:id', '/any/:id', 200],
      ['DELETE /any/:id', '/any/:id', 200],
    ]);
  });
});

describe('[route:prefix] [route:param-mount] [route:sub-app] prefixes', () => {
  test('basePath() and route(), nested', async () => {
    const inner = new Hono().basePath('/items').get('/:id', (c) => c.text('item'));
    const app = traced().basePath('/v1').route('/t/:tenant', new Hono().route('/', inner));
    expect(await asked(app, '/v1/t/acme/items/7')).toEqual([
      ['GET /v1/t/:tenant/items/:id', '/v1/t/:tenant/items/:id', 200],
    ]);
  });

  test('a sub-application that handles its own errors', async () => {
    const inner = new Hono()
      .onError((_error, c) => c.text('handled', 503))
      .get('/:id', () => {
        throw new Error('out of paper');
      });
    inner.get('/passed/:id', pass);
    inner.all('/any/:id', (c) => c.text('any'));
    const app = traced().route('/api', inner);
    expect(await asked(app, '/api/7', '/api/passed/7', '/api/any/7')).toEqual([
      ['GET /api/:id', '/api/:id', 503],
      ['GET', undefined, 404],
      ['GET /api/any/:id', '/api/any/:id', 200],
    ]);
  });

  test.each([
    ['mount()', (app: Hono, path: string, inner: Hono) => app.mount(path, inner.fetch)],
    [
      'mount() without rewriting',
      (app: Hono, path: string, inner: Hono) => app.mount(path, inner.fetch, { replaceRequest: false }),
    ],
    ['hono/mount', (app: Hono, path: string, inner: Hono) => app.all(`${path}/*`, mount(inner.fetch))],
  ] as const)('%s has the pattern that it is mounted at', async (_kind, at) => {
    const inner = new Hono().get('*', (c) => (c.req.path.endsWith('lost') ? c.notFound() : c.text('inner')));
    const app = traced();
    at(app, '/plain', inner);
    at(app, '/t/:tenant', inner);
    expect(await asked(app, '/plain/things/7', '/t/acme/things', '/plain', '/plain/lost')).toEqual([
      ['GET /plain/*', '/plain/*', 200],
      ['GET /t/:tenant/*', '/t/:tenant/*', 200],
      ['GET /plain/*', '/plain/*', 200],
      ['GET', undefined, 404],
    ]);
  });
});

describe('[route:early-answer] [route:405] what is no route', () => {
  test('nothing matched, whatever notFound() answers', async () => {
    expect(await asked(traced(), '/nowhere')).toEqual([['GET', undefined, 404]]);
    const app = traced().notFound((c) => c.text('the application', 200));
    expect(
      await asked(
        app.get('/x', (c) => c.text('x')),
        '/nowhere',
      ),
    ).toEqual([['GET', undefined, 200]]);
  });

  test('middleware that answers, on a path with a route and on one without', async () => {
    const app = traced();
    app.use('/guarded/*', async (c, _next) => c.text('no', 401));
    app.use('/exact', async (c, _next) => c.text('no', 401));
    app.get('/guarded/:id', (c) => c.text('never'));
    expect(await asked(app, '/guarded/7', '/guarded/a/b', '/exact')).toEqual([
      ['GET', undefined, 401],
      ['GET', undefined, 401],
      ['GET', undefined, 401],
    ]);
  });

  test('answers to methods that have no route', async () => {
    const app = traced();
    app.use(cors());
    app.use(methodNotAllowed({ app }));
    app.get('/orders/:id', (c) => c.text('order'));
    expect(await asked(app, 'OPTIONS /orders/7', 'DELETE /orders/7', 'HEAD /orders/7')).toEqual([
      ['OPTIONS', undefined, 204],
      ['DELETE', undefined, 405],
      ['HEAD /orders/:id', '/orders/:id', 200],
    ]);
  });
});

describe('[route:next-then-answer] [route:fall-through-404] chains of handlers', () => {
  test('a handler that cannot pass on keeps its route with 404', async () => {
    expect(
      await asked(
        traced().get('/users/:id', (c) => c.notFound()),
        '/users/7',
      ),
    ).toEqual([['GET /users/:id', '/users/:id', 404]]);
  });

  test('a member of the chain that answers keeps the route', async () => {
    const app = traced().get(
      '/users/:id',
      async (c, next) => (c.req.param('id') === '7' ? next() : c.text('no such user', 404)),
      (c) => c.text('user'),
    );
    expect(await asked(app, '/users/7', '/users/8')).toEqual([
      ['GET /users/:id', '/users/:id', 200],
      ['GET /users/:id', '/users/:id', 404],
    ]);
  });

  test('a route that passes on leaves it to the one that answers, or to none', async () => {
    const app = traced()
      .get('/then/:first', pass)
      .get('/then/:second', (c) => c.text('then'))
      .get('/fall/:id', pass);
    expect(await asked(app, '/then/7', '/fall/7')).toEqual([
      ['GET /then/:second', '/then/:second', 200],
      ['GET', undefined, 404],
    ]);
  });

  test('combined middleware does not count', async () => {
    const app = traced();
    app.use('/c/*', every(pass, some(pass, pass)));
    app.get('/c/:id', every(pass, pass), (c) => c.text('combined'));
    expect(await asked(app, '/c/7')).toEqual([['GET /c/:id', '/c/:id', 200]]);
  });
});

test.each([LinearRouter, PatternRouter, RegExpRouter, TrieRouter])(
  '[route:prefix] %p gives the same routes',
  async (Router) => {
    const app = traced({ router: new Router() });
    app.use('/api/*', pass);
    app.route(
      '/api',
      new Hono().get('/orders/:id', (c) => c.text('order')),
    );
    expect(await asked(app, '/api/orders/7', '/api/nowhere')).toEqual([
      ['GET /api/orders/:id', '/api/orders/:id', 200],
      ['GET', undefined, 404],
    ]);
  },
);

test('[route:late] a router that takes routes after the first request', async () => {
  const app = traced({ router: new LinearRouter() });
  expect(await asked(app, '/late/7')).toEqual([['GET', undefined, 404]]);
  app.get('/late/:id', (c) => c.text('late'));
  expect(await asked(app, '/late/7')).toEqual([['GET /late/:id', '/late/:id', 200]]);
});

test('[route:prefix] an application of another copy of Hono, as CommonJS loads it', async () => {
  const { Hono: Required } = createRequire(import.meta.url)('hono') as { Hono: typeof Hono };
  expect(Required).not.toBe(Hono);
  const app = new Required().use(opentelemetry({ tracerProvider }));
  app.get('/orders/:id', (c) => c.text('order'));
  app.mount('/mounted', new Required().get('*', (c) => c.text('inner')).fetch);
  expect(await asked(app, '/orders/7', '/mounted/7')).toEqual([
    ['GET /orders/:id', '/orders/:id', 200],
    ['GET /mounted/*', '/mounted/*', 200],
  ]);
});

test('[route:prefix] registered for some paths, or for one route, it reports the same', async () => {
  const app = new Hono();
  app.use('/api/*', opentelemetry({ tracerProvider }));
  app
    .get('/api/orders/:id', (c) => c.text('order'))
    .get('/one/:id', opentelemetry({ tracerProvider }), (c) => c.text('one'));
  app.get('/none', (c) => c.text('none'));
  expect(await asked(app, '/api/orders/7', '/one/7', '/none')).toEqual([
    ['GET /api/orders/:id', '/api/orders/:id', 200],
    ['GET /one/:id', '/one/:id', 200],
  ]);
});
