import { describe, expect, test } from '@jest/globals';
import Router from '@koa/router';
import { context, createContextKey } from '@opentelemetry/api';
import { setHttpRoute } from '@otel-middleware/core';
import type { Middleware } from 'koa';
import Koa from 'koa';
import compose from 'koa-compose';
import mount from 'koa-mount';
import koaRoute from 'koa-route';
import { opentelemetry } from '../src/index.js';
import { endedSpans, serve, tracerProvider } from './traced-server.js';

const answer: Middleware = (ctx) => {
  ctx.body = 'ok';
};
const pass: Middleware = (_ctx, next) => next();

/** Serves an application and gives the status and route of each request line. */
async function routing(build: (app: Koa) => void) {
  const app = new Koa();
  app.silent = true;
  app.use(opentelemetry({ tracerProvider }));
  build(app);
  const ask = await serve(app.callback());
  let asked = 0;
  return async (line: string) => {
    const { status } = await ask(line);
    const spans = await endedSpans(++asked);
    expect(spans).toHaveLength(asked);
    const { name, attributes } = spans[asked - 1] as (typeof spans)[number];
    const route = attributes['http.route'];
    expect(name).toBe([line.split(' ')[0], route].filter(Boolean).join(' '));
    return [status, route];
  };
}

describe('@koa/router', () => {
  test('prefixes, nested and reused routers give the whole template (route:prefix, route:param-mount, route:same-router-twice)', async () => {
    const inner = new Router({ prefix: '/items' }).get('/', answer).get('/:id', answer);
    const tenants = new Router({ prefix: '/t/:tenant' }).get('/', answer).use('/deep', inner.routes());
    const route = await routing((app) => {
      const outer = new Router({ prefix: '/v1' }).get('/plain', answer);
      outer.use(tenants.routes());
      outer.use('/left', inner.routes());
      outer.use(['/one', '/two/:x'], inner.routes());
      app.use(new Router().get('/', answer).get('named', '/named/:a-:b', answer).routes());
      app.use(outer.routes());
    });
    expect(await route('GET /')).toEqual([200, '/']);
    expect(await route('GET /named/1-2?x=/v1')).toEqual([200, '/named/:a-:b']);
    expect(await route('GET /v1/plain')).toEqual([200, '/v1/plain']);
    expect(await route('GET /v1/t/acme')).toEqual([200, '/v1/t/:tenant']);
    expect(await route('GET /v1/t/acme/deep/items/7')).toEqual([200, '/v1/t/:tenant/deep/items/:id']);
    expect(await route('GET /v1/left/items/7')).toEqual([200, '/v1/left/items/:id']);
    expect(await route('GET /v1/one/items')).toEqual([200, '/v1/one/items']);
    expect(await route('GET /v1/two/9/items/7')).toEqual([200, '/v1/two/:x/items/:id']);
    expect(await route('HEAD /v1/left/items/7')).toEqual([200, '/v1/left/items/:id']);
  });

  test('of a list of paths the one that matched counts, and regular expressions stand as they are (route:array, route:regex)', async () => {
    const route = await routing((app) => {
      app.use(
        new Router()
          .get(['/first/:x', '/second/:x'], answer)
          .get(/^\/third\/\d+$/, answer)
          .routes(),
      );
    });
    expect(await route('GET /first/1')).toEqual([200, '/first/:x']);
    expect(await route('GET /second/1')).toEqual([200, '/second/:x']);
    expect(await route('GET /third/1')).toEqual([200, '/^\\/third\\/\\d+$/']);
  });

  test('without an answer there is no route (span:name-no-route, route:fall-through-404, route:405, route:head-options)', async () => {
    const route = await routing((app) => {
      const router = new Router({ prefix: '/api' });
      router.use(pass);
      router.get('/fall/:x', pass).get('/fall/:y/:z', pass).post('/post', answer);
      app.use(router.routes()).use(router.allowedMethods());
    });
    expect(await route('GET /nowhere')).toEqual([404, undefined]);
    expect(await route('GET /api/nowhere')).toEqual([404, undefined]);
    expect(await route('GET /api/fall/1')).toEqual([404, undefined]);
    expect(await route('GET /api/fall/1/2')).toEqual([404, undefined]);
    expect(await route('GET /api/post')).toEqual([405, undefined]);
    expect(await route('OPTIONS /api/post')).toEqual([200, undefined]);
  });

  test('a 404 of the handler itself keeps the route', async () => {
    const route = await routing((app) => {
      const router = new Router();
      router.get('/set/:x', (ctx) => {
        ctx.status = 404;
      });
      router.get('/thrown/:x', (ctx) => ctx.throw(404));
      router.get('/raw/:x', (ctx) => {
        ctx.respond = false;
        ctx.res.end('raw');
      });
      app.use(router.routes());
    });
    expect(await route('GET /set/1')).toEqual([404, '/set/:x']);
    expect(await route('GET /thrown/1')).toEqual([404, '/thrown/:x']);
    expect(await route('GET /raw/1')).toEqual([404, '/raw/:x']);
  });

  test('the route that was entered last counts, whoever answers after it (route:next-then-answer)', async () => {
    const route = await routing((app) => {
      const router = new Router();
      router
        .get('/then/:first', pass)
        .get('/then/:second', answer)
        .get('/stays/:x', answer)
        .get('/stays/:y', answer);
      router.get('/plain/:x', pass);
      app.use(router.routes()).use(new Router().get('/other/:x', pass).routes());
      app.use((ctx, next) => (ctx.path.startsWith('/plain') ? answer(ctx, next) : next()));
    });
    expect(await route('GET /then/1')).toEqual([200, '/then/:second']);
    expect(await route('GET /stays/1')).toEqual([200, '/stays/:x']);
    expect(await route('GET /plain/1')).toEqual([200, '/plain/:x']);
  });

  test('middleware of a router is no route: what it answers has the route that the router found (route:early-answer)', async () => {
    const route = await routing((app) => {
      app.use((ctx, next) => (ctx.path === '/guarded' ? ctx.throw(401) : next()));
      const router = new Router({ prefix: '/api' });
      router.use((ctx) => ctx.throw(401));
      router.get('/secret/:id', answer);
      app.use(router.routes());
      app.use(new Router().get('/guarded', answer).routes());
    });
    expect(await route('GET /guarded')).toEqual([401, undefined]);
    expect(await route('GET /api/secret/7')).toEqual([401, '/api/secret/:id']);
    expect(await route('GET /api/nowhere')).toEqual([404, undefined]);
  });

  test('an error keeps the route, and a detached next does not lose it (route:thrown, route:stored-next)', async () => {
    const route = await routing((app) => {
      const router = new Router({ prefix: '/api' });
      router.get('/thrown/:x', () => {
        throw new Error('broken');
      });
      router.get('/rejected/:x', async () => {
        throw new Error('broken');
      });
      router.get('/later/:x', answer);
      app.use(
        (_ctx, next) => new Promise((resolve, reject) => setImmediate(() => next().then(resolve, reject))),
      );
      app.use(router.routes());
    });
    expect(await route('GET /api/thrown/1')).toEqual([500, '/api/thrown/:x']);
    expect(await route('GET /api/rejected/1')).toEqual([500, '/api/rejected/:x']);
    expect(await route('GET /api/later/1')).toEqual([200, '/api/later/:x']);
  });

  test('routes that are added after the first request are seen (route:late)', async () => {
    const router = new Router();
    const route = await routing((app) => app.use(router.routes()));
    expect(await route('GET /late/1')).toEqual([404, undefined]);
    router.get('/late/:x', answer);
    router.use('/below', new Router().get('/late/:x', answer).routes());
    expect(await route('GET /late/1')).toEqual([200, '/late/:x']);
    expect(await route('GET /below/late/1')).toEqual([200, '/below/late/:x']);
  });

  test('the route of the user wins (route:user)', async () => {
    const route = await routing((app) => {
      app.use(
        new Router()
          .get('/rpc/:method', (ctx) => {
            setHttpRoute('/rpc/users.{method}');
            ctx.body = 'ok';
          })
          .routes(),
      );
    });
    expect(await route('GET /rpc/list')).toEqual([200, '/rpc/users.{method}']);
  });

  test('the route is known while the handler runs', async () => {
    let metadata: unknown;
    const route = await routing((app) => {
      const router = new Router().get('/seen/:x', (ctx) => {
        metadata = context.active().getValue(createContextKey('OpenTelemetry SDK Context Key RPC_METADATA'));
        expect(metadata).toMatchObject({ type: 'http', route: '/seen/:x' });
        ctx.body = 'ok';
      });
      app.use(router.routes());
    });
    expect(await route('GET /seen/1')).toEqual([200, '/seen/:x']);
    expect(metadata).toBeDefined();
  });

  test('a malformed escape is answered as without us (route:malformed)', async () => {
    const route = await routing((app) => app.use(new Router().get('/users/:id', answer).routes()));
    expect(await route('GET /users/%zz')).toEqual([200, '/users/:id']);
  });
});

