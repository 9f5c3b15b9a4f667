import { describe, expect, test } from '@jest/globals';
import { context, createContextKey } from '@opentelemetry/api';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import type { Express, IRouter, Request, RequestHandler } from 'express';
import express from 'express';
import { answer, fail, pass, router, routes, routing, serve, tracerProvider } from './traced-app.js';

const notFound: RequestHandler = (_request, _response, next) =>
  next(Object.assign(new Error('no such order'), { status: 404 }));

describe('applications in applications', () => {
  const things = (): Express => express().get('/things/:id', answer).get('/boom/:id', fail);

  test('each mount is part of the template, from the first request that fails on (route:sub-app, route:thrown)', async () => {
    const route = await routing((app) => {
      const outer = express().use('/r/:r', express.Router().get('/boom', fail)).use('/in/:q', things());
      app.use('/sub/:y', outer);
      app.use('/other', things());
    });
    expect(await route('GET /sub/1/in/2/boom/3')).toEqual([500, '/sub/:y/in/:q/boom/:id']);
    expect(await route('GET /sub/1/r/2/boom')).toEqual([500, '/sub/:y/r/:r/boom']);
    expect(await route('GET /sub/1/in/2/things/3')).toEqual([200, '/sub/:y/in/:q/things/:id']);
    expect(await route('GET /other/things/3')).toEqual([200, '/other/things/:id']);
    expect(await route('GET /sub/1/nothing')).toEqual([404, undefined]);
  });

  test('an application mounted twice, or at several paths, reports where it was asked (route:sub-app, route:same-router-twice)', async () => {
    const route = await routing((app) => {
      const twice = things();
      app.use('/first/:a', twice).use('/second', twice);
      app.use(['/third/:b', '/fourth'], things());
    });
    expect(await route('GET /first/1/boom/2')).toEqual([500, '/first/:a/boom/:id']);
    expect(await route('GET /second/boom/2')).toEqual([500, '/second/boom/:id']);
    expect(await route('GET /first/1/things/2')).toEqual([200, '/first/:a/things/:id']);
    expect(await route('GET /third/1/things/2')).toEqual([200, '/third/:b/things/:id']);
    expect(await route('GET /fourth/things/2')).toEqual([200, '/fourth/things/:id']);
  });

  test('an application given to a router is one of its mounts (route:sub-app)', async () => {
    let late: IRouter | undefined;
    const route = await routing((app) => {
      late = express.Router().use('/app/:z', things());
      app.use('/via', late);
    });
    expect(await route('GET /via/app/1/boom/2')).toEqual([500, '/via/app/:z/boom/:id']);
    expect(await route('GET /via/app/1/things/2')).toEqual([200, '/via/app/:z/things/:id']);
    late?.use('/late/:y', things());
    // It is not known before one of its requests has ended, and what is not known is not reported.
    expect(await route('GET /via/late/1/boom/2')).toEqual([500, undefined]);
    expect(await route('GET /via/late/1/boom/2')).toEqual([500, '/via/late/:y/boom/:id']);
  });

  test('the middleware of an application knows where that is mounted (route:sub-app, nested:twice)', async () => {
    const app = express();
    const inner = express().use(opentelemetry({ tracerProvider })).get('/x/:y', answer);
    const ask = await serve(app.use('/in/:z', inner));
    expect((await ask('GET /in/1/x/2')).span.name).toBe('GET /in/:z/x/:y');
  });
});