describe('koa-mount', () => {
  test('the prefixes of nested mounts are part of the template (route:sub-app)', async () => {
    const route = await routing((app) => {
      const things = new Router()
        .get('/', answer)
        .get('/thing/:id', answer)
        .get(/^\/rx\d$/, answer);
      const inner = new Koa().use(things.routes());
      const outer = new Koa()
        .use(mount('/inner', inner))
        .use(mount('/', new Router().get('/at-root', answer).routes()));
      app.use(mount('/outer', outer));
      app.use(mount('/again', inner));
      app.use(mount('/composed', compose([pass, things.routes()])));
      app.use(mount('/fn', answer));
      app.use(new Router().get('/outer/:left', answer).routes());
    });
    expect(await route('GET /outer/inner/thing/9')).toEqual([200, '/outer/inner/thing/:id']);
    expect(await route('GET /outer/inner')).toEqual([200, '/outer/inner']);
    expect(await route('GET /outer/inner/rx1')).toEqual([200, '/outer/inner/^\\/rx\\d$/']);
    expect(await route('GET /again/thing/9')).toEqual([200, '/again/thing/:id']);
    expect(await route('GET /composed/thing/9')).toEqual([200, '/composed/thing/:id']);
    expect(await route('GET /outer/at-root')).toEqual([200, '/outer/at-root']);
    expect(await route('GET /outer/elsewhere')).toEqual([200, '/outer/:left']);
    expect(await route('GET /fn/x')).toEqual([200, undefined]);
    expect(await route('GET /outer/inner/nowhere')).toEqual([404, undefined]);
  });

  test('a mount that was passed by leaves no prefix', async () => {
    const route = await routing((app) => {
      app.use(mount('/a', mount('/b', pass)));
      app.use(mount('/a', new Router().get('/b/:x', answer).routes()));
      app.use(new Router().get('/a/:x', answer).routes());
    });
    expect(await route('GET /a/b/1')).toEqual([200, '/a/b/:x']);
    expect(await route('GET /a/1')).toEqual([200, '/a/:x']);
  });
});