describe('routers in several places', () => {
  test('each place is told from the others, also when handlers fail (route:same-router-twice, route:thrown)', async () => {
    const route = await routing((app) => {
      const shared = router('/x').get('/boom', fail).get('/next', pass);
      app.use('/left/:a', shared).use('/right', shared).use('/both', shared, shared);
      app.use('/deep/:b', express.Router().use('/:c', shared));
    });
    expect(await route('GET /right/x')).toEqual([200, '/right/x']);
    expect(await route('GET /left/1/x')).toEqual([200, '/left/:a/x']);
    expect(await route('GET /left/1/boom')).toEqual([500, '/left/:a/boom']);
    expect(await route('GET /right/boom')).toEqual([500, '/right/boom']);
    expect(await route('GET /both/x')).toEqual([200, '/both/x']);
    expect(await route('GET /deep/1/2/boom')).toEqual([500, '/deep/:b/:c/boom']);
    expect(await route('GET /deep/1/2/next')).toEqual([404, undefined]);
  });

  test('of two mounts that match, the first one counts as it does for Express (route:same-router-twice)', async () => {
    const route = await routing((app) => {
      const shared = router('/x');
      app.use('/known', shared).use('/:any', shared);
    });
    expect(await route('GET /other/x')).toEqual([200, '/:any/x']);
    expect(await route('GET /known/x')).toEqual([200, '/known/x']);
  });

  test('routers and routes that are added later are known, at paths that were known otherwise before (route:late)', async () => {
    const [shared, outer] = [router('/x'), express.Router()];
    let app = express();
    const route = await routing((built) => {
      app = built.use('/early', shared).use('/outer/:o', outer);
    });
    expect(await route('GET /early/x')).toEqual([200, '/early/x']);
    app.use('/late/:k', shared);
    expect(await route('GET /late/1/x')).toEqual([200, '/late/:k/x']);
    outer.use('/in', shared);
    expect(await route('GET /outer/1/in/x')).toEqual([200, '/outer/:o/in/x']);
    routes(shared, '/added');
    expect(await route('GET /late/1/added')).toEqual([200, '/late/:k/added']);
    expect(await route('GET /early/x')).toEqual([200, '/early/x']);
  });

  test('a router mounted in itself is read once (route:param-mount)', async () => {
    const route = await routing((app) => {
      const self = router('/x');
      app.use('/self/:a', self.use('/more', self));
    });
    expect(await route('GET /self/1/x')).toEqual([200, '/self/:a/x']);
    expect(await route('GET /self/1/more/x')).toEqual([200, undefined]);
  });

  test('one router in two applications reports the prefix of each (route:same-router-twice)', async () => {
    const shared = router('/x');
    const one = await routing((app) => app.use('/one/:a', shared));
    const two = await routing((app) => app.use('/two', shared));
    expect(await one('GET /one/1/x')).toEqual([200, '/one/:a/x']);
    expect(await two('GET /two/x')).toEqual([200, '/two/x']);
    expect(await one('GET /one/2/x')).toEqual([200, '/one/:a/x']);
  });
});

describe('mounts that cannot be known', () => {
  test('a router hidden in a function has no route where that has a path, and its own where not (route:param-mount)', async () => {
    const route = await routing((app) => {
      const [hidden, open] = [router('/x/:id'), router('/y/:id')];
      app.use('/t/:tenant', (request, response, next) => hidden(request, response, next));
      app.use((request, response, next) => open(request, response, next));
    });
    expect(await route('GET /t/acme/x/1')).toEqual([200, undefined]);
    expect(await route('GET /y/1')).toEqual([200, '/y/:id']);
  });

  test('handlers that look like routers are no routers (route:param-mount)', async () => {
    const route = await routing((app) => {
      const connectLike = Object.assign(pass.bind(null), {
        route: '/',
        stack: [{ route: '/x', handle: answer }],
      });
      app.use('/t/:tenant', connectLike, router('/x'));
    });
    expect(await route('GET /t/acme/x')).toEqual([200, '/t/:tenant/x']);
  });
});

describe('who answers', () => {
  test('a handler that answers 404 has a route, one that nobody follows has none (route:fall-through-404)', async () => {
    const route = await routing((app) => {
      app.get('/self/:id', (_request, response) => void response.status(404).send('none'));
      app.get('/on/:id', (_request, response, next) => {
        response.send('ok');
        next();
      });
      app.use('/in/:x', express.Router().get('/pass/:id', pass), express().get('/pass/:id', pass));
      app
        .get('/pass/:id', pass)
        .use('/pass', (_request, response) => void response.status(202).send('later'));
    });
    expect(await route('GET /self/1')).toEqual([404, '/self/:id']);
    expect(await route('GET /on/1')).toEqual([200, '/on/:id']);
    expect(await route('GET /in/1/pass/2')).toEqual([404, undefined]);
    expect(await route('GET /pass/1')).toEqual([202, '/pass/:id']);
  });

  test('a 404 that was thrown has a route, if opentelemetryErrors() has seen it (route:thrown, route:fall-through-404)', async () => {
    const build = (app: Express): Express =>
      app.use('/in/:x', express.Router().get('/lost/:id', notFound).get('/pass', pass));
    const route = await routing((app) => build(app).use(opentelemetryErrors()));
    expect(await route('GET /in/1/lost/2')).toEqual([404, '/in/:x/lost/:id']);
    expect(await route('GET /in/1/pass')).toEqual([404, undefined]);
    const unseen = await routing(build);
    expect(await unseen('GET /in/1/lost/2')).toEqual([404, undefined]);
  });

  test('HEAD has the route of GET and of no other method (route:head-options, route:405)', async () => {
    const route = await routing((app) => {
      app.get('/get', answer).head('/head', answer).all('/all', answer);
      app.get('/x', pass).post('/x', answer).post('/post', answer);
      app.use('/x', answer).use('/post', answer);
    });
    expect(await route('HEAD /get')).toEqual([200, '/get']);
    expect(await route('HEAD /head')).toEqual([200, '/head']);
    expect(await route('HEAD /all')).toEqual([200, '/all']);
    expect(await route('HEAD /x')).toEqual([200, '/x']);
    expect(await route('HEAD /post')).toEqual([200, undefined]);
    expect(await route('PUT /get')).toEqual([404, undefined]);
  });

  test('an automatic answer to OPTIONS has no route, whatever was passed by (route:head-options)', async () => {
    const route = await routing((app) => {
      app.all('/x', pass).get('/x', answer);
      app.use('/in/:x', express.Router().all('/y', pass).get('/y', answer));
      app.options('/own', (_request, response) => void response.set('Allow', 'GET').status(204).end());
      app.all('/any', answer);
    });
    expect(await route('OPTIONS /x')).toEqual([200, undefined]);
    expect(await route('OPTIONS /in/1/y')).toEqual([200, undefined]);
    expect(await route('OPTIONS /own')).toEqual([204, '/own']);
    expect(await route('OPTIONS /any')).toEqual([200, '/any']);
  });

  test('a parameter that cannot be decoded leaves the route of nobody (route:malformed)', async () => {
    const route = await routing((app) => {
      app.use('/t/:tenant', router('/items/:id'));
      app.use('/static', router('/items/:id'));
    });
    for (const line of ['GET /t/%zz/items/1', 'GET /static/items/%zz'])
      expect(await route(line)).toEqual([400, undefined]);
    expect(await route('GET /t/%2F/items/%25')).toEqual([200, '/t/:tenant/items/:id']);
  });
});