describe('koa-route', () => {
  const ok = (ctx: Koa.Context) => {
    ctx.body = 'ok';
  };

  test('its path is the route, below mounts too; which of a list it was cannot be known (route:array)', async () => {
    const route = await routing((app) => {
      app.use(koaRoute.get('/pets/:name', ok));
      app.use(mount('/m', koaRoute.get('/pets/:name', ok)));
      app.use(koaRoute.get(/^\/rx\/\d+$/ as never, ok));
      app.use(koaRoute.get(['/x', '/y/:z'] as never, ok));
    });
    expect(await route('GET /pets/tobi')).toEqual([200, '/pets/:name']);
    expect(await route('GET /m/pets/tobi')).toEqual([200, '/m/pets/:name']);
    expect(await route('GET /rx/12')).toEqual([200, '/^\\/rx\\/\\d+$/']);
    expect(await route('GET /y/1')).toEqual([200, undefined]);
    expect(await route('POST /pets/tobi')).toEqual([404, undefined]);
  });
});

describe('below a router or a mount', () => {
  test('the first request, which was routed before the accessors were there, has its route too', async () => {
    const app = new Koa();
    const inner = new Koa()
      .use(opentelemetry({ tracerProvider }))
      .use(new Router().get('/x/:y', answer).routes());
    app.use(mount('/inner', inner));
    app.use(new Router().get('/own/:id', opentelemetry({ tracerProvider }), answer).routes());
    app.use(
      new Router({ prefix: '/use' }).use(opentelemetry({ tracerProvider })).get('/r/:id', answer).routes(),
    );
    for (const [path, route] of [
      ['/inner/x/1', '/inner/x/:y'],
      ['/own/1', '/own/:id'],
      ['/use/r/1', '/use/r/:id'],
    ]) {
      const ask = await serve(app.callback());
      await ask(`GET ${path}`);
      await ask(`GET ${path}`);
      const spans = await endedSpans(2);
      expect(spans.slice(-2).map(({ attributes }) => attributes['http.route'])).toEqual([route, route]);
    }
  });
});