describe('the route of a request', () => {
  const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

  test('is known to other instrumentations while the handler runs (sql:tags)', async () => {
    const app = express().use(opentelemetry({ tracerProvider }));
    app.use(
      '/in/:x',
      express.Router().get('/y', (_request, response) => {
        response.json((context.active().getValue(RPC_METADATA) as { route?: string }).route);
      }),
    );
    expect((await (await serve(app))('GET /in/1/y')).body).toBe('"/in/:x/y"');
  });

  test('is found by the path as middleware rewrote it (route:array)', async () => {
    const route = await routing((app) => {
      app.use((request, _response, next) => {
        request.url = request.url.replace('/old', '/new');
        next();
      });
      app.use('/new/:x', router(['/a/:id', '/b/:id']));
    });
    expect(await route('GET /old/1/b/2')).toEqual([200, '/new/:x/b/:id']);
  });

  test('is the same for a target in absolute form (route:array)', async () => {
    const route = await routing((app) => app.use('/in/:x', router(['/a/:id', '/b/:id'])));
    expect(await route('GET http://example.com/in/1/b/2?a=/a/1')).toEqual([200, '/in/:x/b/:id']);
  });

  test('is known when the middleware is a handler of the route itself, or of a router (route:param-mount)', async () => {
    const middleware = opentelemetry({ tracerProvider });
    const own = express().use('/r/:x', express.Router().get('/own/:y', middleware, answer));
    const mounted = express().use('/r/:x', express.Router().use(middleware).get('/in/:y', answer));
    const [askOwn, askMounted] = [await serve(own), await serve(mounted)];
    for (let time = 0; time < 2; time++) {
      expect((await askOwn('GET /r/1/own/2')).span.name).toBe('GET /r/:x/own/:y');
      expect((await askMounted('GET /r/1/in/2')).span.name).toBe('GET /r/:x/in/:y');
    }
  });

  test('follows the case and slashes that routers are set to tell apart (route:array)', async () => {
    const route = await routing((app) => {
      const exact = express.Router({ caseSensitive: true, strict: true });
      app.use(
        '/in',
        routes(exact, ['/x', '/X'], ['/y', '/y/']).use('/Z/:z', router('/a')).use('/z/:Z', router('/b')),
      );
    });
    expect(await route('GET /in/X')).toEqual([200, '/in/X']);
    expect(await route('GET /in/x')).toEqual([200, '/in/x']);
    expect(await route('GET /in/y/')).toEqual([200, '/in/y/']);
    expect(await route('GET /in/Z/1/a')).toEqual([200, '/in/Z/:z/a']);
    expect(await route('GET /in/z/1/b')).toEqual([200, '/in/z/:Z/b']);
  });

  test('leaves req.route as it was to the application (route:prefix)', async () => {
    const seen: unknown[] = [];
    const app = express().use(opentelemetry({ tracerProvider, excludedUrls: 'excluded' }));
    const look = (request: Request): void => {
      const derived = Object.create(request);
      seen.push([request.route?.path, 'route' in request, derived.route?.path]);
    };
    app.use((request, _response, next) => {
      look(request);
      next();
    });
    app.get(['/x', '/excluded'], (request, response) => {
      look(request);
      request.route = undefined;
      look(request);
      response.send('ok');
    });
    const ask = await serve(app);
    await ask('GET /x');
    expect(seen).toEqual([
      [undefined, true, undefined],
      [['/x', '/excluded'], true, ['/x', '/excluded']],
      [undefined, true, undefined],
    ]);
  });
});
